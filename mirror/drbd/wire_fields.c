// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/wire_fields.h"

uint32_t wire_string_size(const char *s)
{
	return (uint32_t)strnlen(s, WIRE_ALGORITHM_MAX - 1) + 1;
}

static uint32_t put(uint8_t *out, const struct wire_field *f, const void *from)
{
	uint32_t n = f->type == WIRE_STRING ? wire_string_size(from) : f->size;

	switch (f->type) {
	case WIRE_U8: *out = *(const uint8_t *)from; break;
	case WIRE_U16: put_be16(out, *(const uint16_t *)from); break;
	case WIRE_U32: put_be32(out, *(const uint32_t *)from); break;
	case WIRE_U64: put_be64(out, *(const uint64_t *)from); break;
	case WIRE_RAW: memcpy(out, from, n); break;
	case WIRE_STRING:
	case WIRE_NAME:
		memset(out, 0, n);
		memcpy(out, from, wire_string_size(from) - 1);
		break;
	default: memset(out, 0, n); break;
	}
	return n;
}

uint8_t *wire_fields_put(const struct wire_field *f, unsigned n, uint8_t *out,
			 const struct wire_packet *p)
{
	for (; n--; f++)
		out += put(out, f, (const uint8_t *)p + f->at);
	return out;
}

/* name() - A string that ends within @n bytes; what is behind its end is not looked at. */
static int name(char *to, const uint8_t *in, size_t n)
{
	size_t len = strnlen((const char *)in, n);

	if (len == n || len >= WIRE_ALGORITHM_MAX)
		return -EPROTO;
	memcpy(to, in, len + 1);
	return 0;
}

static int get(const struct wire_field *f, const uint8_t *in, void *to, uint32_t n)
{
	switch (f->type) {
	case WIRE_U8: *(uint8_t *)to = *in; break;
	case WIRE_U16: *(uint16_t *)to = get_be16(in); break;
	case WIRE_U32: *(uint32_t *)to = get_be32(in); break;
	case WIRE_U64: *(uint64_t *)to = get_be64(in); break;
	case WIRE_RAW: memcpy(to, in, n); break;
	case WIRE_STRING:
	case WIRE_NAME: return name(to, in, n);
	default: break;
	}
	return 0;
}

int wire_fields_get(const struct wire_field *f, unsigned n, const uint8_t *in, const uint8_t *end,
		    struct wire_packet *p)
{
	for (; n--; f++) {
		uint32_t size = f->type == WIRE_STRING ? (uint32_t)(end - in) : f->size;
		int r;

		if (size > end - in)
			return -EPROTO;
		r = get(f, in, (uint8_t *)p + f->at, size);
		if (r)
			return r;
		in += size;
	}
	return 0;
}
