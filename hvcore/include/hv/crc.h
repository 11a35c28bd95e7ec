/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CRC-32 of IEEE 802.3 and zlib, for programs that have no zlib (a static one in a guest). */
#ifndef HV_CRC_H
#define HV_CRC_H

#include <stddef.h>
#include <stdint.h>

/* hv_crc32() - Of @len bytes; as zlib's crc32(0, bytes, len). */
uint32_t hv_crc32(const void *bytes, size_t len);

#endif
