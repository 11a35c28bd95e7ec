// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/wire_fields.h"

enum {
	MAGIC_H80 = (int)0x83740267,
	MAGIC_H100 = (int)0x8620ec20,
	SIZES_SHORT = 32, /* without the limits that WIRE_FF_WSAME brings */
	SIZES_SHORT_FIELDS = 6,
	FIRST_OF_H80 = 0xfff0,
};

unsigned wire_header_size(uint16_t command)
{
	return command >= FIRST_OF_H80 ? WIRE_H80 : WIRE_H100;
}

int wire_header_decode(const uint8_t *in, unsigned size, struct wire_header *h)
{
	if (size == WIRE_H80) {
		if (get_be32(in) != (uint32_t)MAGIC_H80)
			return -EPROTO;
		*h = (struct wire_header){.command = get_be16(in + 4), .length = get_be16(in + 6)};
		return 0;
	}
	if (get_be32(in) != (uint32_t)MAGIC_H100 || get_be32(in + 12))
		return -EPROTO;
	*h = (struct wire_header){.volume = get_be16(in + 4),
				  .command = get_be16(in + 6),
				  .length = get_be32(in + 8)};
	return 0;
}

static uint8_t *header_encode(uint8_t *out, const struct wire_header *h)
{
	if (wire_header_size(h->command) == WIRE_H80) {
		put_be32(out, (uint32_t)MAGIC_H80);
		put_be16(out + 4, h->command);
		put_be16(out + 6, (uint16_t)h->length);
		return out + WIRE_H80;
	}
	put_be32(out, (uint32_t)MAGIC_H100);
	put_be16(out + 4, h->volume);
	put_be16(out + 6, h->command);
	put_be32(out + 8, h->length);
	put_be32(out + 12, 0);
	return out + WIRE_H100;
}

/* The one packet whose fields depend on what was agreed. */
static bool short_sizes(uint16_t command, const struct wire_agreed *a)
{
	return command == WIRE_SIZES && !(a->features & WIRE_FF_WSAME);
}

static unsigned nfields(const struct wire_kind *k, const struct wire_agreed *a)
{
	return short_sizes(k->command, a) ? SIZES_SHORT_FIELDS : k->nfields;
}

const char *wire_name(uint16_t command)
{
	const struct wire_kind *k = wire_kind_row(command);

	return k ? k->name : "P_?";
}

static bool bulk_fits(const struct wire_kind *k, uint32_t length, uint32_t fields)
{
	uint32_t bulk = length - fields;

	switch (k->bulk) {
	case WIRE_BULK_BLOCKS: return bulk && bulk % 512 == 0;
	case WIRE_BULK_WORDS: return bulk % 8 == 0;
	case WIRE_BULK_BYTES: return bulk != 0;
	default: return true;
	}
}

static bool length_fits(const struct wire_kind *k, uint32_t length, const struct wire_agreed *a)
{
	uint32_t digest = k->digest ? a->digest : 0;

	if (short_sizes(k->command, a))
		return length == SIZES_SHORT;
	return length >= k->min + digest && length <= k->max + digest &&
	       bulk_fits(k, length, k->size + digest);
}

const struct wire_kind *wire_kind_of(const struct wire_header *h, enum wire_socket socket,
				     const struct wire_agreed *agreed)
{
	const struct wire_kind *k = wire_kind_row(h->command);

	errno = ENOTSUP;
	if (!k || (k->features & ~agreed->features))
		return NULL;
	errno = EPROTO;
	if (!(k->socket & socket) || !length_fits(k, h->length, agreed))
		return NULL;
	return k;
}

uint32_t wire_fields_size(const struct wire_kind *k, const struct wire_header *h,
			  const struct wire_agreed *agreed)
{
	/* without bulk data everything is fields */
	if (k->bulk == WIRE_BULK_NONE)
		return h->length;
	return k->size + (k->digest ? agreed->digest : 0);
}

/* What wire_kind_of() cannot see: a size that is a field.  Sizes are whole sectors. */
static bool sizes_are(const struct wire_packet *p)
{
	switch (p->command) {
	case WIRE_TRIM:
	case WIRE_ZEROES:
		return p->data.size && p->data.size % 512 == 0 && p->data.size <= WIRE_TRIM_MAX;
	case WIRE_DATA_REQUEST:
	case WIRE_RS_DATA_REQUEST:
	case WIRE_RS_THIN_REQ:
	case WIRE_OV_REQUEST:
	case WIRE_OV_REPLY:
	case WIRE_CSUM_RS_REQUEST:
		return p->block.size && p->block.size % 512 == 0 && p->block.size <= WIRE_BULK_MAX;
	case WIRE_OUT_OF_SYNC:
	case WIRE_RS_DEALLOCATED: return p->range.size && p->range.size % 512 == 0;
	default: return true;
	}
}

int wire_decode(const struct wire_kind *k, const struct wire_header *h,
		const struct wire_agreed *agreed, const uint8_t *in, struct wire_packet *p)
{
	uint32_t size = wire_fields_size(k, h, agreed), digest = k->digest ? agreed->digest : 0;
	int r;

	memset(p, 0, sizeof(*p));
	p->command = h->command;
	p->volume = h->volume;
	p->bulk = h->length - size;
	r = wire_fields_get(k->fields, nfields(k, agreed), in, in + size - digest, p);
	if (r)
		return r;
	if (k->digest) {
		p->data.size = p->bulk;
		memcpy(p->data.digest, in + size - digest, digest);
	}
	return sizes_are(p) ? 0 : -EPROTO;
}

int wire_encode(uint8_t *out, const struct wire_packet *p, const struct wire_agreed *agreed)
{
	const struct wire_kind *k = wire_kind_row(p->command);
	struct wire_header h = {.command = p->command, .volume = p->volume, .length = p->bulk};
	uint8_t *at;

	if (!k)
		return -EINVAL;
	h.length += k->size + (k->digest ? agreed->digest : 0);
	if (k->fields && k->fields[k->nfields - 1].type == WIRE_STRING)
		h.length += wire_string_size(p->protocol.integrity);
	if (short_sizes(p->command, agreed))
		h.length = SIZES_SHORT;
	if (!wire_kind_of(&h, k->socket, agreed) || !sizes_are(p))
		return -EINVAL;
	at = wire_fields_put(k->fields, nfields(k, agreed), header_encode(out, &h), p);
	if (k->digest) {
		memcpy(at, p->data.digest, agreed->digest);
		at += agreed->digest;
	}
	return (int)(at - out);
}
