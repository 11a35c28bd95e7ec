// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer's bytes on one of the two sockets: headers, fields, the bitmap's code, state words.  The
 * first byte says which socket, and what was agreed.  Bulk data is left out of the stream, so that
 * a packet with a megabyte of it is a short one here.  What was decoded encodes to what decodes
 * to the same.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/drbd/state_word.h"
#include "mirror/drbd/wire.h"
#include "mirror/drbd/wire_bits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct wire_packet *p, const struct wire_agreed *a)
{
	static uint8_t out[WIRE_HEADER_MAX + WIRE_FIELDS_MAX], twice[sizeof(out)];
	unsigned head = wire_header_size(p->command);
	struct wire_packet q;
	struct wire_header h;
	int n = wire_encode(out, p, a);
	const struct wire_kind *k;

	if (n < 0 || wire_header_decode(out, head, &h))
		abort();
	k = wire_kind_of(&h, wire_kind_row(p->command)->socket, a);
	if (!k || wire_decode(k, &h, a, out + head, &q) || q.bulk != p->bulk)
		abort();
	if (wire_encode(twice, &q, a) != n || memcmp(out, twice, (size_t)n))
		abort();
}

static void code(uint8_t encoding, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len + 1), *back = calloc(1, len + 1);
	struct wire_bits in = {.bytes = copy}, out = {.bytes = back};
	bool first_set;
	uint64_t n;
	int r;

	memcpy(copy, data, len);
	if (!wire_code_read(encoding, len, &in.room, &first_set)) {
		out.room = in.room;
		while (!(r = wire_run_get(&in, &n)))
			if (!n || wire_run_put(&out, n))
				abort();
		/* there is one code for a run */
		if (r == -ENODATA && (out.at != in.room || memcmp(copy, back, out.at / 8)))
			abort();
	}
	free(copy);
	free(back);
}

static void word(uint32_t w)
{
	struct drbd_state s;

	state_swap(w);
	if (!state_decode(w, &s) && (state_encode(&s) ^ w) & 0x7fffff)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t fields[WIRE_FIELDS_MAX];
	struct wire_agreed a = {.version = 101};
	enum wire_socket socket;
	size_t at = 1;

	if (size < 1)
		return 0;
	socket = data[0] & 1 ? WIRE_ON_META : WIRE_ON_DATA;
	a.features = data[0] >> 1 & 0xf;
	a.digest = data[0] & 0x20 ? 20 : 0;
	while (at + WIRE_H80 <= size) {
		unsigned head = data[at] == 0x83 ? WIRE_H80 : WIRE_H100;
		const struct wire_kind *k;
		struct wire_header h;
		struct wire_packet p;
		uint32_t n;

		if (at + head > size || wire_header_decode(data + at, head, &h))
			break;
		at += head;
		k = wire_kind_of(&h, socket, &a);
		if (!k)
			break;
		n = wire_fields_size(k, &h, &a);
		if (n > sizeof(fields))
			abort();
		if (n > size - at)
			break;
		memcpy(fields, data + at, n);
		at += n;
		if (wire_decode(k, &h, &a, fields, &p))
			break;
		again(&p, &a);
		if (p.command == WIRE_STATE)
			word(p.state);
		if (p.command == WIRE_COMPRESSED_BITMAP)
			code(p.encoding, data + at, size - at < p.bulk ? size - at : p.bulk);
	}
	if (size > 2)
		code(data[1], data + 2, size - 2);
	return 0;
}
