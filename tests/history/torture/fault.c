// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes wrong, and who serves afterwards.
 */
#include <errno.h>
#include <stdlib.h>

#include "tests/history/torture/fault.h"

enum { AGAIN_MS = 20, NOTICE_MS = 10000, SERVE_MS = 60000, ANSWER_MS = 60000 };

unsigned some_ms(unsigned from, unsigned to)
{
	return from + (unsigned)chance(to - from);
}

/* promote() - @h, which may need some time to see how things are. */
static void promote(struct host *h, unsigned ms)
{
	uint64_t until = now_ns() + ms * UINT64_C(1000000);

	while (host_ask(h, "primary", PROMOTE_MS)) {
		if (now_ns() > until)
			give_up("%s cannot be promoted, though its peer is there", h->name);
		pause_ms(AGAIN_MS);
	}
}

/* promote_either() - @first, or its peer, whoever may be and has the data. */
static struct host *promote_either(struct host *first)
{
	uint64_t until = now_ns() + SERVE_MS * UINT64_C(1000000);

	for (struct host *h = first; now_ns() < until; h = h->peer) {
		if (!host_is_barred(h) && !host_ask(h, "primary", PROMOTE_MS))
			return h;
		pause_ms(AGAIN_MS);
	}
	give_up("neither %s nor its peer can be promoted", first->name);
}

static void serves(struct round *r, struct host *h)
{
	r->elsewhere = h != r->primary;
	r->primary = h;
}

/* notices() - @h gives its peer up. */
static void notices(struct host *h)
{
	uint64_t until = now_ns() + NOTICE_MS * UINT64_C(1000000);

	while (host_is(h, "peer-role", "Primary") && now_ns() < until)
		pause_ms(AGAIN_MS);
}

void fail_over(struct round *r, bool caches_lost)
{
	struct host *p = r->primary, *s = p->peer;

	host_dead(p, true);
	notices(s);
	link_heal();
	if (!host_is_barred(s) && !host_ask(s, "primary", PROMOTE_MS)) {
		serves(r, s);
		return;
	}
	r->caches_lost = caches_lost;
	host_up(p);
	promote(p, SERVE_MS);
}

/* ---- the Primary's host ---- */

static void power(struct round *r)
{
	link_lose();
	host_power_cut(r->primary);
	fail_over(r, true);
}

static void power_and_back(struct round *r)
{
	link_lose();
	host_power_cut(r->primary);
	r->caches_lost = true;
	link_heal();
	host_up(r->primary);
	promote(r->primary, SERVE_MS);
}

static void killed(struct round *r)
{
	host_kill(r->primary);
	fail_over(r, false);
}

static void killed_and_back(struct round *r)
{
	host_kill(r->primary);
	host_up(r->primary);
	promote(r->primary, SERVE_MS);
}

static void frozen(struct round *r)
{
	host_freeze(r->primary, true);
	pause_ms(some_ms(5, 1500));
	host_freeze(r->primary, false);
}

/* It is thought dead, and is not: when it wakes up it may tell nobody that anything is written. */
static void replaced(struct round *r)
{
	struct host *p = r->primary, *s = p->peer;
	struct load *old = r->load;

	host_freeze(p, true);
	host_dead(p, true);
	notices(s);
	if (host_is_barred(s) || host_ask(s, "primary", PROMOTE_MS)) {
		host_dead(p, false);
		host_freeze(p, false);
		return;
	}
	r->replaced = now_ns();
	serves(r, s);
	r->load = load_start(s);
	if (!r->load)
		give_up("%s is Primary, and lets nobody in", s->name);
	pause_ms(some_ms(5, 300));
	host_freeze(p, false);
	pause_ms(some_ms(5, 700));
	host_kill(p);
	r->late = old;
}

static void moved(struct round *r)
{
	struct host *p = r->primary, *s = p->peer;
	uint64_t until = now_ns() + SERVE_MS * UINT64_C(1000000);

	if (!load_stop(r->load, ANSWER_MS))
		give_up("%s: its client waits in vain", p->name);
	/* the daemon hears of its client's end when it looks */
	while (host_ask(p, "secondary", PROMOTE_MS)) {
		if (now_ns() > until)
			give_up("%s cannot be demoted", p->name);
		pause_ms(AGAIN_MS);
	}
	if (host_is_barred(s) || host_ask(s, "primary", PROMOTE_MS)) {
		promote(p, SERVE_MS);
		return;
	}
	serves(r, s);
}

/* ---- the other one ---- */

static void other_killed(struct round *r)
{
	host_kill(r->primary->peer);
	pause_ms(some_ms(1, 600));
}

static void other_power(struct round *r)
{
	link_lose();
	host_power_cut(r->primary->peer);
	host_dead(r->primary->peer, true);
	pause_ms(some_ms(1, 600));
}

static void other_frozen(struct round *r)
{
	host_freeze(r->primary->peer, true);
	pause_ms(some_ms(5, 1500));
	host_freeze(r->primary->peer, false);
}

static void other_invalidated(struct round *r)
{
	host_ask(r->primary->peer, "invalidate", PROMOTE_MS);
	pause_ms(some_ms(1, 300));
}

/* The link is lost while a resync's reads are with the Primary's disk. */
static void resync_torn(struct round *r)
{
	host_ask(r->primary->peer, "invalidate", PROMOTE_MS);
	pause_ms(some_ms(50, 250));
	host_disk_freeze(r->primary, true);
	pause_ms(some_ms(1, 20));
	link_lose();
	pause_ms(some_ms(1, 700));
}

/* ---- both ---- */

static void both_cut(struct round *r)
{
	link_lose();
	host_power_cut(r->primary);
	host_power_cut(r->primary->peer);
	r->caches_lost = true;
	link_heal();
}

static void both_power(struct round *r)
{
	struct host *first = &hosts[chance(2)];

	both_cut(r);
	host_up(first);
	pause_ms(some_ms(0, 100));
	host_up(first->peer);
	serves(r, promote_either(first));
}

/* Only the one that was Secondary comes back, and is promoted, if it may. */
static void both_power_one_back(struct round *r)
{
	struct host *p = r->primary;

	both_cut(r);
	host_up(p->peer);
	fail_over(r, true);
	r->caches_lost = true;
}

static void both_killed(struct round *r)
{
	struct host *first = &hosts[chance(2)];

	host_kill(first);
	host_kill(first->peer);
	host_up(first);
	host_up(first->peer);
	promote(r->primary, SERVE_MS);
}

/* ---- between them ---- */

static void link_is_cut(struct round *r)
{
	link_cut();
	pause_ms(some_ms(1, 1500));
}

static void link_is_lost(struct round *r)
{
	link_lose();
	pause_ms(some_ms(1, 1500));
}

static void link_flaps(struct round *r)
{
	for (int i = 0; i < 6; i++) {
		link_lose();
		link_heal();
		pause_ms(some_ms(1, 250));
	}
}

const struct fault faults[] = {
	{"power", power, 10},
	{"power-and-back", power_and_back, 4},
	{"killed", killed, 6},
	{"killed-and-back", killed_and_back, 4},
	{"frozen", frozen, 3},
	{"replaced", replaced, 3},
	{"moved", moved, 4},
	{"other-killed", other_killed, 5},
	{"other-power", other_power, 5},
	{"other-frozen", other_frozen, 3},
	{"other-invalidated", other_invalidated, 2},
	{"resync-torn", resync_torn, 2},
	{"both-power", both_power, 6},
	{"both-power-one-back", both_power_one_back, 4},
	{"both-killed", both_killed, 3},
	{"link-cut", link_is_cut, 5},
	{"link-lost", link_is_lost, 5},
	{"link-flaps", link_flaps, 3},
	{"disk-hangs", disk_hangs, 3},
	{"other-disk-hangs", other_disk_hangs, 3},
	{"other-data-eio", other_data_eio, 2},
	{"other-meta-eio", other_meta_eio, 2},
	{"other-full", other_full, 2},
	{"data-eio", data_eio, 2},
	{"meta-eio", meta_eio, 2},
	{"full", full, 2},
	{"alone-eio", alone_eio, 3},
	{"data-eio-back", data_eio_back, 3},
	{"meta-eio-back", meta_eio_back, 2},
	{"other-eio-back", other_eio_back, 3},
	{"detached", detached, 2},
};

const unsigned nfaults = sizeof(faults) / sizeof(faults[0]);

void fault_mend(void)
{
	link_heal();
	for (int i = 0; i < 2; i++) {
		host_disk_freeze(&hosts[i], false);
		host_up(&hosts[i]);
	}
	for (int i = 0; i < 2; i++)
		host_attach(&hosts[i]);
}
