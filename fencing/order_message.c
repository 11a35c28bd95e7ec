// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages between the taiki-fenced of all hosts:
 *
 *   0 u32 magic "TKO1"   4 u16 version 1   6 u16 kind   8 u32 length of the body
 *  12 u32 CRC-32 of the body               16 u64 time   24 body
 *
 * A kind is the list of its fields; nothing may follow them.
 */
#include <errno.h>
#include <string.h>

#include "fencing/bytes.h"
#include "fencing/order.h"
#include "fencing/pack.h"
#include "hv/crc.h"

enum { ORDER_VERSION = 1, HEADER = 24 };

static const uint8_t order_magic[4] = {'T', 'K', 'O', '1'};

#define U16(m)    PACK(PACK_U16, struct order_message, m)
#define U32(m)    PACK(PACK_U32, struct order_message, m)
#define U64(m)    PACK(PACK_U64, struct order_message, m)
#define BOOL(m)   PACK(PACK_BOOL, struct order_message, m)
#define STRING(m) PACK(PACK_STRING, struct order_message, m)
#define ID        PACK(PACK_BYTES, struct order_message, id)

static const struct pack_field hello[] = {U64(view),   U64(digest),  U64(applied),
					  BOOL(stale), STRING(host), STRING(boot)};
static const struct pack_field snapshot[] = {U64(view)};
static const struct pack_field up[] = {STRING(name), STRING(incarnation), STRING(group),
				       STRING(resource)};
static const struct pack_field down[] = {STRING(name), STRING(incarnation)};
static const struct pack_field request[] = {
	ID,
	U16(op),
	U32(timeout_ms),
	STRING(target),
	STRING(sender),
	STRING(sender_incarnation),
	STRING(sender_group),
	STRING(sender_name),
};
static const struct pack_field result[] = {ID, U16(result), STRING(text)};
static const struct pack_field proof[] = {ID, STRING(incarnation), U16(result), BOOL(alive),
					  STRING(text)};
static const struct pack_field host_dead[] = {U32(nodeid), STRING(boot), STRING(text)};

#define FIELDS(f) .field = (f), .n = sizeof(f) / sizeof((f)[0])

static const struct {
	const struct pack_field *field;
	size_t n;
	bool blob;
} kinds[ORDER_MSG_KINDS] = {
	[ORDER_MSG_HELLO] = {FIELDS(hello)},
	[ORDER_MSG_SNAPSHOT] = {FIELDS(snapshot), .blob = true},
	[ORDER_MSG_RESYNC] = {.n = 0},
	[ORDER_MSG_ANNOUNCE] = {.n = 0, .blob = true},
	[ORDER_MSG_UP] = {FIELDS(up)},
	[ORDER_MSG_DOWN] = {FIELDS(down)},
	[ORDER_MSG_REQUEST] = {FIELDS(request)},
	[ORDER_MSG_MARKED] = {FIELDS(result)},
	[ORDER_MSG_PROOF] = {FIELDS(proof)},
	[ORDER_MSG_SETTLED] = {FIELDS(result)},
	[ORDER_MSG_GIVE_UP] = {FIELDS(result)},
	[ORDER_MSG_HOST_DEAD] = {FIELDS(host_dead)},
};

static void put64(uint8_t *p, uint64_t v)
{
	fence_put32(p, (uint32_t)v);
	fence_put32(p + 4, (uint32_t)(v >> 32));
}

static uint64_t get64(const uint8_t *p)
{
	return fence_get32(p) | (uint64_t)fence_get32(p + 4) << 32;
}

int order_encode(uint8_t *out, size_t size, const struct order_message *m)
{
	struct pack p = {.at = out + HEADER, .end = out + size};
	size_t body;

	if (!m->kind || m->kind >= ORDER_MSG_KINDS)
		return -EINVAL;
	if (size < HEADER)
		return -ENOSPC;
	pack_put(&p, kinds[m->kind].field, kinds[m->kind].n, m);
	if (kinds[m->kind].blob) {
		pack_u32(&p, m->blob_len);
		pack_bytes(&p, m->blob, m->blob_len);
	}
	if (p.bad)
		return -ENOSPC;
	body = (size_t)(p.at - out) - HEADER;
	memcpy(out, order_magic, sizeof(order_magic));
	fence_put16(out + 4, ORDER_VERSION);
	fence_put16(out + 6, m->kind);
	fence_put32(out + 8, (uint32_t)body);
	put64(out + 16, m->time_ms);
	fence_put32(out + 12, hv_crc32(out + HEADER, body));
	return (int)(HEADER + body);
}

int order_decode(const uint8_t *data, size_t len, struct order_message *m)
{
	struct unpack u = {.at = data + HEADER, .end = data + len};

	memset(m, 0, sizeof(*m));
	if (len < HEADER || len > ORDER_WIRE_MAX ||
	    memcmp(data, order_magic, sizeof(order_magic)) ||
	    fence_get16(data + 4) != ORDER_VERSION || fence_get32(data + 8) != len - HEADER ||
	    fence_get32(data + 12) != hv_crc32(data + HEADER, len - HEADER))
		return -EINVAL;
	m->kind = fence_get16(data + 6);
	m->time_ms = get64(data + 16);
	if (!m->kind || m->kind >= ORDER_MSG_KINDS)
		return -EINVAL;
	unpack_get(&u, kinds[m->kind].field, kinds[m->kind].n, m);
	if (kinds[m->kind].blob) {
		m->blob_len = unpack_u32(&u);
		m->blob = unpack_bytes(&u, m->blob_len);
	}
	return u.bad || u.at != u.end ? -EINVAL : 0;
}

static const struct pack_field listed[] = {
	PACK(PACK_STRING, struct order_domain, name),
	PACK(PACK_STRING, struct order_domain, incarnation),
	PACK(PACK_STRING, struct order_domain, group),
	PACK(PACK_STRING, struct order_domain, resource),
};

int order_domains_encode(uint8_t *out, size_t size, const struct order_domain *d, uint32_t n)
{
	struct pack p = {.at = out, .end = out + size};

	pack_u32(&p, n);
	for (uint32_t i = 0; i < n; i++)
		pack_put(&p, listed, sizeof(listed) / sizeof(listed[0]), &d[i]);
	return p.bad ? -ENOSPC : (int)(p.at - out);
}

int order_domains_decode(const uint8_t *in, size_t len, struct order_domain *d, uint32_t max)
{
	struct unpack u = {.at = in, .end = in + len};
	uint32_t n = unpack_u32(&u);

	if (u.bad || n > max)
		return -EINVAL;
	for (uint32_t i = 0; i < n && !u.bad; i++) {
		memset(&d[i], 0, sizeof(d[i]));
		unpack_get(&u, listed, sizeof(listed) / sizeof(listed[0]), &d[i]);
	}
	return u.bad || u.at != u.end ? -EINVAL : (int)n;
}
