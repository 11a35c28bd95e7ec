// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "fencing/pack.h"

void pack_bytes(struct pack *p, const void *data, size_t len)
{
	if (p->bad || (size_t)(p->end - p->at) < len) {
		p->bad = true;
		return;
	}
	if (len)
		memcpy(p->at, data, len);
	p->at += len;
}

static void put_number(struct pack *p, uint64_t v, size_t bytes)
{
	uint8_t le[8];

	for (size_t i = 0; i < bytes; i++)
		le[i] = (uint8_t)(v >> (8 * i));
	pack_bytes(p, le, bytes);
}

void pack_u32(struct pack *p, uint32_t v)
{
	put_number(p, v, 4);
}

static void put_string(struct pack *p, const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	put_number(p, len, 2);
	pack_bytes(p, s, len);
}

static void put_field(struct pack *p, const struct pack_field *f, const char *from)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch ((enum pack_type)f->type) {
	case PACK_U8: put_number(p, *(const uint8_t *)from, 1); break;
	case PACK_BOOL: put_number(p, *(const bool *)from, 1); break;
	case PACK_U16:
		memcpy(&v16, from, sizeof(v16));
		put_number(p, v16, 2);
		break;
	case PACK_U32:
		memcpy(&v32, from, sizeof(v32));
		put_number(p, v32, 4);
		break;
	case PACK_U64:
		memcpy(&v64, from, sizeof(v64));
		put_number(p, v64, 8);
		break;
	case PACK_STRING: put_string(p, from, f->size); break;
	case PACK_BYTES: pack_bytes(p, from, f->size); break;
	}
}

void pack_put(struct pack *p, const struct pack_field *f, size_t n, const void *from)
{
	for (size_t i = 0; i < n; i++)
		put_field(p, &f[i], (const char *)from + f[i].at);
}

const uint8_t *unpack_bytes(struct unpack *u, size_t len)
{
	const uint8_t *at = u->at;

	if (u->bad || (size_t)(u->end - u->at) < len) {
		u->bad = true;
		return NULL;
	}
	u->at += len;
	return at;
}

static uint64_t get_number(struct unpack *u, size_t bytes)
{
	const uint8_t *p = unpack_bytes(u, bytes);
	uint64_t v = 0;

	for (size_t i = 0; p && i < bytes; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint32_t unpack_u32(struct unpack *u)
{
	return (uint32_t)get_number(u, 4);
}

static void get_string(struct unpack *u, char *to, size_t size)
{
	size_t len = (size_t)get_number(u, 2);
	const uint8_t *p;

	/* A NUL inside would make two different strings the same. */
	if (len >= size || !(p = unpack_bytes(u, len)) || memchr(p, '\0', len)) {
		u->bad = true;
		return;
	}
	memcpy(to, p, len);
	memset(to + len, 0, size - len);
}

static void get_field(struct unpack *u, const struct pack_field *f, char *to)
{
	const uint8_t *bytes;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch ((enum pack_type)f->type) {
	case PACK_U8: *(uint8_t *)to = (uint8_t)get_number(u, 1); break;
	case PACK_BOOL:
		v64 = get_number(u, 1);
		u->bad |= v64 > 1;
		*(bool *)to = v64 == 1;
		break;
	case PACK_U16:
		v16 = (uint16_t)get_number(u, 2);
		memcpy(to, &v16, sizeof(v16));
		break;
	case PACK_U32:
		v32 = (uint32_t)get_number(u, 4);
		memcpy(to, &v32, sizeof(v32));
		break;
	case PACK_U64:
		v64 = get_number(u, 8);
		memcpy(to, &v64, sizeof(v64));
		break;
	case PACK_STRING: get_string(u, to, f->size); break;
	case PACK_BYTES:
		bytes = unpack_bytes(u, f->size);
		if (bytes)
			memcpy(to, bytes, f->size);
		break;
	}
}

void unpack_get(struct unpack *u, const struct pack_field *f, size_t n, void *to)
{
	for (size_t i = 0; i < n && !u->bad; i++)
		get_field(u, &f[i], (char *)to + f[i].at);
}
