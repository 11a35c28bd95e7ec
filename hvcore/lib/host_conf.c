// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host.conf: "key = value" lines.  A key stands once; a value is an amount of
 * memory, of CPU, or a percentage.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/capacity.h"

enum { VALUE_MAX = 64, NUMBER_MAX = 1000000000, FILE_MAX = 65536 };

enum kind { MEMORY, CPU, PERCENT_MEMORY, PERCENT_CPU };

static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
	unsigned least, most; /* of a percentage */
} keys[] = {
	{"memory", MEMORY, offsetof(struct hv_host_conf, has.memory)},
	{"cpu", CPU, offsetof(struct hv_host_conf, has.cpu)},
	{"keep-memory", MEMORY, offsetof(struct hv_host_conf, keep.memory)},
	{"keep-cpu", CPU, offsetof(struct hv_host_conf, keep.cpu)},
	{"overcommit-memory", PERCENT_MEMORY, offsetof(struct hv_host_conf, overcommit_memory), 100,
	 1000},
	{"overcommit-cpu", PERCENT_CPU, offsetof(struct hv_host_conf, overcommit_cpu), 100, 10000},
	{"domain-memory", MEMORY, offsetof(struct hv_host_conf, each)},
	{"slack-memory", MEMORY, offsetof(struct hv_host_conf, slack)},
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* Digits, at most NUMBER_MAX; *rest is what follows them. */
static bool number(const char *text, uint64_t *n, const char **rest)
{
	size_t digits = strspn(text, "0123456789");

	*rest = text + digits;
	if (!digits || digits > 10)
		return false;
	*n = strtoull(text, NULL, 10);
	return *n <= NUMBER_MAX;
}

static bool memory(const char *text, uint64_t *out)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
	const char *unit;
	uint64_t n;

	if (!number(text, &n, &unit))
		return false;
	unit += strspn(unit, " \t");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name) && n <= UINT64_MAX >> 8 >> units[i].shift) {
			*out = n << units[i].shift;
			return true;
		}
	*out = 0;
	return !*unit && !n;
}

/* "3" are three CPUs, "350%" three and a half. */
static bool cpu(const char *text, uint64_t *out)
{
	const char *unit;

	if (!number(text, out, &unit) || *out > 1000000)
		return false;
	if (!*unit)
		*out *= 100;
	return !*unit || !strcmp(unit, "%");
}

static bool percent(const char *text, unsigned least, unsigned most, unsigned *out)
{
	const char *unit;
	uint64_t n;

	if (!number(text, &n, &unit) || strcmp(unit, "%") || n < least || n > most)
		return false;
	*out = (unsigned)n;
	return true;
}

static int take(size_t k, const char *value, struct hv_host_conf *out, char expected[64])
{
	void *at = (char *)out + keys[k].offset;

	switch (keys[k].kind) {
	case MEMORY:
		snprintf(expected, 64, "an amount of memory: 512MiB, 4GiB");
		return memory(value, at) ? 0 : -EINVAL;
	case CPU:
		snprintf(expected, 64, "a number of CPUs, or a percentage of one: 2, 50%%");
		return cpu(value, at) ? 0 : -EINVAL;
	case PERCENT_CPU:
		if (!strcmp(value, "unlimited")) {
			*(unsigned *)at = 0;
			return 0;
		}
		snprintf(expected, 64, "%u%% to %u%%, or \"unlimited\"", keys[k].least,
			 keys[k].most);
		break;
	case PERCENT_MEMORY:
		snprintf(expected, 64, "%u%% to %u%%", keys[k].least, keys[k].most);
		break;
	}
	return percent(value, keys[k].least, keys[k].most, at) ? 0 : -EINVAL;
}

/* Cuts blanks off both ends of @line's [from, to) and copies what is left; false if it is too long. */
static bool word(const char *from, const char *to, char out[VALUE_MAX])
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (from < to && isspace((unsigned char)to[-1]))
		to--;
	if (to - from >= VALUE_MAX || memchr(from, '\0', (size_t)(to - from)))
		return false;
	memcpy(out, from, (size_t)(to - from));
	out[to - from] = '\0';
	return true;
}

/* One line, without its newline and comment. */
static int line(const char *file, unsigned no, const char *from, const char *to, unsigned *seen,
		struct hv_host_conf *out, struct hv_error *err)
{
	const char *equals = memchr(from, '=', (size_t)(to - from));
	char key[VALUE_MAX], value[VALUE_MAX], expected[64];
	size_t k;

	if (!word(from, equals ? equals : to, key))
		return hv_err(err, -EINVAL, "%s:%u: not a line of the form \"key = value\"", file,
			      no);
	if (!equals && !*key)
		return 0;
	if (!equals)
		return hv_err(err, -EINVAL, "%s:%u: \"%s\" has no value; write \"key = value\"",
			      file, no, key);
	for (k = 0; k < KEYS && strcmp(keys[k].name, key); k++)
		;
	if (k == KEYS)
		return hv_err(err, -EINVAL,
			      "%s:%u: \"%s\" is not a setting; see taiki-host.conf(5)", file, no,
			      key);
	if (*seen & 1U << k)
		return hv_err(err, -EINVAL, "%s:%u: %s stands here a second time", file, no, key);
	*seen |= 1U << k;
	if (!word(equals + 1, to, value))
		return hv_err(err, -EINVAL, "%s:%u: the value of %s is too long", file, no, key);
	if (take(k, value, out, expected))
		return hv_err(err, -EINVAL, "%s:%u: %s is \"%s\", must be %s", file, no, key, value,
			      expected);
	return 0;
}

int hv_host_conf_parse(const char *file, const char *text, size_t len, struct hv_host_conf *out,
		       struct hv_error *err)
{
	const char *end = text + len, *next;
	unsigned no = 1, seen = 0;
	int rc = 0;

	*out = (struct hv_host_conf){.overcommit_memory = 100, .slack = UINT64_MAX};
	for (const char *at = text; at < end && !rc; at = next + 1, no++) {
		const char *to, *hash;

		next = memchr(at, '\n', (size_t)(end - at));
		if (!next)
			next = end;
		hash = memchr(at, '#', (size_t)(next - at));
		to = hash ? hash : next;
		rc = line(file, no, at, to, &seen, out, err);
	}
	return rc;
}

int hv_host_conf_load(struct hv_host_conf *out, struct hv_error *err)
{
	const char *file = getenv("TAIKI_HOST_CONF");
	char text[FILE_MAX + 1];
	size_t len;
	bool bad;
	FILE *f;

	if (!file || !*file)
		file = "/etc/taiki/host.conf";
	f = fopen(file, "re");
	if (!f && errno == ENOENT)
		return hv_host_conf_parse(file, "", 0, out, err);
	if (!f)
		return hv_err(err, -errno, "%s: cannot be opened: %s", file, strerror(errno));
	len = fread(text, 1, sizeof(text), f);
	bad = ferror(f);
	fclose(f);
	if (bad)
		return hv_err(err, -EIO, "%s: cannot be read", file);
	if (len > FILE_MAX)
		return hv_err(err, -EINVAL, "%s: larger than %d KiB, so not a host.conf", file,
			      FILE_MAX / 1024);
	return hv_host_conf_parse(file, text, len, out, err);
}
