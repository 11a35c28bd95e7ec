// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a heartbeat channel.  The first says how large the pieces are in which
 * they arrive: the same messages come out of them as in one piece, each can be
 * said again and then reads the same.  A line with a wrong CRC gets the right one,
 * so that the fuzzer comes past it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/beat.h"

enum { CRC_TAIL = 13 }; /* " crc=" and eight digits */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_message(const struct beat *b)
{
	char line[BEAT_LINE_MAX];
	struct beat again;
	int len = beat_format(line, b);

	must(len > 0 && len <= BEAT_LINE_MAX && line[len - 1] == '\n' && (int)strlen(line) == len);
	must(!beat_parse(line, (size_t)len - 1, &again));
	must(!memcmp(b, &again, sizeof(again)));
}

static unsigned feed(const char *text, size_t total, size_t piece, uint64_t *bad)
{
	struct beat_framer f = {0};
	struct beat b;
	unsigned n = 0;

	for (size_t at = 0; at < total; at += piece) {
		const char *in = text + at;
		size_t len = total - at < piece ? total - at : piece;

		while (beat_feed(&f, &in, &len, &b)) {
			check_message(&b);
			n++;
		}
		must(!len && f.len < BEAT_LINE_MAX);
	}
	*bad = f.bad;
	return n;
}

static uint32_t crc32_of(const char *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint8_t)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* sealed() - The first line of @text with a CRC that is right. */
static void sealed(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	char line[BEAT_LINE_MAX + 32];
	struct beat b;

	if (end)
		len = (size_t)(end - text);
	if (len > BEAT_LINE_MAX - CRC_TAIL - 1)
		len = BEAT_LINE_MAX - CRC_TAIL - 1;
	memcpy(line, text, len);
	sprintf(line + len, " crc=%08x", crc32_of(line, len));
	if (!beat_parse(line, len + CRC_TAIL, &b))
		check_message(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	uint64_t bad[2];

	if (size < 2 || size > 65536)
		return 0;
	must(feed(text, size - 1, size, &bad[0]) ==
	     feed(text, size - 1, data[0] % 61 + 1, &bad[1]));
	must(bad[0] == bad[1]);
	sealed(text, size - 1);
	return 0;
}
