/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as bytes: DRBD's packets and metadata are big-endian, its bitmap little-endian.
 */
#ifndef MIRROR_DRBD_BYTES_H
#define MIRROR_DRBD_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* NAME(p) reads a number at any address; put_NAME(p, v) writes it. */
#define BYTES_NUMBER(name_, type_, from_, to_)           \
	static inline type_ get_##name_(const void *p)   \
	{                                                \
		type_ v;                                 \
                                                         \
		memcpy(&v, p, sizeof(v));                \
		return from_(v);                         \
	}                                                \
	static inline void put_##name_(void *p, type_ v) \
	{                                                \
		v = to_(v);                              \
		memcpy(p, &v, sizeof(v));                \
	}

BYTES_NUMBER(be16, uint16_t, be16toh, htobe16)
BYTES_NUMBER(be32, uint32_t, be32toh, htobe32)
BYTES_NUMBER(be64, uint64_t, be64toh, htobe64)
BYTES_NUMBER(le64, uint64_t, le64toh, htole64)

#undef BYTES_NUMBER

#endif
