// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A state file, as it is and with its checksum made right; what is accepted
 * reads back the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "heartbeat/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, size_t len)
{
	char again[STATE_TEXT_MAX];
	struct state a, b;

	if (state_parse(text, len, &a))
		return;
	if (a.nresets > STATE_RESETS_MAX || state_parse(again, state_format(again, &a), &b) ||
	    strcmp(a.incarnation, b.incarnation) || a.boot != b.boot || a.nresets != b.nresets)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[STATE_TEXT_MAX + 64];
	int n;

	parse((const char *)data, size);
	if (size > STATE_TEXT_MAX)
		return 0;
	n = snprintf(text, sizeof(text), "taiki-heartbeat 1\n");
	memcpy(text + n, data, size > STATE_TEXT_MAX - 40 ? STATE_TEXT_MAX - 40 : size);
	n += (int)(size > STATE_TEXT_MAX - 40 ? STATE_TEXT_MAX - 40 : size);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "crc %08lx\n",
		      crc32(0, (unsigned char *)text, (unsigned)n));
	parse(text, (size_t)n);
	return 0;
}
