// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The side that compares.
 *
 * A large range is compared first; where it differs, its result says only that it is over, and its blocks are
 * asked for one by one.
 *
 * Both digests are of the same moment in the stream of writes.  On the Primary a range is locked until the
 * request is queued and our own block is read: the peer reads what was written before, and nothing that comes after.
 * Else ours is read when the reply comes, which has come after the writes that it covers, and when those of earlier
 * epochs are on disk.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/daemon.h"
#include "mirror/engine/pacer.h"
#include "mirror/engine/verify.h"

enum { BLOCK = 4096, LARGE = 256 << 10 };

/* A range that is compared. */
struct check {
	struct list link;
	struct volume *v;
	struct range range;
	struct disk_op op;
	uint64_t sector, at; /* at: loop time of the request */
	uint32_t bytes;
	enum role role; /* ours, when it was asked for */
	uint32_t after; /* the peer's epoch that was open when it replied */
	bool ranged, sent, replied, waits, compared, stale;
	uint8_t ours[DIGEST_MAX], theirs[DIGEST_MAX];
};

/* What is to be compared block by block. */
struct again {
	struct list link;
	uint64_t sector, end;
};

static void unlock(struct check *x)
{
	if (x->ranged)
		range_unlock(x->v, &x->range);
	x->ranged = false;
}

static void check_again(struct check *x)
{
	struct again *a = malloc(sizeof(*a));

	if (!a) {
		link_end(x->v, false, -ENOMEM, "no memory for a verify");
		return;
	}
	a->sector = x->sector;
	a->end = x->sector + x->bytes / 512;
	list_append(&x->v->verify.again, &a->link);
}

static void ask(struct volume *v);

static void over(struct check *x)
{
	struct volume *v = x->v;

	unlock(x);
	pool_put(&v->pool, x->op.buf, x->bytes);
	if (!x->stale) {
		v->pacer.moved += x->bytes;
		window_done(&v->verify.window, x->bytes, x->at, v->loop->now);
		list_remove(&x->link);
		ask(v);
	}
	free(x);
}

static void tell(struct check *x, uint64_t result)
{
	/* a number, in a place where others have a cookie */
	send_ack(x->v, WIRE_OV_RESULT, x->sector, htobe64(result), x->bytes);
}

/* conclude() - Both digests are there. */
static void conclude(struct check *x)
{
	struct volume *v = x->v;
	bool same = !memcmp(x->ours, x->theirs, v->verify_with.size);

	if (x->role != v->state.role || (!same && x->bytes > BLOCK)) {
		tell(x, WIRE_OV_SAME);
		check_again(x);
	} else if (!same) {
		tell(x, WIRE_OV_OTHER);
		verify_differs(v, x->sector, x->bytes);
	} else {
		tell(x, WIRE_OV_SAME);
	}
	verify_reached(v, x->sector, x->bytes);
	over(x);
}

static void was_read(struct disk_op *op, int result)
{
	struct check *x = list_entry(op, struct check, op);
	struct volume *v = x->v;

	unlock(x);
	if (result) {
		disk_broke(v, "reading for a verify", result);
		link_end(v, false, result, "the disk has failed in a verify");
	} else if (!x->stale) {
		digest_of(&v->verify_with, op->buf, x->bytes, x->ours);
	}
	x->compared = true;
	if (x->stale)
		over(x);
	else if (!result && x->replied)
		conclude(x);
	link_io_done(v);
}

static void read_ours(struct check *x)
{
	struct volume *v = x->v;

	x->ranged = true;
	v->link.flying++;
	x->op.verb = DISK_READ;
	x->op.off = x->sector * 512;
	x->op.len = x->bytes;
	x->op.done = was_read;
	if (disk_is_here(v))
		disk_submit(&v->data, &x->op);
	else
		was_read(&x->op, -ENODEV);
}

static void send_request(struct check *x)
{
	struct wire_packet p = {.command = WIRE_OV_REQUEST};

	x->sent = true;
	x->at = x->v->loop->now;
	p.block = (struct wire_block){.sector = x->sector, .id = WIRE_ID_RESYNC, .size = x->bytes};
	send_data(x->v, &p, NULL, NULL);
}

static void locked_to_ask(struct range *r)
{
	struct check *x = list_entry(r, struct check, range);

	send_request(x);
	read_ours(x);
}

static void locked_to_read(struct range *r)
{
	read_ours(list_entry(r, struct check, range));
}

static void lock(struct check *x, void (*go)(struct range *r))
{
	x->range.go = go;
	range_lock(x->v, &x->range, x->sector, x->bytes, true);
}

/* A verify that is stopped has asked once, so that the peer knows where it began. */
static bool is_all_asked(const struct verify *y)
{
	return y->cursor >= y->stop || (y->halted && y->cursor > y->start);
}

/* next_range() - Blocks that have to be looked at again, then large ranges. */
static bool next_range(struct volume *v, uint64_t *sector, uint32_t *bytes)
{
	/* a kernel of protocol 100 counts results, of a block each, to know when it is over */
	uint32_t large = v->link.agreed.version > 100 ? LARGE / 512 : BLOCK / 512;
	struct verify *y = &v->verify;
	uint64_t end;

	if (!list_empty(&y->again)) {
		struct again *a = list_entry(y->again.next, struct again, link);

		*sector = a->sector;
		end = (a->sector / (BLOCK / 512) + 1) * (BLOCK / 512);
		a->sector = end = end < a->end ? end : a->end;
		*bytes = (uint32_t)(end - *sector) * 512;
		if (end == a->end) {
			list_remove(&a->link);
			free(a);
		}
		return true;
	}
	if (is_all_asked(y))
		return false;
	*sector = y->cursor;
	end = (y->cursor / large + 1) * large;
	y->cursor = end < y->stop ? end : y->stop;
	*bytes = (uint32_t)(y->cursor - *sector) * 512;
	return true;
}

static struct check *make(struct volume *v, uint64_t sector, uint32_t bytes)
{
	struct check *x = calloc(1, sizeof(*x));

	if (x)
		x->op.buf = pool_get(&v->pool, bytes);
	if (!x || !x->op.buf) {
		free(x);
		link_end(v, false, -ENOMEM, "no memory for a verify");
		return NULL;
	}
	x->v = v;
	x->sector = sector;
	x->bytes = bytes;
	x->at = v->loop->now;
	x->role = v->state.role;
	list_append(&v->verify.asked, &x->link);
	window_sent(&v->verify.window, bytes, x->at);
	return x;
}

static void ask(struct volume *v)
{
	struct verify *y = &v->verify;
	uint64_t sector;
	uint32_t bytes;

	while (link_is_up(v) && v->state.conn == CONN_VERIFY_S && pacer_open(v) &&
	       window_open(&y->window, v->loop->now) && next_range(v, &sector, &bytes)) {
		struct check *x = make(v, sector, bytes);

		if (!x)
			return;
		if (x->role == ROLE_PRIMARY)
			lock(x, locked_to_ask);
		else
			send_request(x);
	}
	if (link_is_up(v) && v->state.conn == CONN_VERIFY_S && list_empty(&y->asked) &&
	    list_empty(&y->again) && is_all_asked(y))
		verify_over(v, true);
}

void verify_go_on(struct volume *v)
{
	ask(v);
}

static struct check *find(struct volume *v, const struct wire_block *b)
{
	list_for_each (l, &v->verify.asked) {
		struct check *x = list_entry(l, struct check, link);

		if (x->sector == b->sector && x->bytes == b->size && x->sent && !x->replied)
			return x;
	}
	return NULL;
}

void verify_pump(struct volume *v)
{
	list_for_each (l, &v->verify.asked) {
		struct check *x = list_entry(l, struct check, link);

		if (!x->waits || !pwrites_reached(v, x->after))
			continue;
		x->waits = false;
		lock(x, locked_to_read);
	}
}

int verify_reply(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct check *x = find(v, &p->block);

	if (!x || v->state.conn != CONN_VERIFY_S || p->bulk != v->verify_with.size)
		return -EPROTO;
	x->replied = true;
	memcpy(x->theirs, bulk, p->bulk);
	if (x->role != ROLE_PRIMARY) {
		x->after = pwrites_serial(v);
		x->waits = true;
		verify_pump(v);
	} else if (x->compared) {
		conclude(x);
	}
	return 0;
}

void verify_begin(struct volume *v)
{
	struct drbd_state s = v->state;
	struct verify *y = &v->verify;
	struct window_set set = {.rate = v->config.rates.max * UINT64_C(1024)};

	if (y->stop > v->sectors)
		y->stop = v->sectors;
	y->cursor = y->reached = y->start;
	y->found = y->runs = 0;
	y->halted = false;
	window_begin(&y->window, &set, v->loop->now);
	s.conn = CONN_VERIFY_S;
	volume_say(v, LOG_NOTICE, "verify from sector %llu to %llu, by %s",
		   (unsigned long long)y->start, (unsigned long long)y->stop, v->verify_with.name);
	state_set(v, s, false);
	pacer_begin(v);
	ask(v);
}

int volume_verify_stop(struct volume *v)
{
	if (v->state.conn != CONN_VERIFY_S)
		return -ENOENT;
	v->verify.halted = true;
	ask(v);
	return 0;
}

void verify_drop(struct volume *v)
{
	struct list *l;

	while ((l = list_take(&v->verify.again)))
		free(list_entry(l, struct again, link));
	while ((l = list_take(&v->verify.asked))) {
		struct check *x = list_entry(l, struct check, link);

		x->stale = true;
		if (x->ranged)
			continue; /* it is being read */
		if (x->range.go && !x->compared)
			range_unlock(v, &x->range); /* it waits no more */
		over(x);
	}
	v->verify.window.flying = v->verify.window.requests = 0;
}
