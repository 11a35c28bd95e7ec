// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The side that is compared with; and what both keep of a verify.
 */
#include <errno.h>
#include <endian.h>
#include <stdlib.h>

#include "hv/daemon.h"
#include "mirror/engine/pacer.h"
#include "mirror/engine/pread.h"
#include "mirror/engine/verify.h"

enum { GIVEN_MAX = 16384, RUNS_MAX = 32, RESULTS_MS = 5000 };

/* A digest that was sent, and whose result has not come. */
struct given {
	struct list link;
	uint64_t sector;
	uint32_t bytes;
};

bool verify_runs(const struct volume *v)
{
	return v->state.conn == CONN_VERIFY_S || v->state.conn == CONN_VERIFY_T;
}

/* ---- what both keep ---- */

static void say_run(struct volume *v)
{
	struct verify *y = &v->verify;

	if (y->run_end == y->run_start)
		return;
	keep_pages(v, NULL);
	if (y->runs++ < RUNS_MAX)
		volume_say(v, LOG_WARNING, "the disks differ from sector %llu on, in %llu sectors",
			   (unsigned long long)y->run_start,
			   (unsigned long long)(y->run_end - y->run_start));
	y->run_start = y->run_end = 0;
}

void verify_differs(struct volume *v, uint64_t sector, uint32_t bytes)
{
	struct verify *y = &v->verify;

	out_of_sync(v, sector, bytes);
	y->found += bytes / 512;
	if (sector != y->run_end) {
		say_run(v);
		y->run_start = sector;
	}
	y->run_end = sector + bytes / 512;
}

void verify_reached(struct volume *v, uint64_t sector, uint32_t bytes)
{
	if (sector + bytes / 512 > v->verify.reached)
		v->verify.reached = sector + bytes / 512;
}

void verify_over(struct volume *v, bool tell)
{
	struct verify *y = &v->verify;
	struct drbd_state s = v->state;

	say_run(v);
	volume_say(
		v, y->found ? LOG_WARNING : LOG_NOTICE,
		"verify is over, up to sector %llu: %llu KiB differ%s",
		(unsigned long long)y->reached, (unsigned long long)y->found / 2,
		y->found ? "; they are copied when the sides have disconnected and connected again"
			 : "");
	y->halted = true;
	s.conn = CONN_CONNECTED;
	state_set(v, s, tell);
	keep_pages(v, NULL);
}

/* ---- the side that is compared with ---- */

static bool answer(struct pread *x)
{
	struct wire_packet p = {.command = WIRE_OV_REPLY};
	struct given *g = malloc(sizeof(*g));
	struct volume *v = x->v;
	uint8_t digest[DIGEST_MAX];

	if (!g) {
		link_end(v, false, -ENOMEM, "no memory for a verify");
		return false;
	}
	g->sector = x->block.sector;
	g->bytes = x->block.size;
	list_append(&v->verify.given, &g->link);
	digest_of(&v->verify_with, x->op.buf, x->block.size, digest);
	p.block = x->block;
	p.bulk = v->verify_with.size;
	send_data(v, &p, digest, NULL);
	return false;
}

static const struct pread_kind asked = {PREAD_SYNC, CONN_VERIFY_T, answer, 0};

int verify_request(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct verify *y = &v->verify;

	if (y->ngiven >= GIVEN_MAX || !v->verify_with.size)
		return -EPROTO;
	/* where it begins is not said otherwise */
	if (y->start == UINT64_MAX)
		y->start = y->reached = p->block.sector;
	y->ngiven++;
	return pread_take(v, &asked, p, NULL);
}

static struct given *find(struct volume *v, const struct wire_block *b)
{
	list_for_each (l, &v->verify.given) {
		struct given *g = list_entry(l, struct given, link);

		if (g->sector == b->sector && g->bytes == b->size)
			return g;
	}
	return NULL;
}

int verify_result(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_block *b = &p->block;
	struct verify *y = &v->verify;
	struct given *g = find(v, b);

	if (!g || v->state.conn != CONN_VERIFY_T ||
	    (b->id != htobe64(WIRE_OV_SAME) && b->id != htobe64(WIRE_OV_OTHER)))
		return -EPROTO;
	if (b->id == htobe64(WIRE_OV_OTHER))
		verify_differs(v, b->sector, b->size);
	verify_reached(v, b->sector, b->size);
	list_remove(&g->link);
	free(g);
	y->ngiven--;
	/* protocol 100 has no other sign of its end */
	if (v->link.agreed.version <= 100 && y->reached == v->sectors)
		y->halted = true;
	if (y->halted && !y->ngiven)
		verify_over(v, false);
	return 0;
}

void verify_serve(struct volume *v)
{
	struct verify *y = &v->verify;

	y->start = UINT64_MAX;
	y->stop = v->sectors;
	y->reached = y->found = y->runs = 0;
	y->ngiven = 0;
	y->halted = false;
	volume_say(v, LOG_NOTICE, "the peer verifies, by %s", v->verify_with.name);
	pacer_begin(v);
}

/* The results come over the other socket: some may be on their way. */
void verify_served(struct volume *v)
{
	if (v->verify.start == UINT64_MAX)
		return; /* said before it began */
	v->verify.halted = true;
	v->verify.ends = v->loop->now + RESULTS_MS * LOOP_MS;
	if (!v->verify.ngiven)
		verify_over(v, false);
}

void verify_look(struct volume *v)
{
	struct verify *y = &v->verify;

	if (v->state.conn == CONN_VERIFY_S)
		verify_go_on(v);
	else if (v->state.conn == CONN_VERIFY_T && y->halted && v->loop->now > y->ends)
		link_end(v, false, -ETIMEDOUT, "the peer has ended a verify without its results");
}

void verify_serve_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->verify.given)))
		free(list_entry(l, struct given, link));
	v->verify.ngiven = 0;
}

void verify_init(struct volume *v)
{
	list_init(&v->verify.asked);
	list_init(&v->verify.again);
	list_init(&v->verify.given);
}
