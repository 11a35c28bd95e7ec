// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lines of org.taiki.heartbeat.0, made and read.  Whatever the other end
 * sends is judged here and nowhere else: a line is either wholly right or nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/beat.h"
#include "hv/crc.h"

enum {
	CRC_DIGITS = 8,
	CRC_TAIL = 5 + CRC_DIGITS, /* " crc=" and its digits */
};

enum key {
	KEY_SEQ,
	KEY_CLOCK,
	KEY_LOAD,
	KEY_ROLE,
	KEY_HEALTH,
	KEY_FAILURES,
	KEY_INTERVAL,
	KEY_VALUE,
	KEYS
};

#define BIT(k) (1u << (k))

static const char *const key_names[KEYS] = {
	[KEY_SEQ] = "seq",     [KEY_CLOCK] = "clock",       [KEY_LOAD] = "load",
	[KEY_ROLE] = "role",   [KEY_HEALTH] = "health",     [KEY_INTERVAL] = "interval",
	[KEY_VALUE] = "value", [KEY_FAILURES] = "failures",
};

/* A message: its word, the keys it must have, and those it may have. */
static const struct {
	const char *word;
	unsigned keys, optional;
} kinds[] = {
	[BEAT_BEAT] = {"beat",
		       BIT(KEY_SEQ) | BIT(KEY_CLOCK) | BIT(KEY_LOAD) | BIT(KEY_ROLE) |
			       BIT(KEY_HEALTH),
		       BIT(KEY_FAILURES)},
	[BEAT_SET] = {"set", BIT(KEY_INTERVAL)},
	[BEAT_ROLE] = {"role", BIT(KEY_VALUE)},
	[BEAT_BYE] = {"bye", BIT(KEY_SEQ) | BIT(KEY_CLOCK)},
};

static const char *const health_names[] = {
	[BEAT_HEALTH_NONE] = "none",
	[BEAT_HEALTH_OK] = "ok",
	[BEAT_HEALTH_FAILED] = "failed",
	[BEAT_HEALTH_TIMEOUT] = "timeout",
};

enum {
	KINDS = sizeof(kinds) / sizeof(kinds[0]),
	HEALTHS = sizeof(health_names) / sizeof(health_names[0])
};

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

bool beat_role_ok(const char *role)
{
	size_t len = strnlen(role, BEAT_ROLE_MAX + 1);

	return len && len <= BEAT_ROLE_MAX &&
	       strspn(role, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

const char *beat_health_name(enum beat_health health)
{
	return (size_t)health < HEALTHS ? health_names[health] : "unknown";
}

static bool interval_ok(uint64_t ms)
{
	return ms >= BEAT_INTERVAL_MIN && ms <= BEAT_INTERVAL_MAX;
}

/* format_body() - Everything before " crc="; snprintf's answer, or -EINVAL. */
static int format_body(char *out, size_t size, const struct beat *b)
{
	switch (b->kind) {
	case BEAT_BEAT:
		if (!b->seq || (size_t)b->health >= HEALTHS || !beat_role_ok(b->role))
			return -EINVAL;
		return snprintf(out, size,
				"TB1 beat seq=%ju clock=%ju load=%u role=%s health=%s failures=%ju",
				(uintmax_t)b->seq, (uintmax_t)b->clock, b->load, b->role,
				health_names[b->health], (uintmax_t)b->failures);
	case BEAT_SET:
		if (!interval_ok(b->interval))
			return -EINVAL;
		return snprintf(out, size, "TB1 set interval=%u", b->interval);
	case BEAT_ROLE:
		if (!beat_role_ok(b->role))
			return -EINVAL;
		return snprintf(out, size, "TB1 role value=%s", b->role);
	case BEAT_BYE:
		if (!b->seq)
			return -EINVAL;
		return snprintf(out, size, "TB1 bye seq=%ju clock=%ju", (uintmax_t)b->seq,
				(uintmax_t)b->clock);
	}
	return -EINVAL;
}

int beat_format(char out[BEAT_LINE_MAX], const struct beat *b)
{
	/* The longest body: 20 digits thrice, 10 once, a role; far below the limit. */
	int len = format_body(out, BEAT_LINE_MAX - CRC_TAIL - 2, b);

	if (len < 0 || len >= BEAT_LINE_MAX - CRC_TAIL - 2)
		return -EINVAL;
	sprintf(out + len, " crc=%08x\n", hv_crc32(out, (size_t)len));
	return len + CRC_TAIL + 1;
}

static int parse_number(struct span s, uint64_t max, uint64_t *value)
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

static int parse_unsigned(struct span s, unsigned *value)
{
	uint64_t v;
	int rc = parse_number(s, UINT32_MAX, &v);

	if (!rc)
		*value = (unsigned)v;
	return rc;
}

static int parse_role(struct span s, char role[BEAT_ROLE_MAX + 1])
{
	if (s.len > BEAT_ROLE_MAX || memchr(s.at, '\0', s.len))
		return -EINVAL;
	memcpy(role, s.at, s.len);
	role[s.len] = '\0';
	return beat_role_ok(role) ? 0 : -EINVAL;
}

static int parse_health(struct span s, enum beat_health *health)
{
	for (size_t i = 0; i < HEALTHS; i++) {
		if (span_is(s, health_names[i])) {
			*health = (enum beat_health)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_value(enum key key, struct span s, struct beat *b)
{
	switch (key) {
	case KEY_SEQ: return parse_number(s, UINT64_MAX, &b->seq) ?: b->seq ? 0 : -EINVAL;
	case KEY_CLOCK: return parse_number(s, UINT64_MAX, &b->clock);
	case KEY_FAILURES: return parse_number(s, UINT64_MAX, &b->failures);
	case KEY_LOAD: return parse_unsigned(s, &b->load);
	case KEY_ROLE:
	case KEY_VALUE: return parse_role(s, b->role);
	case KEY_HEALTH: return parse_health(s, &b->health);
	case KEY_INTERVAL:
		return parse_unsigned(s, &b->interval) ?: interval_ok(b->interval) ? 0 : -EINVAL;
	case KEYS: break;
	}
	return -EINVAL;
}

/* parse_pair() - KEY=VALUE; @seen collects the keys, @allowed are those of this message. */
static int parse_pair(struct span pair, unsigned allowed, unsigned *seen, struct beat *b)
{
	struct span name;

	if (!memchr(pair.at, '=', pair.len))
		return -EINVAL;
	name = span_cut(&pair, '=');
	if (!name.len)
		return -EINVAL;
	for (unsigned k = 0; k < KEYS; k++) {
		if (!(allowed & BIT(k)) || !span_is(name, key_names[k]))
			continue;
		if (*seen & BIT(k))
			return -EINVAL;
		*seen |= BIT(k);
		return parse_value((enum key)k, pair, b);
	}
	return 0;
}

static int parse_body(struct span rest, struct beat *b)
{
	struct span word;
	unsigned kind, seen = 0;

	if (!span_is(span_cut(&rest, ' '), "TB1"))
		return -EINVAL;
	word = span_cut(&rest, ' ');
	for (kind = 0; kind < KINDS && !span_is(word, kinds[kind].word); kind++)
		;
	if (kind == KINDS)
		return -EINVAL;
	b->kind = (enum beat_kind)kind;
	while (rest.len) {
		int rc = parse_pair(span_cut(&rest, ' '), kinds[kind].keys | kinds[kind].optional,
				    &seen, b);

		if (rc)
			return rc;
	}
	return (seen & kinds[kind].keys) == kinds[kind].keys ? 0 : -EINVAL;
}

int beat_parse(const char *line, size_t len, struct beat *b)
{
	struct beat got = {0};
	char want[CRC_TAIL + 1];
	int rc;

	if (len >= BEAT_LINE_MAX || len < CRC_TAIL || memcmp(line + len - CRC_TAIL, " crc=", 5))
		return -EINVAL;
	len -= CRC_TAIL;
	snprintf(want, sizeof(want), " crc=%08x", hv_crc32(line, len));
	if (memcmp(line + len, want, CRC_TAIL))
		return -EBADMSG;
	rc = parse_body((struct span){line, len}, &got);
	if (!rc)
		*b = got;
	return rc;
}

/* end_line() - A newline has come: true when what stood before it was one of ours. */
static bool end_line(struct beat_framer *f, struct beat *b)
{
	bool overlong = f->overlong;
	size_t len = f->len;

	f->overlong = false;
	f->len = 0;
	if (!overlong && !len)
		return false; /* an empty line only ends what was cut off before it */
	if (!overlong && !beat_parse(f->line, len, b))
		return true;
	f->bad++;
	return false;
}

bool beat_feed(struct beat_framer *f, const char **data, size_t *len, struct beat *b)
{
	while (*len) {
		char c = *(*data)++;

		--*len;
		if (c == '\n') {
			if (end_line(f, b))
				return true;
		} else if (f->len == BEAT_LINE_MAX - 1) {
			f->overlong = true;
		} else {
			f->line[f->len++] = c;
		}
	}
	return false;
}
