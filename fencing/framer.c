// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "fencing/bytes.h"
#include "fencing/message.h"
#include "hv/crc.h"

int fence_feed(struct fence_framer *f, const uint8_t *data, size_t len)
{
	if (f->size - f->len < len) {
		size_t size = f->len + len;
		uint8_t *buf = realloc(f->buf, size);

		if (!buf)
			return -ENOMEM;
		f->buf = buf;
		f->size = size;
	}
	if (len)
		memcpy(f->buf + f->len, data, len);
	f->len += len;
	return 0;
}

static void drop(struct fence_framer *f, size_t n)
{
	f->len -= n;
	if (f->len)
		memmove(f->buf, f->buf + n, f->len);
}

/* How many bytes lie before the next thing that may be a magic, whole or cut short. */
static size_t before_magic(const uint8_t *p, size_t len)
{
	size_t at = 0;

	for (; at < len; at++) {
		size_t n = len - at < sizeof(fence_magic) ? len - at : sizeof(fence_magic);

		if (!memcmp(p + at, fence_magic, n))
			break;
	}
	return at;
}

/*
 * A header that cannot be one is passed over at once: a length that was damaged
 * must not make the reader wait for bytes that never come.
 */
static bool header_ok(const struct fence_framer *f, const uint8_t *h)
{
	uint16_t kind = fence_get16(h + 6);
	uint32_t len = fence_get32(h + 8);

	if (fence_get16(h + 4) != FENCE_VERSION || (f->want && kind != f->want))
		return false;
	return kind == FENCE_REQUEST ? len <= FENCE_REQUEST_MAX
				     : kind == FENCE_REPLY && len <= FENCE_BODY_MAX;
}

/* pass() - @n bytes belong to no message.  Counted once for each time step is lost. */
static size_t pass(struct fence_framer *f, size_t n)
{
	if (n && !f->lost) {
		f->bad++;
		f->lost = true;
	}
	return n;
}

int fence_next(struct fence_framer *f, uint16_t *kind, const uint8_t **body, size_t *body_len)
{
	size_t at = f->done;
	int found = 0;

	f->done = 0;
	while (at < f->len && !found) {
		const uint8_t *h = f->buf + at;
		size_t left = f->len - at, skip = before_magic(h, left);

		if (skip) {
			at += pass(f, skip);
			continue;
		}
		if (left < FENCE_HEADER)
			break;
		if (!header_ok(f, h)) {
			at += pass(f, 1);
			continue;
		}
		*body_len = fence_get32(h + 8);
		if (left - FENCE_HEADER < *body_len)
			break;
		found = hv_crc32(h + FENCE_HEADER, *body_len) == fence_get32(h + 12);
		if (!found)
			at += pass(f, 1);
	}
	drop(f, at);
	if (!found)
		return 0;
	f->lost = false;
	f->done = FENCE_HEADER + *body_len;
	*kind = fence_get16(f->buf + 6);
	*body = f->buf + FENCE_HEADER;
	return 1;
}

void fence_framer_free(struct fence_framer *f)
{
	free(f->buf);
	memset(f, 0, sizeof(*f));
}
