// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state as bytes: for those who join, and to tell whether two are equal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/order.h"
#include "fencing/pack.h"

enum { STATE_VERSION = 1 };

#define HOST(t, m)      PACK(t, struct order_host, m)
#define DOMAIN(t, m)    PACK(t, struct order_domain, m)
#define PENDING(t, m)   PACK(t, struct order_pending, m)
#define INSTANCE(t, m)  PACK(t, struct order_instance, m)
#define OUTCOME(t, m)   PACK(t, struct order_outcome, m)
#define CONDEMNED(t, m) PACK(t, struct order_condemned, m)

static const struct pack_field head[] = {
	PACK(PACK_U64, struct order_state, seq),
	PACK(PACK_U64, struct order_state, time_ms),
	PACK(PACK_U32, struct order_state, nhosts),
	PACK(PACK_U32, struct order_state, ndomains),
	PACK(PACK_U32, struct order_state, npending),
	PACK(PACK_U32, struct order_state, noutcomes),
	PACK(PACK_U32, struct order_state, ncondemned),
};
static const struct pack_field host[] = {
	HOST(PACK_U32, nodeid),   HOST(PACK_STRING, name), HOST(PACK_STRING, boot),
	HOST(PACK_BOOL, present), HOST(PACK_BOOL, dead),
};
static const struct pack_field domain[] = {
	DOMAIN(PACK_STRING, name),  DOMAIN(PACK_STRING, incarnation),
	DOMAIN(PACK_STRING, group), DOMAIN(PACK_STRING, resource),
	DOMAIN(PACK_U32, host),     DOMAIN(PACK_STRING, boot),
	DOMAIN(PACK_BOOL, up),      DOMAIN(PACK_U64, seq),
};
static const struct pack_field pending[] = {
	PENDING(PACK_BYTES, id),        PENDING(PACK_U16, op),
	PENDING(PACK_U8, phase),        PENDING(PACK_U32, timeout_ms),
	PENDING(PACK_U32, coordinator), PENDING(PACK_U64, seq),
	PENDING(PACK_STRING, target),   PENDING(PACK_STRING, resource),
	PENDING(PACK_STRING, sender),   PENDING(PACK_STRING, sender_name),
	PENDING(PACK_U8, ninstances),
};
static const struct pack_field instance[] = {
	INSTANCE(PACK_U32, host),
	INSTANCE(PACK_STRING, boot),
	INSTANCE(PACK_STRING, incarnation),
	INSTANCE(PACK_U8, proof),
};
static const struct pack_field outcome[] = {
	OUTCOME(PACK_BYTES, id),           OUTCOME(PACK_U16, op),
	OUTCOME(PACK_U16, result),         OUTCOME(PACK_U64, seq),
	OUTCOME(PACK_U64, time_ms),        OUTCOME(PACK_STRING, target),
	OUTCOME(PACK_STRING, incarnation), OUTCOME(PACK_STRING, sender_name),
	OUTCOME(PACK_STRING, text),
};
static const struct pack_field condemned[] = {
	CONDEMNED(PACK_STRING, incarnation),
	CONDEMNED(PACK_BYTES, by),
};

#define PUT(p, fields, from) pack_put(p, fields, sizeof(fields) / sizeof((fields)[0]), from)
#define GET(u, fields, to)   unpack_get(u, fields, sizeof(fields) / sizeof((fields)[0]), to)

int order_state_encode(uint8_t *out, size_t size, const struct order_state *s)
{
	struct pack p = {.at = out, .end = out + size};

	pack_u32(&p, STATE_VERSION);
	PUT(&p, head, s);
	for (uint32_t i = 0; i < s->nhosts; i++)
		PUT(&p, host, &s->host[i]);
	for (uint32_t i = 0; i < s->ndomains; i++)
		PUT(&p, domain, &s->domain[i]);
	for (uint32_t i = 0; i < s->npending; i++) {
		PUT(&p, pending, &s->pending[i]);
		for (unsigned k = 0; k < s->pending[i].ninstances; k++)
			PUT(&p, instance, &s->pending[i].instance[k]);
	}
	for (uint32_t i = 0; i < s->noutcomes; i++)
		PUT(&p, outcome, &s->outcome[i]);
	for (uint32_t i = 0; i < s->ncondemned; i++)
		PUT(&p, condemned, &s->condemned[i]);
	return p.bad ? -ENOSPC : (int)(p.at - out);
}

/* What a peer of another mind could send, and would lead out of an array or a table. */
static bool pending_ok(const struct order_pending *p)
{
	return p->ninstances <= ORDER_INSTANCES_MAX && p->phase >= ORDER_MARK &&
	       p->phase <= ORDER_UP &&
	       (p->op == FENCE_OP_OFF || p->op == FENCE_OP_ON || p->op == FENCE_OP_REBOOT);
}

static void get_pending(struct unpack *u, struct order_pending *p)
{
	GET(u, pending, p);
	if (!pending_ok(p))
		u->bad = true;
	for (unsigned k = 0; !u->bad && k < p->ninstances; k++) {
		GET(u, instance, &p->instance[k]);
		u->bad |= p->instance[k].proof > ORDER_HOST_DEAD;
	}
}

int order_state_decode(const uint8_t *in, size_t len, struct order_state *s)
{
	struct unpack u = {.at = in, .end = in + len};
	struct order_state *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return -ENOMEM;
	if (unpack_u32(&u) != STATE_VERSION)
		u.bad = true;
	GET(&u, head, n);
	if (n->nhosts > ORDER_HOSTS_MAX || n->ndomains > ORDER_DOMAINS_MAX ||
	    n->npending > ORDER_PENDING_MAX || n->noutcomes > ORDER_OUTCOMES_MAX ||
	    n->ncondemned > ORDER_CONDEMNED_MAX)
		u.bad = true;
	for (uint32_t i = 0; !u.bad && i < n->nhosts; i++)
		GET(&u, host, &n->host[i]);
	for (uint32_t i = 0; !u.bad && i < n->ndomains; i++)
		GET(&u, domain, &n->domain[i]);
	for (uint32_t i = 0; !u.bad && i < n->npending; i++)
		get_pending(&u, &n->pending[i]);
	for (uint32_t i = 0; !u.bad && i < n->noutcomes; i++)
		GET(&u, outcome, &n->outcome[i]);
	for (uint32_t i = 0; !u.bad && i < n->ncondemned; i++)
		GET(&u, condemned, &n->condemned[i]);
	rc = u.bad || u.at != u.end ? -EINVAL : 0;
	if (!rc)
		*s = *n;
	free(n);
	return rc;
}

uint64_t order_state_digest(const struct order_state *s)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */
	uint8_t *bytes = malloc(ORDER_WIRE_MAX);
	int len = bytes ? order_state_encode(bytes, ORDER_WIRE_MAX, s) : 0;

	for (int i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3;
	free(bytes);
	return h;
}
