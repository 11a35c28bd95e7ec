// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/drbdsetup/drbdsetup.h"
#include "mirror/place.h"
#include "mirror/size.h"

/*
 * Ours, with the factor from their unit to ours (0: the same word), or what a number without a suffix counts
 * in bytes.
 */
static const struct {
	const char *theirs, *ours;
	unsigned factor, unit;
} known[] = {
	{"protocol", "--protocol", 0, 0},
	{"cram-hmac-alg", "--cram-hmac-alg", 0, 0},
	{"csums-alg", "--csums-alg", 0, 0},
	{"verify-alg", "--verify-alg", 0, 0},
	{"al-extents", "--al-extents", 0, 0},
	{"fencing", "--fencing", 0, 0},
	{"connect-int", "--connect-int", 0, 0},
	{"ko-count", "--ko-count", 0, 0},
	{"ping-int", "--ping-int", 1000, 0},
	{"ping-timeout", "--ping-timeout", 100, 0},
	{"timeout", "--timeout", 100, 0},
	{"disk-timeout", "--disk-timeout", 100, 0},
	{"on-no-data-accessible", "--on-no-data-accessible", 0, 0},
	{"c-plan-ahead", "--c-plan-ahead", 0, 0},
	{"c-delay-target", "--c-delay-target", 0, 0},
	{"c-fill-target", "--c-fill-target", 0, 512},
	{"c-max-rate", "--c-max-rate", 0, 1024},
	{"c-min-rate", "--c-min-rate", 0, 1024},
	{"resync-rate", "--resync-rate", 0, 1024},
	{"rs-discard-granularity", "--rs-discard-granularity", 0, 1},
};

/* What would be another mirror than the one that is there. */
static const char *const refused[] = {
	"allow-two-primaries",
	"data-integrity-alg",
	"size",
	"on-io-error",
};

static bool is_in(const char *const list[], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static int put(json_t *out, const char *option, const char *value)
{
	json_array_append_new(out, json_string(option));
	json_array_append_new(out, json_string(value));
	return 0;
}

static int secret(json_t *out, const char *name, const char *value)
{
	char path[PLACE_PATH];
	int rc = place_path(path, name, "secret");
	int fd = rc ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return rc ? rc : -errno;
	rc = dprintf(fd, "%s\n", value) < 0 ? -EIO : 0;
	close(fd);
	return rc ? rc : put(out, "--shared-secret-file", path);
}

static int refuse(const char *key, const char *value)
{
	fprintf(stderr,
		"taiki-drbdsetup: %s %s is not there with taiki-mirrord; take it out of drbd.conf\n",
		key, value);
	return -ENOTSUP;
}

/* ours() - The value of known option @i, as ours has it. */
static void ours(char out[32], size_t i, const char *value)
{
	uint64_t bytes;

	if (known[i].unit && !size_parse(&bytes, value, known[i].unit))
		snprintf(out, 32, "%llu", (unsigned long long)bytes / known[i].unit);
	else if (known[i].factor)
		snprintf(out, 32, "%lu", strtoul(value, NULL, 10) * known[i].factor);
	else
		snprintf(out, 32, "%.31s", value);
}

int option_keep(json_t *section, const char *option)
{
	const char *value = strchr(option, '=');
	char key[64];

	if (strncmp(option, "--", 2))
		return refuse(option, "");
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(option + 2, "="), option + 2);
	value = value ? value + 1 : "yes";
	if (!strncmp(key, "after-sb-", 9) && strcmp(value, "disconnect"))
		return refuse(key, value);
	if (is_in(refused, sizeof(refused) / sizeof(refused[0]), key) && strcmp(value, "no") &&
	    !(!strcmp(key, "on-io-error") && !strcmp(value, "detach")))
		return refuse(key, value);
	return json_object_set_new(section, key, json_string(value)) ? -EINVAL : 0;
}

/* translate() - What ours has no word for is buffers, rates, and whatever else a kernel is tuned with. */
static int translate(json_t *out, const char *name, const char *key, const char *value)
{
	char text[32];

	if (!strcmp(key, "shared-secret"))
		return secret(out, name, value);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].theirs, key))
			continue;
		ours(text, i, value);
		return put(out, known[i].ours, text);
	}
	return 0;
}

int options_ours(json_t *out, const char *name, const json_t *o)
{
	static const char *const sections[] = {"resource", "disk", "net"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		json_t *section = json_object_get(o, sections[i]), *v;
		const char *key;

		json_object_foreach (section, key, v) {
			int rc = translate(out, name, key, json_string_value(v));

			if (rc)
				return rc;
		}
	}
	return 0;
}
