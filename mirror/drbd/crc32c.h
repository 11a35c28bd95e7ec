/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli), as the activity log uses it: start value 0, no final inversion.
 */
#ifndef MIRROR_DRBD_CRC32C_H
#define MIRROR_DRBD_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* crc32c() - Continue @crc (0 to begin with) over @len bytes. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
