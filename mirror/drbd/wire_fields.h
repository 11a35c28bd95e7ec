/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the fields of a packet follow one another: private to the codec.
 */
#ifndef MIRROR_DRBD_WIRE_FIELDS_H
#define MIRROR_DRBD_WIRE_FIELDS_H

#include "mirror/drbd/wire.h"

enum wire_type {
	WIRE_U8 = 1,
	WIRE_U16,
	WIRE_U32,
	WIRE_U64,
	WIRE_RAW,    /* bytes as they are */
	WIRE_NAME,   /* `size` bytes, of which the string is a part */
	WIRE_STRING, /* the rest of the packet: a string with its NUL */
	WIRE_PAD,    /* `size` zero bytes; what comes there is not looked at */
};

struct wire_field {
	uint8_t type;  /* enum wire_type */
	uint16_t at;   /* offset in struct wire_packet */
	uint16_t size; /* bytes on the wire; WIRE_STRING: the room for it */
};

/* wire_string_size() - Bytes of @s as a WIRE_STRING. */
uint32_t wire_string_size(const char *s);

/* WIRE_ROW() - Where in the table the row of @c is. */
#define WIRE_ROW(c_) ((c_) < 0xfff0 ? (c_) : 0x40 + ((c_)&0xf))

/* wire_fields_put(), wire_fields_get() - @n fields between @p and bytes.  @end: where those end. */
uint8_t *wire_fields_put(const struct wire_field *f, unsigned n, uint8_t *out,
			 const struct wire_packet *p);
int wire_fields_get(const struct wire_field *f, unsigned n, const uint8_t *in, const uint8_t *end,
		    struct wire_packet *p);

#endif
