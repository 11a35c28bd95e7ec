// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Digests, UUIDs, MAC addresses and the packed form.  The golden values were
 * made with Python's uuid.uuid5 and hashlib: another release, or another host,
 * that derives others would give running guests new addresses.
 */
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"

static void uuids(void **state)
{
	static const struct {
		const char *name, *uuid;
	} golden[] = {
		{"web1", "322baf42-0a4a-5495-b8e7-faf758da7333"},
		{"a", "af017dbe-0b31-5aa0-8697-7669a536a574"},
		{"db-2.example_3", "b787defa-b7d6-54b4-b098-3a2d8bf6b71a"},
		{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		 "0dce9e15-14b1-53ef-8e42-b259933f45db"},
	};
	char uuid[37];

	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		hv_uuid_derive(golden[i].name, uuid);
		assert_string_equal(uuid, golden[i].uuid);
	}
}

static void macs(void **state)
{
	static const struct {
		const char *uuid;
		unsigned index;
		uint8_t mac[6];
	} golden[] = {
		{"322baf42-0a4a-5495-b8e7-faf758da7333", 0, {0xe6, 0x76, 0x81, 0x49, 0x84, 0x32}},
		{"322baf42-0a4a-5495-b8e7-faf758da7333", 1, {0xfe, 0xa2, 0x2b, 0x03, 0x48, 0x78}},
		{"322baf42-0a4a-5495-b8e7-faf758da7333", 7, {0x16, 0xe7, 0x08, 0x48, 0x96, 0xe7}},
		{"00000000-0000-0000-0000-000000000000", 0, {0x12, 0xff, 0x86, 0x58, 0xb1, 0xc8}},
		{"00000000-0000-0000-0000-000000000000", 1, {0x76, 0x6d, 0x1b, 0x82, 0xeb, 0x6d}},
		{"00000000-0000-0000-0000-000000000000", 7, {0x2a, 0x1e, 0x38, 0x2f, 0x13, 0x5d}},
	};

	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		uint8_t mac[6];

		hv_mac_derive(golden[i].uuid, golden[i].index, mac);
		assert_memory_equal(mac, golden[i].mac, 6);
		assert_int_equal(mac[0] & 3, 2); /* unicast, locally administered */
	}
}

static void digests(void **state)
{
	char digest[HV_DIGEST_SIZE];

	hv_definition_digest("", 0, digest);
	assert_string_equal(digest,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hv_definition_digest("abc", 3, digest);
	assert_string_equal(digest,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void packed(const char *text, size_t len)
{
	struct hv_error err = {""};
	char *encoded, *back;
	size_t n;

	assert_int_equal(hv_definition_encode(text, len, &encoded, &err), 0);
	assert_null(strpbrk(encoded, "\n\"<>&"));
	assert_int_equal(hv_definition_decode(encoded, &back, &n, &err), 0);
	assert_int_equal(n, len);
	assert_memory_equal(back, text, len);
	assert_int_equal(back[n], 0);
	free(back);
	free(encoded);
}

static void round_trips(void **state)
{
	char *big = malloc(HV_DEFINITION_MAX);

	packed("", 0);
	packed("<domain/>", 9);
	srand(1);
	for (size_t i = 0; i < HV_DEFINITION_MAX; i++)
		big[i] = (char)rand();
	packed(big, HV_DEFINITION_MAX); /* the worst case: it does not get smaller */
	free(big);
}

/* What an earlier release wrote into a CIB. */
static void golden_packed(void **state)
{
	struct hv_error err = {""};
	char *text;
	size_t n;

	assert_int_equal(hv_definition_decode(
				 "eNqzScnPTczMUyipLEi1Vc8uy1W3s8lLzE21K09NMrTRBzNt9CGK7LgAe3APrQ==",
				 &text, &n, &err),
			 0);
	assert_string_equal(text, "<domain type='kvm'><name>web1</name></domain>\n");
	free(text);
}

static void refused(const char *encoded)
{
	struct hv_error err = {""};
	char *text;
	size_t n;

	assert_int_equal(hv_definition_decode(encoded, &text, &n, &err), -EINVAL);
	assert_null(text);
	assert_non_null(strstr(err.text, "hv cluster update"));
}

static void altered(void **state)
{
	char *encoded, *copy;
	size_t len;

	refused("");
	refused("@@@@");
	refused("<domain/>");
	refused("aGVsbG8gd29ybGQ="); /* base64, but not of zlib */
	assert_int_equal(
		hv_definition_encode("<domain><name>a</name></domain>", 31, &encoded, NULL), 0);
	len = strlen(encoded);
	for (size_t i = 0; i < len; i++) {
		copy = strndup(encoded, i); /* cut short at every byte */
		refused(copy);
		free(copy);
	}
	copy = strdup(encoded);
	copy[len / 2] = copy[len / 2] == 'A' ? 'B' : 'A';
	refused(copy);
	free(copy);
	free(encoded);
}

/* A small text that unpacks to a huge one. */
static void bomb(void **state)
{
	size_t len = HV_DEFINITION_MAX + 1;
	char *big = calloc(1, len), *encoded;

	assert_int_equal(hv_definition_encode(big, len, &encoded, NULL), 0);
	refused(encoded);
	free(encoded);
	encoded = malloc(2 * HV_DEFINITION_MAX + 2);
	memset(encoded, 'A', 2 * HV_DEFINITION_MAX + 1);
	encoded[2 * HV_DEFINITION_MAX + 1] = 0;
	refused(encoded);
	free(encoded);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuids),         cmocka_unit_test(macs),
		cmocka_unit_test(digests),       cmocka_unit_test(round_trips),
		cmocka_unit_test(golden_packed), cmocka_unit_test(altered),
		cmocka_unit_test(bomb),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
