// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>

#include "hv/rundir.h"

int hv_incarnation_new(char uuid[37])
{
	uint8_t b[16];
	char *at = uuid;

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return -EIO;
	b[6] = (b[6] & 0x0f) | 0x40; /* RFC 4122: version 4, variant 1 */
	b[8] = (b[8] & 0x3f) | 0x80;
	for (int i = 0; i < 16; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		at += snprintf(at, 4, "%s%02x", dash ? "-" : "", b[i]);
	}
	return 0;
}
