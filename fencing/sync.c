// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/order_table.h"
#include "fencing/sync.h"

static void forget_kept(struct sync *y)
{
	while (y->kept) {
		struct sync_kept *k = y->kept;

		y->kept = k->next;
		free(k);
	}
	y->kept_end = &y->kept;
	y->kept_bytes = 0;
}

static void start(struct sync *y, uint32_t me, const char *host, const char *boot)
{
	y->me = me;
	y->stale = true;
	y->open = true;
	y->kept_end = &y->kept;
	order_copy(y->host, sizeof(y->host), host);
	order_copy(y->boot, sizeof(y->boot), boot);
}

int sync_init(struct sync *y, uint32_t me, const char *host, const char *boot)
{
	memset(y, 0, sizeof(*y));
	y->state = calloc(1, sizeof(*y->state));
	start(y, me, host, boot);
	return y->state ? 0 : -ENOMEM;
}

void sync_again(struct sync *y, uint32_t me, const char *host, const char *boot)
{
	struct order_state *state = y->state;

	forget_kept(y);
	memset(y, 0, sizeof(*y));
	y->state = state;
	start(y, me, host, boot);
}

void sync_free(struct sync *y)
{
	forget_kept(y);
	free(y->state);
	y->state = NULL;
}

bool sync_ready(const struct sync *y)
{
	return !y->open && !y->waiting;
}

void sync_lost_quorum(struct sync *y)
{
	y->stale = true;
	y->rounded = false;
}

bool sync_has_quorum(struct sync *y)
{
	if (!sync_ready(y) || !y->stale)
		return false;
	if (!y->rounded)
		return true;
	y->stale = false;
	return false;
}

static int by_node(const void *a, const void *b)
{
	const struct sync_member *x = a, *y = b;

	if (x->nodeid != y->nodeid)
		return x->nodeid < y->nodeid ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* A name for a set of members (FNV-1a): hellos of another view are not counted. */
static uint64_t name_of(const struct sync *y)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < y->nmembers; i++) {
		h = (h ^ y->member[i].nodeid) * 0x100000001b3;
		h = (h ^ y->member[i].pid) * 0x100000001b3;
	}
	return h;
}

static void take_absent(struct sync *y)
{
	uint32_t present[ORDER_HOSTS_MAX];

	for (size_t i = 0; i < y->nmembers; i++)
		present[i] = y->member[i].nodeid;
	order_absent(y->state, present, y->nmembers);
}

static unsigned open_round(struct sync *y)
{
	/* Whoever was still waiting has nothing that is worth anything. */
	if (y->waiting)
		y->stale = true;
	y->open = true;
	y->waiting = false;
	y->outstanding = false;
	forget_kept(y);
	memset(y->hello, 0, sizeof(y->hello));
	return SYNC_SAY_HELLO;
}

unsigned sync_view(struct sync *y, const struct sync_member *m, size_t n, bool joined)
{
	if (n > ORDER_HOSTS_MAX)
		return SYNC_BROKEN;
	memcpy(y->member, m, n * sizeof(*m));
	y->nmembers = n;
	qsort(y->member, n, sizeof(*m), by_node);
	y->view = name_of(y);
	if (joined || y->open || y->outstanding)
		return open_round(y);
	take_absent(y);
	return SYNC_CHANGED;
}

/* Whether @a is the better state; on a tie the lower node, which comes first. */
static bool better(const struct sync_hello *a, const struct sync_hello *b)
{
	if (a->stale != b->stale)
		return !a->stale;
	return a->applied > b->applied;
}

static unsigned close_round(struct sync *y)
{
	size_t lead = 0, mine = 0;
	bool differs = false;

	for (size_t i = 1; i < y->nmembers; i++)
		if (better(&y->hello[i], &y->hello[lead]))
			lead = i;
	for (size_t i = 0; i < y->nmembers; i++) {
		differs |= y->hello[i].digest != y->hello[lead].digest;
		if (y->member[i].nodeid == y->me)
			mine = i;
	}
	y->open = false;
	y->leader = y->member[lead].nodeid;
	y->outstanding = differs;
	y->waiting = y->hello[mine].digest != y->hello[lead].digest;
	if (y->waiting)
		return 0;
	/* What was said at the opening of the round must still be so: nothing was applied since. */
	if (order_state_digest(y->state) != y->hello[mine].digest)
		return SYNC_BROKEN;
	y->state->seq++;
	y->rounded = true;
	if (y->hello[lead].stale)
		y->state->npending = 0;
	for (size_t i = 0; i < y->nmembers; i++)
		order_member(y->state, y->member[i].nodeid, y->hello[i].host, y->hello[i].boot);
	take_absent(y);
	return SYNC_DONE | SYNC_CHANGED |
	       (differs && y->leader == y->me ? (unsigned)SYNC_SEND_STATE : 0u);
}

static unsigned take_hello(struct sync *y, uint32_t from, const struct order_message *m)
{
	bool all = true;

	if (!y->open || m->view != y->view)
		return 0;
	for (size_t i = 0; i < y->nmembers; i++) {
		struct sync_hello *h = &y->hello[i];

		if (y->member[i].nodeid == from) {
			h->have = true;
			h->stale = m->stale;
			h->digest = m->digest;
			h->applied = m->applied;
			order_copy(h->host, sizeof(h->host), m->host);
			order_copy(h->boot, sizeof(h->boot), m->boot);
		}
		all &= h->have;
	}
	return all ? close_round(y) : 0;
}

static unsigned keep(struct sync *y, uint32_t from, const uint8_t *bytes, size_t len)
{
	struct sync_kept *k;

	if (y->kept_bytes + len > SYNC_KEPT_MAX || !(k = malloc(sizeof(*k) + len)))
		return SYNC_BROKEN;
	k->next = NULL;
	k->from = from;
	k->len = len;
	memcpy(k->bytes, bytes, len);
	y->kept_bytes += len;
	*y->kept_end = k;
	y->kept_end = &k->next;
	return 0;
}

static unsigned take_snapshot(struct sync *y, uint32_t from, const struct order_message *m)
{
	struct order_message later;

	if (y->open || !y->outstanding || from != y->leader || m->view != y->view)
		return 0;
	y->outstanding = false;
	if (!y->waiting)
		return 0;
	if (order_state_decode(m->blob, m->blob_len, y->state))
		return SYNC_BROKEN;
	y->waiting = false;
	y->rounded = true;
	for (struct sync_kept *k = y->kept; k; k = k->next)
		if (!order_decode(k->bytes, k->len, &later))
			order_apply(y->state, k->from, &later);
	forget_kept(y);
	return SYNC_DONE | SYNC_CHANGED;
}

unsigned sync_deliver(struct sync *y, uint32_t from, const uint8_t *bytes, size_t len)
{
	struct order_message m;

	if (order_decode(bytes, len, &m))
		return SYNC_BAD;
	switch (m.kind) {
	case ORDER_MSG_HELLO: return take_hello(y, from, &m);
	case ORDER_MSG_SNAPSHOT: return take_snapshot(y, from, &m);
	case ORDER_MSG_RESYNC: return y->open ? 0 : open_round(y);
	default: break;
	}
	if (y->open)
		return 0;
	if (y->waiting)
		return keep(y, from, bytes, len);
	order_apply(y->state, from, &m);
	return SYNC_CHANGED;
}

void sync_hello(const struct sync *y, struct order_message *m)
{
	memset(m, 0, sizeof(*m));
	m->kind = ORDER_MSG_HELLO;
	m->view = y->view;
	m->digest = order_state_digest(y->state);
	m->applied = y->state->seq;
	m->stale = y->stale;
	order_copy(m->host, sizeof(m->host), y->host);
	order_copy(m->boot, sizeof(m->boot), y->boot);
}

int sync_snapshot(const struct sync *y, struct order_message *m, uint8_t *blob, size_t size)
{
	int len = order_state_encode(blob, size, y->state);

	if (len < 0)
		return len;
	memset(m, 0, sizeof(*m));
	m->kind = ORDER_MSG_SNAPSHOT;
	m->view = y->view;
	m->blob = blob;
	m->blob_len = (uint32_t)len;
	return 0;
}
