// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a guest, or of whoever pretends to be the host: framing and both decoders.
 * The first byte says how large the pieces are in which they arrive; whatever they are,
 * the same messages come out.  What was decoded is encoded to the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/bytes.h"
#include "fencing/message.h"
#include "hv/crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const uint8_t *body, size_t len, const uint8_t *out, int n)
{
	if (n != (int)(len + FENCE_HEADER) || memcmp(out + FENCE_HEADER, body, len))
		abort();
}

static void decode(const uint8_t *body, size_t len)
{
	static uint8_t out[FENCE_HEADER + FENCE_BODY_MAX];
	struct fence_request q;
	struct fence_reply p;

	if (!fence_request_decode(body, len, &q))
		again(body, len, out, fence_request_encode(out, sizeof(out), &q));
	if (!fence_reply_decode(body, len, &p)) {
		again(body, len, out, fence_reply_encode(out, sizeof(out), &p));
		fence_reply_free(&p);
	}
}

/* feed() - A checksum of all messages in the stream, which comes in pieces of @piece bytes. */
static uint32_t feed(const uint8_t *data, size_t total, size_t piece)
{
	struct fence_framer f = {0};
	uint32_t sum = 0;

	for (size_t at = 0; at < total; at += piece) {
		size_t len = total - at < piece ? total - at : piece;
		const uint8_t *body;
		uint16_t kind;

		if (fence_feed(&f, data + at, len))
			abort();
		while (fence_next(&f, &kind, &body, &len) == 1) {
			sum = sum * 31 + kind + hv_crc32(body, len);
			decode(body, len);
		}
	}
	sum = sum * 31 + (uint32_t)f.bad;
	fence_framer_free(&f);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 65536)
		return 0;
	decode(data + 1, size - 1);
	if (feed(data + 1, size - 1, size) != feed(data + 1, size - 1, data[0] % 61 + 1))
		abort();
	return 0;
}
