// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An entry as text: a line a field, in this order, and a checksum over them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/crc.h"
#include "hv/ledger.h"

#define MAGIC "taiki-ledger "
enum { NUMBERS_MAX = 2, CRC_BYTES = sizeof("crc 01234567\n") - 1 };
static const uint64_t number_max = 1ULL << 60;

static const char *const kinds[] = {
	[HV_LEDGER_ACTIVE] = "active",
	[HV_LEDGER_TWIN] = "twin",
	[HV_LEDGER_SPARE] = "spare",
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* What is in a line behind its key. */
enum shape { KIND, NUMBERS, HOST, UUID };
static const struct {
	const char *key;
	enum shape shape;
	size_t offset;
	unsigned n;       /* of numbers: all in a row in the structure */
	uint64_t most[2]; /* they may be */
} lines[] = {
#define AT(field) offsetof(struct hv_ledger_entry, field)
	{"kind", KIND, AT(kind)},
	{"now", NUMBERS, AT(now), 2, {1ULL << 50, 1ULL << 30}},
	{"target", NUMBERS, AT(target), 2, {1ULL << 50, 1ULL << 30}},
	{"minimum", NUMBERS, AT(minimum), 2, {1ULL << 50, 1ULL << 30}},
	{"full", NUMBERS, AT(full), 2, {1ULL << 50, 1ULL << 30}},
	{"guaranteed", NUMBERS, AT(guaranteed), 1, {1ULL << 30}},
	{"shares", NUMBERS, AT(shares), 2, {262144, 262144}},
	{"active-on", HOST, AT(active_on)},
	{"incarnation", UUID, AT(incarnation)},
	{"changed", NUMBERS, AT(changed), 1, {1ULL << 60}},
	{"refused", NUMBERS, AT(refused), 1, {1ULL << 60}},
#undef AT
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

struct text {
	char *at;
	size_t size, len;
};

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at + (t->len < t->size ? t->len : 0),
		      t->len < t->size ? t->size - t->len : 0, fmt, ap);
	va_end(ap);
	t->len += n > 0 ? (size_t)n : 0;
}

int hv_ledger_print(const struct hv_ledger_entry *e, char *out, size_t size)
{
	struct text t = {out, size, 0};

	put(&t, MAGIC "%d\npriority %u\n", HV_LEDGER_VERSION, e->priority);
	for (size_t i = 0; i < LINES; i++) {
		const char *field = (const char *)e + lines[i].offset;

		put(&t, "%s", lines[i].key);
		switch (lines[i].shape) {
		case KIND: put(&t, " %s", kinds[e->kind]); break;
		case NUMBERS:
			for (unsigned n = 0; n < lines[i].n; n++)
				put(&t, " %" PRIu64, ((const uint64_t *)(const void *)field)[n]);
			break;
		case HOST:
		case UUID: put(&t, " %s", *field ? field : "-"); break;
		}
		put(&t, "\n");
	}
	if (t.len + CRC_BYTES >= size)
		return -EMSGSIZE;
	put(&t, "crc %08x\n", hv_crc32(out, t.len));
	return (int)t.len;
}

/* A decimal number without a sign or a leading zero, and *@text behind it. */
static bool number(const char **text, uint64_t most, uint64_t *out)
{
	size_t digits = strspn(*text, "0123456789");

	if (!digits || digits > 19 || (digits > 1 && **text == '0'))
		return false;
	*out = strtoull(*text, NULL, 10);
	*text += digits;
	return *out <= most && *out <= number_max;
}

static bool word(const char *value, const char *allowed, char *out, size_t size)
{
	size_t n = strlen(value);

	if (!strcmp(value, "-"))
		return true;
	if (!n || n >= size || strspn(value, allowed) != n || *value == '-')
		return false;
	memcpy(out, value, n + 1);
	return true;
}

static bool take(struct hv_ledger_entry *e, size_t line, const char *value)
{
	static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._-";
	uint64_t *numbers = (uint64_t *)(void *)((char *)e + lines[line].offset);

	switch (lines[line].shape) {
	case KIND:
		for (int k = 0; k < KINDS; k++)
			if (!strcmp(kinds[k], value)) {
				e->kind = (enum hv_ledger_kind)k;
				return true;
			}
		return false;
	case NUMBERS:
		for (unsigned n = 0; n < lines[line].n; n++) {
			if ((n && *value++ != ' ') ||
			    !number(&value, lines[line].most[n], &numbers[n]))
				return false;
		}
		return !*value;
	case HOST: return word(value, host, e->active_on, sizeof(e->active_on));
	case UUID: return word(value, "0123456789abcdef-", e->incarnation, sizeof(e->incarnation));
	}
	return false;
}

/* One line of @*at, NUL-terminated in place: its value if its key is @key, else NULL. */
static char *field(char **at, const char *key)
{
	char *line = *at, *end = strchr(line, '\n');
	size_t n = strlen(key);

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return !strncmp(line, key, n) && line[n] == ' ' ? line + n + 1 : NULL;
}

static bool consistent(const struct hv_ledger_entry *e)
{
	return e->minimum.memory <= e->full.memory && e->minimum.cpu <= e->full.cpu &&
	       e->guaranteed <= e->full.cpu && e->shares_minimum <= e->shares &&
	       e->target.memory <= e->full.memory && e->target.cpu <= e->full.cpu;
}

static bool checksum_fits(const char *text, size_t len)
{
	char crc[CRC_BYTES + 1];

	if (len < CRC_BYTES)
		return false;
	snprintf(crc, sizeof(crc), "crc %08x\n", hv_crc32(text, len - CRC_BYTES));
	return !memcmp(text + len - CRC_BYTES, crc, CRC_BYTES);
}

int hv_ledger_parse(const char *text, size_t len, struct hv_ledger_entry *out, struct hv_error *err)
{
	char copy[HV_LEDGER_TEXT + 1], *at = copy, *value;
	const char *rest;
	uint64_t n;

	memset(out, 0, sizeof(*out));
	if (len >= HV_LEDGER_TEXT)
		return hv_err(err, -EINVAL, "not a ledger's entry");
	if (len < sizeof(MAGIC) - 1 || memchr(text, '\0', len) ||
	    memcmp(text, MAGIC, sizeof(MAGIC) - 1))
		return hv_err(err, -EINVAL, "not a ledger's entry");
	memcpy(copy, text, len);
	copy[len] = '\0';
	/* The version first: another one may have another checksum. */
	value = field(&at, "taiki-ledger");
	rest = value;
	if (!value || !number(&rest, UINT64_MAX, &n) || *rest)
		return hv_err(err, -EINVAL, "damaged: no version");
	if (n != HV_LEDGER_VERSION)
		return hv_err(err, -EPROTO, "version %" PRIu64 ", not %d", n, HV_LEDGER_VERSION);
	if (!checksum_fits(text, len))
		return hv_err(err, -EINVAL, "damaged: the checksum does not fit");
	value = field(&at, "priority");
	rest = value;
	if (!value || !number(&rest, HV_PRIORITY_MAX, &n) || *rest)
		return hv_err(err, -EINVAL, "damaged: no priority");
	out->priority = (unsigned)n;
	for (size_t i = 0; i < LINES; i++) {
		value = field(&at, lines[i].key);
		if (!value || !take(out, i, value))
			return hv_err(err, -EINVAL, "damaged: no %s", lines[i].key);
	}
	if (at != copy + len - CRC_BYTES)
		return hv_err(err, -EINVAL, "damaged: more lines than there are fields");
	if (!consistent(out))
		return hv_err(err, -EINVAL, "damaged: its numbers contradict one another");
	return 0;
}
