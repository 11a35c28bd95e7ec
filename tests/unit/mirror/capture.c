// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "capture.h"

static uint32_t hex(const char *s, uint8_t *out)
{
	uint32_t n = 0;
	unsigned v;

	for (; sscanf(s, "%2x", &v) == 1; s += 2)
		out[n++] = (uint8_t)v;
	return n;
}

unsigned capture_each(void (*f)(const struct captured *c, void *arg), void *arg)
{
	FILE *in = fopen("tests/unit/mirror/data/kernel-pair.txt", "re");
	static char line[16384], digits[16384];
	static struct captured c;
	unsigned n = 0;
	char socket[8];

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (line[0] == '#')
			continue;
		c.bulk = 0;
		assert_true(sscanf(line, "%c %7s %16383s +%u", &c.sender, socket, digits,
				   &c.bulk) >= 3);
		c.socket = strcmp(socket, "meta") ? WIRE_ON_DATA : WIRE_ON_META;
		c.len = hex(digits, c.bytes);
		f(&c, arg);
		n++;
	}
	fclose(in);
	return n;
}
