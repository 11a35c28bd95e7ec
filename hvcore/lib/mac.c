/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int mac_parse(const char *text, uint8_t mac[6])
{
	uint8_t got[6];

	for (unsigned i = 0; i < 6; i++, text += 3) {
		int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		got[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(mac, got, sizeof(got));
	return 0;
}

void mac_print(const uint8_t mac[6], char text[MAC_TEXT])
{
	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
}
