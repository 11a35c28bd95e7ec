/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a fence message, as writer and reader share it.
 */
#ifndef TAIKI_FENCE_BYTES_H
#define TAIKI_FENCE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FENCE_VERSION = 1 };

/* The first four bytes of a message. */
static const uint8_t fence_magic[4] = {'T', 'K', 'F', '1'};

static inline uint16_t fence_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t fence_get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void fence_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void fence_put32(uint8_t *p, uint32_t v)
{
	fence_put16(p, (uint16_t)v);
	fence_put16(p + 2, (uint16_t)(v >> 16));
}

#endif
