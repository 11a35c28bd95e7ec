// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/drbdsetup/drbdsetup.h"
#include "mirror/place.h"

/* Ours, with the factor from their unit to ours; 0: the same word. */
static const struct {
	const char *theirs, *ours;
	unsigned factor;
} known[] = {
	{"protocol", "--protocol", 0},       {"cram-hmac-alg", "--cram-hmac-alg", 0},
	{"al-extents", "--al-extents", 0},   {"fencing", "--fencing", 0},
	{"connect-int", "--connect-int", 0}, {"ko-count", "--ko-count", 0},
	{"ping-int", "--ping-int", 1000},    {"ping-timeout", "--ping-timeout", 100},
	{"timeout", "--timeout", 100},
};

/* What would be another mirror than the one that is there. */
static const char *const refused[] = {
	"allow-two-primaries", "data-integrity-alg", "verify-alg", "csums-alg", "size",
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

int option_take(json_t *out, const char *name, const char *option)
{
	const char *value = strchr(option, '=');
	char key[64], text[32];

	if (strncmp(option, "--", 2))
		return refuse(option, "");
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(option + 2, "="), option + 2);
	value = value ? value + 1 : "yes";
	if (!strcmp(key, "shared-secret"))
		return secret(out, name, value);
	if (!strcmp(key, "on-io-error") && !strcmp(value, "detach"))
		return 0;
	if (!strncmp(key, "after-sb-", 9) && strcmp(value, "disconnect"))
		return refuse(key, value);
	if (is_in(refused, sizeof(refused) / sizeof(refused[0]), key) && strcmp(value, "no"))
		return refuse(key, value);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].theirs, key))
			continue;
		if (!known[i].factor)
			return put(out, known[i].ours, value);
		snprintf(text, sizeof(text), "%lu", strtoul(value, NULL, 10) * known[i].factor);
		return put(out, known[i].ours, text);
	}
	return 0; /* buffers, rates, and whatever else a kernel is tuned with */
}
