// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bodies are written and read through a cursor that remembers whether anything did not
 * fit, so that each format is the list of its fields and nothing else.
 */
#include <errno.h>
#include <stdlib.h>

#include "fencing/bytes.h"
#include "fencing/message.h"
#include "hv/crc.h"

struct writer {
	uint8_t *at, *end;
	int rc; /* 0, -ENOSPC, -EINVAL: the first thing that went wrong */
};

static uint8_t *claim(struct writer *w, size_t n)
{
	uint8_t *p = w->at;

	if (!w->rc && (size_t)(w->end - w->at) < n)
		w->rc = -ENOSPC;
	if (w->rc)
		return NULL;
	w->at += n;
	return p;
}

static void put_bytes(struct writer *w, const void *data, size_t len)
{
	uint8_t *p = claim(w, len);

	if (p)
		memcpy(p, data, len);
}

static void put8(struct writer *w, uint8_t v)
{
	put_bytes(w, &v, 1);
}

static void put16(struct writer *w, uint16_t v)
{
	uint8_t *p = claim(w, 2);

	if (p)
		fence_put16(p, v);
}

static void put32(struct writer *w, uint32_t v)
{
	uint8_t *p = claim(w, 4);

	if (p)
		fence_put32(p, v);
}

/* put_string() - @s stands in @size bytes; one that does not end there is refused. */
static void put_string(struct writer *w, const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	if (len == size && !w->rc)
		w->rc = -EINVAL;
	put16(w, (uint16_t)len);
	put_bytes(w, s, len);
}

static struct writer begin(uint8_t *out, size_t size)
{
	struct writer w = {.at = out, .end = out + size};

	claim(&w, FENCE_HEADER);
	return w;
}

static int finish(struct writer *w, uint8_t *out, uint16_t kind)
{
	size_t len;

	if (w->rc)
		return w->rc;
	len = (size_t)(w->at - out) - FENCE_HEADER;
	memcpy(out, fence_magic, sizeof(fence_magic));
	fence_put16(out + 4, FENCE_VERSION);
	fence_put16(out + 6, kind);
	fence_put32(out + 8, (uint32_t)len);
	fence_put32(out + 12, hv_crc32(out + FENCE_HEADER, len));
	return (int)(len + FENCE_HEADER);
}

int fence_request_encode(uint8_t *out, size_t size, const struct fence_request *r)
{
	struct writer w = begin(out, size);

	put_bytes(&w, r->id, sizeof(r->id));
	put16(&w, r->op);
	put32(&w, r->timeout_ms);
	put_string(&w, r->target, sizeof(r->target));
	return finish(&w, out, FENCE_REQUEST);
}

int fence_reply_encode(uint8_t *out, size_t size, const struct fence_reply *r)
{
	struct writer w = begin(out, size);

	if (r->nlisted > FENCE_LIST_MAX || r->power > FENCE_POWER_OFF)
		return -EINVAL;
	put_bytes(&w, r->id, sizeof(r->id));
	put16(&w, r->result);
	put8(&w, r->power);
	put_string(&w, r->text, sizeof(r->text));
	put16(&w, r->nlisted);
	for (unsigned i = 0; i < r->nlisted; i++) {
		put_string(&w, r->listed[i].name, sizeof(r->listed[i].name));
		put8(&w, r->listed[i].power);
	}
	return finish(&w, out, FENCE_REPLY);
}

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->at;

	if ((size_t)(r->end - r->at) < n)
		r->bad = true;
	if (r->bad)
		return NULL;
	r->at += n;
	return p;
}

static void get_bytes(struct reader *r, void *out, size_t len)
{
	const uint8_t *p = take(r, len);

	if (p)
		memcpy(out, p, len);
}

static uint8_t get8(struct reader *r)
{
	const uint8_t *p = take(r, 1);

	return p ? *p : 0;
}

static uint16_t get16(struct reader *r)
{
	const uint8_t *p = take(r, 2);

	return p ? fence_get16(p) : 0;
}

static uint32_t get32(struct reader *r)
{
	const uint8_t *p = take(r, 4);

	return p ? fence_get32(p) : 0;
}

/* get_string() - Into @size bytes with a NUL; one that is longer, or holds a NUL, is bad. */
static void get_string(struct reader *r, char *out, size_t size)
{
	size_t len = get16(r);
	const uint8_t *p = len < size ? take(r, len) : NULL;

	if (!p || memchr(p, 0, len)) {
		r->bad = true;
		return;
	}
	memcpy(out, p, len);
	out[len] = '\0';
}

/* get_power() - What is no power state makes the message bad. */
static uint8_t get_power(struct reader *r)
{
	uint8_t v = get8(r);

	if (v > FENCE_POWER_OFF)
		r->bad = true;
	return v;
}

int fence_request_decode(const uint8_t *body, size_t len, struct fence_request *r)
{
	struct reader in = {.at = body, .end = body + len};

	memset(r, 0, sizeof(*r));
	get_bytes(&in, r->id, sizeof(r->id));
	r->op = get16(&in);
	r->timeout_ms = get32(&in);
	get_string(&in, r->target, sizeof(r->target));
	return in.bad || in.at != in.end ? -EINVAL : 0;
}

static int get_listed(struct reader *in, struct fence_reply *r)
{
	unsigned n = get16(in);

	if (n > FENCE_LIST_MAX)
		in->bad = true;
	if (in->bad || !n)
		return 0;
	r->listed = calloc(n, sizeof(*r->listed));
	if (!r->listed)
		return -ENOMEM;
	r->nlisted = (uint16_t)n;
	for (unsigned i = 0; i < n && !in->bad; i++) {
		get_string(in, r->listed[i].name, sizeof(r->listed[i].name));
		r->listed[i].power = get_power(in);
	}
	return 0;
}

int fence_reply_decode(const uint8_t *body, size_t len, struct fence_reply *r)
{
	struct reader in = {.at = body, .end = body + len};
	int rc;

	memset(r, 0, sizeof(*r));
	get_bytes(&in, r->id, sizeof(r->id));
	r->result = get16(&in);
	r->power = get_power(&in);
	get_string(&in, r->text, sizeof(r->text));
	rc = get_listed(&in, r);
	if (!rc && (in.bad || in.at != in.end))
		rc = -EINVAL;
	if (rc)
		fence_reply_free(r);
	return rc;
}

void fence_reply_free(struct fence_reply *r)
{
	free(r->listed);
	r->listed = NULL;
	r->nlisted = 0;
}
