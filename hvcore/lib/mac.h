/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_MAC_H
#define HV_LIB_MAC_H

#include <stdint.h>

enum { MAC_TEXT = 18 }; /* bytes of a MAC address as text, the final NUL included */

/* mac_parse() - Six pairs of hexadecimal digits with colons between.  0 or -EINVAL, @mac untouched. */
int mac_parse(const char *text, uint8_t mac[6]);

/* mac_print() - The same in lower case. */
void mac_print(const uint8_t mac[6], char text[MAC_TEXT]);

#endif
