// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lines of org.taiki.role.0, made and read.  Whatever the other end sends is
 * judged here and nowhere else: a line is either wholly right or nothing.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hv/crc.h"
#include "hv/role.h"

enum {
	CRC_DIGITS = 8,
	CRC_TAIL = 5 + CRC_DIGITS, /* " crc=" and its digits */
};

enum key { KEY_ROLE, KEY_SEQ, KEY_VALUE, KEY_STATUS, KEYS };

#define BIT(k) (1u << (k))

static const char *const key_names[KEYS] = {
	[KEY_ROLE] = "role",
	[KEY_SEQ] = "seq",
	[KEY_VALUE] = "value",
	[KEY_STATUS] = "status",
};

/* A message: its word, the keys it has, and whether every other key is its data. */
static const struct {
	const char *word;
	unsigned keys;
	bool data;
} kinds[] = {
	[HV_ROLE_ROLE] = {"role", BIT(KEY_SEQ) | BIT(KEY_VALUE), true},
	[HV_ROLE_ASK] = {"ask", 0, false},
	[HV_ROLE_HELLO] = {"hello", BIT(KEY_ROLE) | BIT(KEY_SEQ), false},
	[HV_ROLE_DONE] = {"done", BIT(KEY_ROLE) | BIT(KEY_SEQ) | BIT(KEY_STATUS), false},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* A piece of a line; not terminated. */
struct span {
	const char *at;
	size_t len;
};

static bool span_is(struct span s, const char *word)
{
	return s.len == strlen(word) && !memcmp(s.at, word, s.len);
}

/* span_cut() - Take from *@rest what stands before the first @c, and @c itself. */
static struct span span_cut(struct span *rest, char c)
{
	const char *end = memchr(rest->at, c, rest->len);
	struct span s = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
	size_t used = s.len + (end ? 1 : 0);

	rest->at += used;
	rest->len -= used;
	return s;
}

/* --- what may stand where --- */

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* word_ok() - 1 to @max of [a-z0-9-]. */
static bool word_ok(struct span s, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_lower(s.at[i]) && !is_digit(s.at[i]) && s.at[i] != '-')
			return false;
	}
	return s.len && s.len <= max;
}

static bool key_ok(struct span s)
{
	return word_ok(s, HV_ROLE_KEY_MAX) && is_lower(s.at[0]);
}

bool hv_role_ok(const char *role)
{
	return word_ok((struct span){role, strnlen(role, HV_ROLE_MAX + 1)}, HV_ROLE_MAX);
}

static enum key known_key(struct span s)
{
	unsigned k;

	for (k = 0; k < KEYS && !span_is(s, key_names[k]); k++)
		;
	return (enum key)k;
}

bool hv_role_key_ok(const char *key)
{
	struct span s = {key, strnlen(key, HV_ROLE_KEY_MAX + 1)};

	return key_ok(s) && known_key(s) == KEYS && !span_is(s, "name") && !span_is(s, "crc");
}

bool hv_role_value_ok(const char *value)
{
	size_t len = strnlen(value, HV_ROLE_VALUE_MAX + 1);

	for (size_t i = 0; i < len; i++) {
		if (is_control(value[i]))
			return false;
	}
	return len <= HV_ROLE_VALUE_MAX;
}

/* --- a role's data --- */

const char *hv_role_get(const struct hv_role *r, const char *key)
{
	for (unsigned i = 0; i < r->pairs; i++) {
		if (!strcmp(r->pair[i].key, key))
			return r->pair[i].value;
	}
	return NULL;
}

int hv_role_add(struct hv_role *r, const char *key, const char *value)
{
	struct span s = {key, strnlen(key, HV_ROLE_KEY_MAX + 1)};

	if (!key_ok(s) || known_key(s) != KEYS || span_is(s, "crc") || !hv_role_value_ok(value) ||
	    hv_role_get(r, key))
		return -EINVAL;
	if (r->pairs == HV_ROLE_PAIRS_MAX)
		return -ENOSPC;
	strcpy(r->pair[r->pairs].key, key);
	strcpy(r->pair[r->pairs].value, value);
	r->pairs++;
	return 0;
}

/* --- made --- */

struct line {
	char *out;
	size_t len, room; /* for the text and its NUL */
};

/* put() - What does not fit makes the line too long, which is seen once, in the end. */
__attribute__((format(printf, 2, 3))) static void put(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->out + l->len, l->room - l->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= l->room - l->len)
		l->len = l->room - 1;
	else
		l->len += (size_t)n;
}

static bool is_plain(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || (c && strchr("-._:", c));
}

static void put_value(struct line *l, const char *value)
{
	for (; *value; value++)
		put(l, is_plain(*value) ? "%c" : "%%%02X", (unsigned char)*value);
}

static int put_role(struct line *l, const struct hv_role *r)
{
	struct hv_role seen = {0};

	if (!r->seq || r->pairs > HV_ROLE_PAIRS_MAX)
		return -EINVAL;
	put(l, "TR1 role seq=%ju value=%s", (uintmax_t)r->seq, r->role);
	for (unsigned i = 0; i < r->pairs; i++) {
		int rc = hv_role_add(&seen, r->pair[i].key, r->pair[i].value);

		if (rc)
			return rc;
		put(l, " %s=", r->pair[i].key);
		put_value(l, r->pair[i].value);
	}
	return 0;
}

/* put_body() - Everything before " crc=". */
static int put_body(struct line *l, const struct hv_role *r)
{
	if (r->kind != HV_ROLE_ASK && !hv_role_ok(r->role))
		return -EINVAL;
	switch (r->kind) {
	case HV_ROLE_ROLE: return put_role(l, r);
	case HV_ROLE_ASK: put(l, "TR1 ask"); return 0;
	case HV_ROLE_HELLO:
		put(l, "TR1 hello role=%s seq=%ju", r->role, (uintmax_t)r->seq);
		return 0;
	case HV_ROLE_DONE:
		if (!r->seq || r->status > HV_ROLE_STATUS_MAX)
			return -EINVAL;
		put(l, "TR1 done role=%s seq=%ju status=%u", r->role, (uintmax_t)r->seq, r->status);
		return 0;
	}
	return -EINVAL;
}

int hv_role_format(char out[HV_ROLE_LINE_MAX], const struct hv_role *r)
{
	/* One byte more than may be: what fills it is too long. */
	struct line l = {out, 0, HV_ROLE_LINE_MAX - CRC_TAIL + 1};
	int rc = put_body(&l, r);

	if (rc)
		return rc;
	if (l.len == l.room - 1)
		return -E2BIG;
	sprintf(out + l.len, " crc=%08x", hv_crc32(out, l.len));
	return (int)l.len + CRC_TAIL;
}

/* --- read --- */

static int read_number(struct span s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;

	if (!s.len)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.at[i] - (unsigned)'0';

		if (digit > 9 || v > (max - digit) / 10)
			return -EINVAL;
		v = v * 10 + digit;
	}
	*value = v;
	return 0;
}

static int read_role(struct span s, char role[HV_ROLE_MAX + 1])
{
	if (!word_ok(s, HV_ROLE_MAX))
		return -EINVAL;
	memcpy(role, s.at, s.len);
	role[s.len] = '\0';
	return 0;
}

static int read_status(struct span s, unsigned *status)
{
	uint64_t v;
	int rc = read_number(s, HV_ROLE_STATUS_MAX, &v);

	if (!rc)
		*status = (unsigned)v;
	return rc;
}

static int read_known(enum key key, struct span s, struct hv_role *r)
{
	switch (key) {
	case KEY_ROLE:
	case KEY_VALUE: return read_role(s, r->role);
	case KEY_SEQ: return read_number(s, UINT64_MAX, &r->seq);
	case KEY_STATUS: return read_status(s, &r->status);
	case KEYS: break;
	}
	return -EINVAL;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* decode() - The next byte of *@s, which is not empty; -EINVAL: nothing that may stand there. */
static int decode(struct span *s)
{
	char c = *s->at;
	size_t used = 1;

	if (c == '%') {
		int high = s->len >= 3 ? hex_digit(s->at[1]) : -1;
		int low = s->len >= 3 ? hex_digit(s->at[2]) : -1;

		if (high < 0 || low < 0)
			return -EINVAL;
		c = (char)(high << 4 | low);
		used = 3;
	} else if ((unsigned char)c >= 0x80) {
		return -EINVAL;
	}
	s->at += used;
	s->len -= used;
	return is_control(c) ? -EINVAL : (unsigned char)c;
}

static int read_data(struct span key, struct span s, struct hv_role *r)
{
	char name[HV_ROLE_KEY_MAX + 1], value[HV_ROLE_VALUE_MAX + 1];
	size_t n = 0;

	if (!key_ok(key))
		return -EINVAL;
	memcpy(name, key.at, key.len);
	name[key.len] = '\0';
	while (s.len) {
		int c = decode(&s);

		if (c < 0 || n == HV_ROLE_VALUE_MAX)
			return -EINVAL;
		value[n++] = (char)c;
	}
	value[n] = '\0';
	return hv_role_add(r, name, value) ? -EINVAL : 0;
}

/* read_pair() - KEY=VALUE of a message of @kind; @seen collects its keys. */
static int read_pair(struct span pair, unsigned kind, unsigned *seen, struct hv_role *r)
{
	struct span name;
	enum key key;

	if (!memchr(pair.at, '=', pair.len))
		return -EINVAL;
	name = span_cut(&pair, '=');
	if (!name.len)
		return -EINVAL;
	key = known_key(name);
	if (key == KEYS || !(kinds[kind].keys & BIT(key)))
		return kinds[kind].data ? read_data(name, pair, r) : 0;
	if (*seen & BIT(key))
		return -EINVAL;
	*seen |= BIT(key);
	return read_known(key, pair, r);
}

static int read_body(struct span rest, struct hv_role *r)
{
	struct span word;
	unsigned kind, seen = 0;

	if (!span_is(span_cut(&rest, ' '), "TR1"))
		return -EINVAL;
	word = span_cut(&rest, ' ');
	for (kind = 0; kind < KINDS && !span_is(word, kinds[kind].word); kind++)
		;
	if (kind == KINDS)
		return -EINVAL;
	r->kind = (enum hv_role_kind)kind;
	while (rest.len) {
		int rc = read_pair(span_cut(&rest, ' '), kind, &seen, r);

		if (rc)
			return rc;
	}
	if (seen != kinds[kind].keys)
		return -EINVAL;
	/* 0 is "none yet", which only a hello can say. */
	return !(seen & BIT(KEY_SEQ)) || r->seq || r->kind == HV_ROLE_HELLO ? 0 : -EINVAL;
}

int hv_role_parse(const char *line, size_t len, struct hv_role *r)
{
	struct hv_role got = {0};
	char want[CRC_TAIL + 1];
	int rc;

	if (len >= HV_ROLE_LINE_MAX || len < CRC_TAIL || memcmp(line + len - CRC_TAIL, " crc=", 5))
		return -EINVAL;
	len -= CRC_TAIL;
	snprintf(want, sizeof(want), " crc=%08x", hv_crc32(line, len));
	if (memcmp(line + len, want, CRC_TAIL))
		return -EBADMSG;
	rc = read_body((struct span){line, len}, &got);
	if (!rc)
		*r = got;
	return rc;
}
