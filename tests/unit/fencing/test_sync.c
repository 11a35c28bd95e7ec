// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many hosts in one process.  Messages of a partition are delivered to all of its members in
 * one order, as libcpg promises; when hosts join, leave, part and meet again, how fast each
 * acts, and what is asked, is random.  What has to hold at all times:
 *  - an incarnation is killed only by a request that was ordered after it had started and
 *    while it ran, and at most once;
 *  - of two who fence each other, one is told that it was done, never both;
 *  - a request that was told to be done has ended what it named;
 *  - hosts of a partition that have come to rest know the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fencing/order_table.h"
#include "fencing/sync.h"

#ifdef SANITIZE /* ten times as slow, and what they look for shows in a few */
enum { SEEDS = 8 };
#else
enum { SEEDS = 60 };
#endif
enum { HOSTS = 5, DOMAINS = 6, STEPS = 6000, QUEUE = 4096, IDS = 512 };

struct message {
	uint32_t from;
	size_t len;
	uint8_t *bytes;
};

struct world_domain {
	uint32_t host; /* 0: runs nowhere */
	unsigned start;
	bool killed;
};

static struct {
	unsigned seed, clock, starts, requests;
	struct sync host[HOSTS + 1]; /* by node; [0] is not used */
	bool on[HOSTS + 1];
	unsigned boot[HOSTS + 1];
	unsigned part[HOSTS + 1];               /* partition of each */
	struct message queue[HOSTS + 1][QUEUE]; /* by partition */
	size_t head[HOSTS + 1], tail[HOSTS + 1];
	struct world_domain domain[DOMAINS];
	unsigned started_at[65536]; /* by start */
	bool dead[65536];
	unsigned ordered_at[IDS];
	unsigned kills;
} w;

static unsigned dice(unsigned n)
{
	return (unsigned)rand_r(&w.seed) % n;
}

static void send_message(uint32_t from, struct order_message *m)
{
	unsigned part = w.part[from];
	struct message *q = &w.queue[part][w.tail[part]++ % QUEUE];
	uint8_t *bytes = malloc(ORDER_WIRE_MAX);
	int len = order_encode(bytes, ORDER_WIRE_MAX, m);

	assert_true(len > 0 && w.tail[part] - w.head[part] < QUEUE);
	*q = (struct message){
		.from = from, .len = (size_t)len, .bytes = realloc(bytes, (size_t)len)};
}

static void incarnation(char *out, unsigned start)
{
	snprintf(out, ORDER_UUID, "start-%u", start);
}

static void announce(uint32_t n)
{
	struct order_domain list[DOMAINS] = {0};
	struct order_message m = {.kind = ORDER_MSG_ANNOUNCE};
	uint8_t blob[8192];
	uint32_t k = 0;

	for (int i = 0; i < DOMAINS; i++)
		if (w.domain[i].host == n) {
			snprintf(list[k].name, sizeof(list[k].name), "d%d", i);
			incarnation(list[k].incarnation, w.domain[i].start);
			strcpy(list[k].group, "g");
			if (i % 3)
				strcpy(list[k].resource, "r");
			k++;
		}
	m.blob = blob;
	m.blob_len = (uint32_t)order_domains_encode(blob, sizeof(blob), list, k);
	send_message(n, &m);
}

static void react(uint32_t n, unsigned flags)
{
	static uint8_t blob[ORDER_WIRE_MAX];
	struct order_message m;

	assert_false(flags & (SYNC_BROKEN | SYNC_BAD));
	if (flags & SYNC_SAY_HELLO) {
		sync_hello(&w.host[n], &m);
		send_message(n, &m);
	}
	if (flags & SYNC_SEND_STATE) {
		assert_int_equal(sync_snapshot(&w.host[n], &m, blob, sizeof(blob)), 0);
		send_message(n, &m);
	}
	if (flags & SYNC_DONE)
		announce(n);
}

static unsigned members(unsigned part)
{
	unsigned n = 0;

	for (uint32_t i = 1; i <= HOSTS; i++)
		n += w.on[i] && w.part[i] == part;
	return n;
}

static bool quorate(uint32_t n)
{
	return 2 * members(w.part[n]) > HOSTS;
}

static void tell_quorum(uint32_t n)
{
	struct order_message m = {.kind = ORDER_MSG_RESYNC};

	if (!quorate(n))
		sync_lost_quorum(&w.host[n]);
	else if (sync_has_quorum(&w.host[n]))
		send_message(n, &m);
}

/* When a request was first ordered, as a quorate host sees it. */
static void note_ordered(uint32_t n)
{
	const struct order_state *s = w.host[n].state;

	for (uint32_t i = 0; i < s->npending; i++) {
		unsigned id = s->pending[i].id[0] | s->pending[i].id[1] << 8;

		if (!w.ordered_at[id])
			w.ordered_at[id] = w.clock;
	}
}

static void deliver(unsigned part)
{
	struct message *q;

	if (w.head[part] == w.tail[part])
		return;
	q = &w.queue[part][w.head[part]++ % QUEUE];
	for (uint32_t n = 1; n <= HOSTS; n++)
		if (w.on[n] && w.part[n] == part) {
			react(n, sync_deliver(&w.host[n], q->from, q->bytes, q->len));
			tell_quorum(n);
			note_ordered(n);
		}
	free(q->bytes);
}

/* A view's members, to each of them; what was sent before and not delivered is lost or late. */
static void view(unsigned part, bool joined)
{
	struct sync_member m[HOSTS];
	size_t k = 0;

	for (uint32_t n = 1; n <= HOSTS; n++)
		if (w.on[n] && w.part[n] == part)
			m[k++] = (struct sync_member){.nodeid = n, .pid = w.boot[n]};
	while (w.head[part] != w.tail[part] && dice(3))
		deliver(part);
	while (w.head[part] != w.tail[part])
		free(w.queue[part][w.head[part]++ % QUEUE].bytes);
	/* Quorum that is lost is known before the view is acted upon. */
	for (uint32_t n = 1; n <= HOSTS; n++)
		if (w.on[n] && w.part[n] == part && !quorate(n))
			sync_lost_quorum(&w.host[n]);
	for (uint32_t n = 1; n <= HOSTS; n++)
		if (w.on[n] && w.part[n] == part)
			react(n, sync_view(&w.host[n], m, k, joined));
}

static void power_on(uint32_t n)
{
	char name[16], boot[ORDER_UUID];

	snprintf(name, sizeof(name), "node%u", n);
	snprintf(boot, sizeof(boot), "boot-%u-%u", n, ++w.boot[n]);
	assert_int_equal(sync_init(&w.host[n], n, name, boot), 0);
	w.on[n] = true;
	view(w.part[n], true);
}

static void power_off(uint32_t n)
{
	w.on[n] = false;
	sync_free(&w.host[n]);
	for (int i = 0; i < DOMAINS; i++)
		if (w.domain[i].host == n) {
			w.dead[w.domain[i].start] = true;
			w.domain[i].host = 0;
		}
	view(w.part[n], false);
}

static bool able(uint32_t n)
{
	return w.on[n] && quorate(n) && sync_ready(&w.host[n]) && !w.host[n].stale;
}

static void start_domain(int i, uint32_t n)
{
	struct order_message m = {.kind = ORDER_MSG_UP};

	if (w.domain[i].host || !able(n))
		return;
	w.domain[i] = (struct world_domain){.host = n, .start = ++w.starts};
	w.started_at[w.starts] = ++w.clock;
	snprintf(m.name, sizeof(m.name), "d%d", i);
	incarnation(m.incarnation, w.starts);
	strcpy(m.group, "g");
	if (i % 3)
		strcpy(m.resource, "r");
	send_message(n, &m);
}

static void ask(uint32_t n, int sender, int target, uint16_t op)
{
	struct order_message m = {.kind = ORDER_MSG_REQUEST, .op = op, .timeout_ms = 1000};
	unsigned id = w.requests + 1;

	if (!able(n) || id >= IDS || w.domain[sender].host != n)
		return;
	w.requests = id;
	m.id[0] = (uint8_t)id;
	m.id[1] = (uint8_t)(id >> 8);
	snprintf(m.sender, sizeof(m.sender), "d%d", sender);
	incarnation(m.sender_incarnation, w.domain[sender].start);
	snprintf(m.target, sizeof(m.target), "d%d", target);
	send_message(n, &m);
	if (!dice(4))
		send_message(n, &m); /* asked again at once */
}

/* A host does one thing that it has to do. */
static void work(uint32_t n)
{
	const struct order_state *s = w.host[n].state;
	struct order_message m = {0};
	unsigned k = 0;

	if (!able(n) || !s->npending)
		return;
	const struct order_pending *p = &s->pending[dice(s->npending)];

	memcpy(m.id, p->id, ORDER_ID);
	switch (order_duty(s, p, n, &k)) {
	case ORDER_NOTHING: return;
	case ORDER_DO_MARK: m.kind = ORDER_MSG_MARKED; break;
	case ORDER_DO_SETTLE: m.kind = ORDER_MSG_SETTLED; break;
	case ORDER_DO_KILL: {
		unsigned start = (unsigned)atoi(p->instance[k].incarnation + 6);
		unsigned id = p->id[0] | p->id[1] << 8;
		int i = p->target[1] - '0';

		m.kind = ORDER_MSG_PROOF;
		strcpy(m.incarnation, p->instance[k].incarnation);
		assert_true(w.started_at[start] < w.ordered_at[id]);
		if (w.domain[i].host == n && w.domain[i].start == start) {
			assert_false(w.dead[start]);
			m.alive = w.dead[start] = true;
			w.domain[i].host = 0;
			w.kills++;
		}
		break;
	}
	}
	send_message(n, &m);
}

/* The cluster confirms the end of a host that is off, to a host that misses it. */
static void confirm(uint32_t n)
{
	const struct order_state *s = w.host[n].state;

	for (uint32_t i = 0; able(n) && i < s->nhosts; i++) {
		struct order_message m = {.kind = ORDER_MSG_HOST_DEAD, .nodeid = s->host[i].nodeid};

		if (s->host[i].present || s->host[i].dead || w.on[s->host[i].nodeid])
			continue;
		memcpy(m.boot, s->host[i].boot, sizeof(m.boot));
		send_message(n, &m);
	}
}

/* Whoever is told "done" can rely on it. */
static void check_outcomes(uint32_t n)
{
	const struct order_state *s = w.host[n].state;

	for (uint32_t i = 0; able(n) && i < s->noutcomes; i++) {
		const struct order_outcome *o = &s->outcome[i];
		unsigned start = (unsigned)atoi(o->incarnation[0] ? o->incarnation + 6 : "0");

		if (o->result == FENCE_DONE && o->op == FENCE_OP_REBOOT && start)
			assert_true(w.dead[start]);
	}
}

static void split_or_merge(void)
{
	uint32_t n = 1 + dice(HOSTS);
	unsigned from = w.part[n], to = dice(2);

	if (!w.on[n] || from == to)
		return;
	w.part[n] = to;
	view(from, false);
	view(to, true);
}

static void random_step(void)
{
	uint32_t n = 1 + dice(HOSTS);

	w.clock++;
	switch (dice(120)) {
	case 0:
		if (w.on[n] && members(0) + members(1) > 3)
			power_off(n);
		break;
	case 1:
	case 2:
		if (!w.on[n])
			power_on(n);
		break;
	case 3: split_or_merge(); break;
	case 4:
	case 5:
	case 6: start_domain((int)dice(DOMAINS), n); break;
	case 7:
	case 8:
	case 14:
	case 15:
	case 16:
	case 17:
		ask(n, (int)dice(DOMAINS), (int)dice(DOMAINS),
		    dice(2) ? FENCE_OP_REBOOT : FENCE_OP_OFF);
		break;
	case 9:
		if (w.on[n])
			confirm(n);
		break;
	case 10:
	case 11:
	case 12:
	case 13:
	case 18:
	case 19:
	case 20:
	case 21:
	case 22:
	case 23:
	case 24:
	case 25:
	case 26:
	case 27:
	case 28:
	case 29:
		if (w.on[n])
			work(n);
		break;
	default: deliver(dice(2)); break;
	}
	if (w.on[n])
		check_outcomes(n);
}

/* No more faults: one partition, everything delivered, everything done. */
static void come_to_rest(void)
{
	for (uint32_t n = 1; n <= HOSTS; n++) {
		if (!w.on[n])
			power_on(n);
		if (w.part[n]) {
			w.part[n] = 0;
			view(1, false);
			view(0, true);
		}
	}
	for (int i = 0; i < 3000; i++) {
		w.clock++;
		deliver(0);
		if (!(i % 3))
			work(1 + dice(HOSTS));
	}
	while (w.head[0] != w.tail[0])
		deliver(0);
	for (uint32_t n = 1; n <= HOSTS; n++) {
		assert_true(able(n));
		assert_int_equal(order_state_digest(w.host[n].state),
				 order_state_digest(w.host[1].state));
	}
	/* The table is what is true. */
	for (int i = 0; i < DOMAINS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(order_power(w.host[1].state, name),
				 w.domain[i].host ? FENCE_POWER_ON : FENCE_POWER_OFF);
	}
}

static void begin(unsigned seed)
{
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	for (uint32_t n = 1; n <= HOSTS; n++)
		power_on(n);
	while (w.head[0] != w.tail[0])
		deliver(0);
}

static void end(void)
{
	for (uint32_t n = 1; n <= HOSTS; n++)
		if (w.on[n])
			sync_free(&w.host[n]);
	for (unsigned p = 0; p <= HOSTS; p++)
		while (w.head[p] != w.tail[p])
			free(w.queue[p][w.head[p]++ % QUEUE].bytes);
}

static void test_random(void **state)
{
	unsigned kills = 0, requests = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		begin(seed);
		for (int i = 0; i < STEPS; i++)
			random_step();
		come_to_rest();
		kills += w.kills;
		requests += w.requests;
		end();
	}
	print_message("# %u requests, %u kills\n", requests, kills);
	assert_true(kills > SEEDS);
}

/* Two who fence each other at the same time, from different hosts, however messages meet. */
static void test_mutual(void **state)
{
	for (unsigned seed = 1; seed <= 300; seed++) {
		unsigned done = 0, condemned = 0;

		begin(seed);
		start_domain(1, 2);
		start_domain(2, 3);
		while (w.head[0] != w.tail[0])
			deliver(0);
		w.clock++;
		ask(dice(2) ? 2 : 3, 1, 2, FENCE_OP_OFF);
		ask(2, 1, 2, FENCE_OP_OFF);
		ask(3, 2, 1, FENCE_OP_REBOOT);
		for (int i = 0; i < 400; i++) {
			deliver(0);
			if (dice(2))
				work(1 + dice(HOSTS));
		}
		for (uint32_t i = 0; i < w.host[1].state->noutcomes; i++) {
			done += w.host[1].state->outcome[i].result == FENCE_DONE;
			condemned += w.host[1].state->outcome[i].result == FENCE_CONDEMNED;
		}
		assert_int_equal(w.kills, 1);
		assert_true(done >= 1 && condemned >= 1);
		assert_true((w.domain[1].host != 0) + (w.domain[2].host != 0) == 1);
		end();
	}
}

/* A minority that went on by itself yields, however much it has applied. */
static void test_the_stale_yield(void **state)
{
	begin(1);
	w.part[5] = 1;
	view(0, false);
	view(1, false);
	for (int i = 0; i < 200; i++) {
		struct order_message m = {.kind = ORDER_MSG_UP, .name = "x", .incarnation = "x"};

		m.time_ms = (uint64_t)i;
		w.part[5] = 1;
		send_message(5, &m);
		deliver(1);
	}
	start_domain(0, 1);
	while (w.head[0] != w.tail[0])
		deliver(0);
	assert_true(w.host[5].state->seq > w.host[1].state->seq);
	assert_false(able(5));
	w.part[5] = 0;
	view(0, true);
	while (w.head[0] != w.tail[0])
		deliver(0);
	assert_true(able(5));
	assert_int_equal(order_power(w.host[5].state, "d0"), FENCE_POWER_ON);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_stale_yield),
		cmocka_unit_test(test_mutual),
		cmocka_unit_test(test_random),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
