// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What exports ask for, and when they are told that it is done.
 */
#include <errno.h>
#include <stdlib.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

/* ---- ranges ---- */

void range_lock(struct volume *v, struct range *r, uint64_t sector, uint32_t bytes, bool shared)
{
	r->i.sector = sector;
	r->i.end = sector + bytes / 512;
	r->i.shared = shared;
	if (interval_add(&v->locks, &r->i))
		r->go(r);
}

void range_unlock(struct volume *v, struct range *r)
{
	struct list ready = LIST_INIT(ready), *l;

	interval_remove(&v->locks, &r->i, &ready);
	while ((l = list_take(&ready))) {
		struct range *next = list_entry(l, struct range, i.ready);

		next->go(next);
	}
}

/* ---- the end of requests ---- */

bool data_is_reachable(const struct drbd_state *s)
{
	return s->disk == DISK_UP_TO_DATE ||
	       (s->conn >= CONN_CONNECTED && s->pdsk == DISK_UP_TO_DATE);
}

/* Clients have to wait: what is not begun yet is not, what has ended is not told. */
static bool is_frozen(const struct volume *v)
{
	bool no_data = v->state.suspended & SUSP_NO_DATA && !v->config.no_data_fails;

	return v->no_quorum || no_data || v->behind.failed || v->state.suspended & SUSP_FENCING;
}

/* What is written while the bitmaps of a Primary's new disk and its peer meet would be in neither. */
static bool is_settling(const struct volume *v)
{
	const struct drbd_state *s = &v->state;

	return s->role == ROLE_PRIMARY &&
	       (s->disk == DISK_NEGOTIATING || s->conn == CONN_WF_BITMAP_T ||
		s->conn == CONN_WF_SYNC_UUID);
}

static bool may_begin(const struct volume *v)
{
	return !is_frozen(v) && !is_settling(v) && !v->redoing && !v->grow.busy;
}

static bool may_tell(const struct volume *v)
{
	return v->keep.durable >= v->tell_at && !behind_is_pending(v) && !is_frozen(v);
}

void request_tell(struct volume *v, struct request *r, int result, bool wait)
{
	if (wait && v->abandoned && is_frozen(v))
		result = -EIO;
	else if (wait && !may_tell(v)) {
		r->result = result;
		list_append(&v->untold, &r->link);
		return;
	}
	v->requests--;
	r->done(r, result);
	change_check(v);
}

void requests_tell(struct volume *v)
{
	struct list now = LIST_INIT(now), *l;

	if (!may_tell(v))
		return;
	list_move(&now, &v->untold);
	while ((l = list_take(&now))) {
		struct request *r = list_entry(l, struct request, link);

		v->requests--;
		r->done(r, r->result);
	}
	change_check(v);
}

static void refused(struct task *t)
{
	struct request *r = list_entry(t, struct request, task);

	request_tell(r->volume, r, r->result, false);
}

void request_refuse(struct volume *v, struct request *r, int why)
{
	task_init(&r->task, refused);
	r->volume = v;
	r->result = why;
	loop_task(v->loop, &r->task);
}

/* ---- reads ---- */

/*
 * What a client reads stays: a write that is here, but not at the peer yet, or the other way round, may be
 * lost with the host.  So a read that may have seen one is told of when that is over; nothing is locked where
 * nobody writes.
 */
struct waiting_read {
	struct volume *v;
	struct request *r;
	struct range range;
};

static void writes_over(struct range *range)
{
	struct waiting_read *x = list_entry(range, struct waiting_read, range);
	struct volume *v = x->v;
	struct request *r = x->r;

	range_unlock(v, range);
	free(x);
	request_tell(v, r, 0, true);
}

void read_over(struct volume *v, struct request *r)
{
	struct waiting_read *x;

	v->read += r->len;
	if (!interval_busy(&v->locks, r->off / 512, (r->off + r->len) / 512)) {
		request_tell(v, r, 0, true);
		return;
	}
	x = calloc(1, sizeof(*x));
	if (!x) {
		request_tell(v, r, -ENOMEM, true);
		return;
	}
	x->v = v;
	x->r = r;
	x->range.go = writes_over;
	range_lock(v, &x->range, r->off / 512, r->len, true);
}

static void read_begin(struct volume *v, struct request *r);

struct reading {
	struct disk_op op;
	struct volume *v;
	struct request *r;
};

static void read_done(struct disk_op *op, int result)
{
	struct reading *x = list_entry(op, struct reading, op);
	struct volume *v = x->v;
	struct request *r = x->r;

	free(x);
	if (!result) {
		read_over(v, r);
		return;
	}
	disk_broke(v, "reading", result);
	read_begin(v, r); /* the peer may have it */
}

/* Whether the disk has it: one that is being brought up to date has most of it. */
static bool is_here(const struct volume *v, const struct request *r)
{
	uint64_t first = r->off / 512 / MD_BIT_SECTORS;
	uint64_t end = (r->off + r->len + MD_BIT_SECTORS * 512 - 1) / 512 / MD_BIT_SECTORS;

	if (!disk_is_here(v))
		return false;
	return v->state.disk == DISK_UP_TO_DATE || v->state.pdsk != DISK_UP_TO_DATE ||
	       bitmap_next(&v->bitmap, first, true) >= end;
}

static void read_begin(struct volume *v, struct request *r)
{
	struct reading *x;

	if (!is_here(v, r)) {
		far_read(v, r);
		return;
	}
	x = malloc(sizeof(*x));
	if (!x) {
		request_refuse(v, r, -ENOMEM);
		return;
	}
	x->v = v;
	x->r = r;
	x->op = (struct disk_op){
		.verb = DISK_READ, .off = r->off, .len = r->len, .buf = r->buf, .done = read_done};
	disk_submit(&v->data, &x->op);
}

/* ---- the beginning ---- */

static const uint32_t max_of[] = {
	[REQUEST_READ] = REQUEST_MAX,
	[REQUEST_WRITE] = REQUEST_MAX,
	[REQUEST_ZERO] = REQUEST_ZERO_MAX,
	[REQUEST_MAP] = UINT32_MAX,
};

static int check(const struct volume *v, const struct request *r)
{
	uint64_t size = volume_size(v);

	if (v->state.role != ROLE_PRIMARY)
		return -EROFS;
	if (!data_is_reachable(&v->state))
		return -EIO;
	if (r->verb == REQUEST_FLUSH)
		return 0;
	if (!r->len || r->off % 512 || r->len % 512 || r->off > size || r->len > size - r->off ||
	    r->len > max_of[r->verb])
		return -EINVAL;
	return 0;
}

static void begin(struct volume *v, struct request *r)
{
	int why = check(v, r);

	if (why) {
		request_refuse(v, r, why);
		return;
	}
	switch (r->verb) {
	case REQUEST_READ: read_begin(v, r); break;
	case REQUEST_FLUSH: flush_begin(v, r); break;
	case REQUEST_MAP: map_begin(v, r); break;
	default: write_begin(v, r); break;
	}
}

void volume_submit(struct volume *v, struct request *r)
{
	list_init(&r->link);
	v->requests++;
	v->submitted++;
	if (may_begin(v))
		begin(v, r);
	else if (v->abandoned && is_frozen(v))
		request_refuse(v, r, -EIO);
	else
		list_append(&v->frozen, &r->link);
}

void request_again(struct volume *v, struct request *r)
{
	bool waits = is_frozen(v) || !v->config.no_data_fails;

	if (!waits || (v->abandoned && is_frozen(v))) {
		request_refuse(v, r, -EIO);
		return;
	}
	list_append(r->redo ? &v->redo : &v->frozen, &r->link);
	loop_task(v->loop, &v->thaw);
}

static void begin_all(struct volume *v, struct list *from)
{
	struct list now = LIST_INIT(now), *l;

	list_move(&now, from);
	while ((l = list_take(&now)))
		begin(v, list_entry(l, struct request, link));
}

void requests_thaw(struct volume *v)
{
	requests_tell(v);
	if (!is_frozen(v) && !is_settling(v))
		begin_all(v, &v->redo);
	if (may_begin(v))
		begin_all(v, &v->frozen);
}

static void thaw(struct task *t)
{
	struct volume *v = list_entry(t, struct volume, thaw);

	requests_thaw(v);
	flushes_check(v);
}

void requests_init(struct volume *v)
{
	list_init(&v->untold);
	list_init(&v->frozen);
	list_init(&v->redo);
	task_init(&v->thaw, thaw);
}

void requests_abandon(struct volume *v)
{
	struct list now = LIST_INIT(now), *l;

	v->abandoned = true;
	if (!is_frozen(v))
		return;
	redo_forget(v);
	list_move(&now, &v->untold);
	list_move(&now, &v->frozen);
	while ((l = list_take(&now)))
		request_refuse(v, list_entry(l, struct request, link), -EIO);
}

void volume_quorum(struct volume *v, bool have)
{
	if (v->no_quorum == !have)
		return;
	v->no_quorum = !have;
	volume_say(v, have ? LOG_NOTICE : LOG_ERR, "the cluster has %s quorum here%s",
		   have ? "" : "no", have || v->state.role != ROLE_PRIMARY ? "" : "; clients wait");
	requests_thaw(v);
}

void *volume_buffer(struct volume *v, size_t len)
{
	return pool_get(&v->pool, len);
}

void volume_buffer_put(struct volume *v, void *buf, size_t len)
{
	pool_put(&v->pool, buf, len);
}

uint64_t volume_size(const struct volume *v)
{
	return v->sectors * 512;
}

unsigned volume_align(const struct volume *v)
{
	return v->align;
}
