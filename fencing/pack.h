/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures as bytes, field by field, from a table that says where each field is.
 * Little-endian; strings as u16 length and bytes without NUL.
 */
#ifndef TAIKI_FENCE_PACK_H
#define TAIKI_FENCE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pack_type { PACK_U8 = 1, PACK_BOOL, PACK_U16, PACK_U32, PACK_U64, PACK_STRING, PACK_BYTES };

struct pack_field {
	uint8_t type; /* enum pack_type */
	uint16_t at;  /* offset in the structure */
	uint16_t size;
};

#define PACK(type_, struct_, member_)                                        \
	{                                                                    \
		.type = (type_), .at = (uint16_t)offsetof(struct_, member_), \
		.size = (uint16_t)sizeof(((struct_ *)0)->member_)            \
	}

/* A cursor; `bad` is sticky: something did not fit, or was not what it must be. */
struct pack {
	uint8_t *at, *end;
	bool bad;
};

struct unpack {
	const uint8_t *at, *end;
	bool bad;
};

/* pack_put() - Append @n fields of @from.  unpack_get() - Read them into @to. */
void pack_put(struct pack *p, const struct pack_field *f, size_t n, const void *from);
void unpack_get(struct unpack *u, const struct pack_field *f, size_t n, void *to);

void pack_u32(struct pack *p, uint32_t v);
void pack_bytes(struct pack *p, const void *data, size_t len);
uint32_t unpack_u32(struct unpack *u);
/* unpack_bytes() - @len bytes where they lie; NULL when there are not so many. */
const uint8_t *unpack_bytes(struct unpack *u, size_t len);

#endif
