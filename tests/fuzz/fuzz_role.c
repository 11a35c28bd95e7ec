// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a role channel.  The first says how large the pieces are in which
 * they arrive: the same messages come out of them as in one piece, each can be
 * said again and then reads the same.  A line with a wrong CRC gets the right one,
 * so that the fuzzer comes past it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/crc.h"
#include "hv/role.h"

enum { CRC_TAIL = 13 }; /* " crc=" and eight digits */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_message(const struct hv_role *r)
{
	char line[HV_ROLE_LINE_MAX];
	struct hv_role again;
	int len = hv_role_format(line, r);

	/* What came with more left plain than we leave may become too long. */
	if (len == -E2BIG && r->kind == HV_ROLE_ROLE)
		return;
	must(len > 0 && len < HV_ROLE_LINE_MAX && (int)strlen(line) == len);
	must(!hv_role_parse(line, (size_t)len, &again));
	must(!memcmp(r, &again, sizeof(again)));
}

static unsigned feed(const char *text, size_t total, size_t piece, uint64_t *bad)
{
	struct hv_role_framer f = {0};
	struct hv_role r;
	unsigned n = 0;

	for (size_t at = 0; at < total; at += piece) {
		const char *in = text + at;
		size_t len = total - at < piece ? total - at : piece;

		while (hv_role_feed(&f, &in, &len, &r)) {
			check_message(&r);
			n++;
		}
		must(!len && f.len < HV_ROLE_LINE_MAX);
	}
	*bad = f.bad;
	return n;
}

/* sealed() - The first line of @text with a CRC that is right. */
static void sealed(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	char line[HV_ROLE_LINE_MAX + 32];
	struct hv_role r;

	if (end)
		len = (size_t)(end - text);
	if (len > HV_ROLE_LINE_MAX - CRC_TAIL - 1)
		len = HV_ROLE_LINE_MAX - CRC_TAIL - 1;
	memcpy(line, text, len);
	sprintf(line + len, " crc=%08x", hv_crc32(line, len));
	if (!hv_role_parse(line, len + CRC_TAIL, &r))
		check_message(&r);
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
