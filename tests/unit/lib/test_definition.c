// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verdicts: for a document with one thing in it, what becomes of that thing.
 */
#include "util.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"

/* Where a case's text goes: after the memory, into <os>, into <devices>. */
enum slot { HEAD, OS, DEV, NSLOTS };
enum { LINE_OF_HEAD = 3, LINE_OF_OS = 4, LINE_OF_DEV = 5 };

static const int lines[NSLOTS] = {LINE_OF_HEAD, LINE_OF_OS, LINE_OF_DEV};

#define DISK "<disk type='file'><source file='/d'/><target dev='vda' bus='virtio'/>"
#define NIC  "<interface type='bridge'><source bridge='br0'/>"
#define TAIKI(x) \
	"<metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>" x "</taiki:domain></metadata>"
/* After the devices: our words about them. */
#define WITH(x) "|" TAIKI(x)
#define SHARED  "<disk type='file'><source file='/data'/><target dev='vdb'/></disk>"
#define OWN     "<disk type='file'><source file='/i/web-{node}.raw'/><target dev='vda'/></disk>"
#define GATE    "<taiki:active-only disk='vdb'/>"
#define NIC_MAC NIC "<mac address='52:54:00:01:02:03'/></interface>"
#define LEASE \
	"<lease><lockspace>ls</lockspace><key>k1</key><target path='/dev/leases' offset='512'/></lease>"

static char *document(enum slot slot, const char *text)
{
	const char *dev = slot == DEV ? text : "", *after = strchrnul(dev, '|');
	char *out;

	if (asprintf(
		    &out,
		    "<domain type='kvm'>\n<name>web1</name><memory unit='MiB'>64</memory>\n%s\n"
		    "<os><type arch='x86_64'>hvm</type>%s%s</os>\n<devices>%.*s</devices>%s\n</domain>\n",
		    slot == HEAD ? text : "",
		    strstr(text, "<kernel") || strstr(text, "<loader") ? ""
		    : slot == OS && !strncmp(text, "<!--bare-->", 11)
			    ? ""
			    : "<kernel>/boot/vmlinuz</kernel>",
		    slot == OS ? text : "", (int)(after - dev), dev, *after ? after + 1 : "") < 0)
		fail();
	return out;
}

static const struct {
	enum slot slot;
	const char *text, *path, *says;
} refusals[] = {
#include "refusals.inc"
};

static void refused(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		char *text = document(refusals[i].slot, refusals[i].text), at[32];
		struct hv_definition d;
		struct hv_error err = {""};
		int rc = hv_definition_parse(&d, text, strlen(text), "f.xml", &err);
		size_t v = 0;

		while (v < d.nverdicts && d.verdict[v].kind != HV_REFUSED)
			v++;
		if (rc != -EINVAL || v == d.nverdicts)
			fail_msg("not refused: %s: %d %s", refusals[i].text, rc, err.text);
		if (strcmp(d.verdict[v].path, refusals[i].path) ||
		    !strstr(d.verdict[v].reason, refusals[i].says) || d.refused != 1)
			fail_msg("%s: %u refused, %s: %s", refusals[i].text, d.refused,
				 d.verdict[v].path, d.verdict[v].reason);
		/* By name, file and line; a contradiction of the whole has line 0. */
		if (d.verdict[v].line)
			assert_int_equal(d.verdict[v].line, lines[refusals[i].slot]);
		snprintf(at, sizeof(at), "f.xml:%d: ", d.verdict[v].line);
		assert_int_equal(strncmp(err.text, at, strlen(at)), 0);
		assert_non_null(strstr(err.text, refusals[i].path));
		assert_null(d.config.name);
		hv_definition_free(&d);
		free(text);
	}
}

static const struct {
	enum slot slot;
	const char *text, *path;
} passes[] = {
#include "passes.inc"
};

static void passed_over(void **state)
{
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		char *text = document(passes[i].slot, passes[i].text);
		struct hv_definition d;
		struct hv_error err = {""};
		bool found = false;

		if (hv_definition_parse(&d, text, strlen(text), "f.xml", &err))
			fail_msg("%s: %s", passes[i].text, err.text);
		for (size_t v = 0; v < d.nverdicts; v++)
			found |= d.verdict[v].kind == HV_PASSED_OVER &&
				 !strcmp(d.verdict[v].path, passes[i].path);
		if (!found)
			fail_msg("%s: no verdict on %s", passes[i].text, passes[i].path);
		hv_definition_free(&d);
		free(text);
	}
}

static const struct {
	enum slot slot;
	const char *text, *key, *json; /* where in the configuration, and what stands there */
} values[] = {
#include "values.inc"
};

/* "disk/0/path" */
static json_t *lookup(json_t *o, const char *key)
{
	char copy[128], *part, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", key);
	while ((part = strsep(&rest, "/")))
		o = json_is_array(o) ? json_array_get(o, (size_t)atoi(part))
				     : json_object_get(o, part);
	return o;
}

static void understood(void **state)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char *text = document(values[i].slot, values[i].text), *json, *got;
		struct hv_definition d;
		struct hv_error err = {""};
		json_t *o;

		if (hv_definition_parse(&d, text, strlen(text), "f.xml", &err))
			fail_msg("%s: %s", values[i].text, err.text);
		json = hv_config_to_json(&d.config);
		o = json_loads(json, 0, NULL);
		got = lookup(o, values[i].key)
			      ? json_dumps(lookup(o, values[i].key), JSON_ENCODE_ANY)
			      : strdup("absent");
		if (strcmp(got, values[i].json))
			fail_msg("%s: %s is %s, not %s", values[i].text, values[i].key, got,
				 values[i].json);
		free(got);
		json_decref(o);
		free(json);
		hv_definition_free(&d);
		free(text);
	}
}

/* Whole files as the tools of the field write them; *.json is what must come of *.xml. */
static void whole_files(void **state)
{
	static const char *const names[] = {"virt-install", "libvirt-live", "minimal",
					    "everything"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[256], *golden, *json;
		struct hv_definition d;
		struct hv_error err = {""};
		json_t *want, *have;

		snprintf(path, sizeof(path), "tests/unit/lib/data/%s.xml", names[i]);
		if (hv_definition_load(&d, path, &err))
			fail_msg("%s", err.text);
		json = hv_config_to_json(&d.config);
		snprintf(path, sizeof(path), "tests/unit/lib/data/%s.json", names[i]);
		golden = slurp(path, NULL);
		want = json_loads(golden, 0, NULL);
		have = json_loads(json, 0, NULL);
		if (!want || !json_equal(want, have))
			fail_msg("%s differs:\n%s", path, json);
		json_decref(want);
		json_decref(have);
		free(golden);
		free(json);
		hv_definition_free(&d);
	}
}

/* A file with several faults names each of them. */
static void all_are_named(void **state)
{
	static const struct {
		int line;
		const char *path;
	} want[] = {
		{8, "domain/cpu/@mode"},
		{11, "domain/os/boot"},
		{17, "domain/devices/disk/driver/@type"},
		{19, "domain/devices/disk/target/@bus"},
		{21, "domain/devices/interface/@type"},
		{22, "domain/devices/interface/source/@network"},
		{23, "domain/devices/interface/model/@type"},
		{25, "domain/devices/tpm"},
		{26, "domain/devices/frobnicator"},
	};
	struct hv_definition d;
	struct hv_error err = {""};
	size_t n = 0;

	assert_int_equal(hv_definition_load(&d, "tests/unit/lib/data/many-faults.xml", &err),
			 -EINVAL);
	for (size_t i = 0; i < d.nverdicts; i++) {
		if (d.verdict[i].kind != HV_REFUSED)
			continue;
		if (n == sizeof(want) / sizeof(want[0]) ||
		    strcmp(d.verdict[i].path, want[n].path) || d.verdict[i].line != want[n].line)
			fail_msg("unexpected: line %d %s: %s", d.verdict[i].line, d.verdict[i].path,
				 d.verdict[i].reason);
		n++;
	}
	assert_int_equal(n, sizeof(want) / sizeof(want[0]));
	assert_int_equal(d.refused, n);
	assert_non_null(strstr(err.text, "many-faults.xml:8: domain/cpu/@mode"));
	hv_definition_free(&d);
}

/* The same text gives the same addresses on every host and in every order of elements. */
static void derived(void **state)
{
	char *text = document(DEV, NIC "</interface>" NIC
				       "<mac address='52:54:00:00:00:01'/></interface>" NIC
				       "</interface>");
	struct hv_definition d;
	uint8_t mac[6];
	char uuid[37];

	assert_int_equal(hv_definition_parse(&d, text, strlen(text), "f", NULL), 0);
	hv_uuid_derive("web1", uuid);
	assert_string_equal(d.config.uuid, uuid);
	hv_mac_derive(uuid, 0, mac);
	assert_memory_equal(d.config.nic[0].mac, mac, 6);
	assert_int_equal(d.config.nic[1].mac[5], 1);
	hv_mac_derive(uuid, 2, mac);
	assert_memory_equal(d.config.nic[2].mac, mac, 6);
	hv_definition_free(&d);
	free(text);
}

/* A channel that the definition has keeps its socket; what the agent's ping needs can be there. */
static void channels(void **state)
{
	static const char text[] =
		"<domain><name>a</name><memory>65536</memory>"
		"<os><type>hvm</type><kernel>/k</kernel></os>" TAIKI(
			"<taiki:heartbeat agent-timeout='30s'/><taiki:fencing group='g'/>") "<devices><channel type='unix'><source path='/h.sock'/>"
											    "<target type='virtio' name='org.taiki.heartbeat.0'/></channel>"
											    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"
											    "</channel></devices></domain>";
	struct hv_error err = {""};
	struct hv_definition d;

	if (hv_definition_parse(&d, text, strlen(text), "f", &err))
		fail_msg("%s", err.text);
	assert_int_equal(d.config.nchannels, 3);
	assert_string_equal(d.config.channel[0].socket, "/h.sock");
	assert_string_equal(d.config.channel[2].name, "org.taiki.fence.0");
	assert_int_equal(d.config.heartbeat.agent_timeout, 30000);
	hv_definition_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),       cmocka_unit_test(passed_over),
		cmocka_unit_test(understood),    cmocka_unit_test(whole_files),
		cmocka_unit_test(all_are_named), cmocka_unit_test(derived),
		cmocka_unit_test(channels),
	};

	setenv("TAIKI_NODE", "n1", 1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
