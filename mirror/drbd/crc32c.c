// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Eight bytes a step: table k holds the remainder of a byte that k zero bytes follow.
 */
#include <pthread.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/crc32c.h"

enum { POLYNOMIAL = (int)0x82f63b78u };

static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? (uint32_t)POLYNOMIAL : 0);
		table[0][i] = c;
	}
	for (int k = 1; k < 8; k++)
		for (int i = 0; i < 256; i++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	pthread_once(&once, make_table);
	for (; len >= 8; len -= 8, p += 8) {
		uint64_t v = get_le64(p) ^ crc;

		crc = 0;
		for (int i = 0; i < 8; i++)
			crc ^= table[7 - i][v >> 8 * i & 0xff];
	}
	while (len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return crc;
}
