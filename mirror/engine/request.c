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

/* Clients have to wait: what is not begun yet is not, what has ended is not told. */
static bool is_frozen(const struct volume *v)
{
	return v->no_quorum || v->state.suspended & (SUSP_FENCING | SUSP_NO_DATA);
}

static bool may_tell(const struct volume *v)
{
	return v->keep.durable >= v->tell_at && !is_frozen(v);
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
	if (result)
		disk_broke(v, "reading", result);
	else
		v->read += r->len;
	request_tell(v, r, result, false);
}

static void read_begin(struct volume *v, struct request *r)
{
	struct reading *x = malloc(sizeof(*x));

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

static int check(const struct volume *v, const struct request *r)
{
	uint64_t size = volume_size(v);

	if (v->state.role != ROLE_PRIMARY)
		return -EROFS;
	if (v->state.disk < DISK_INCONSISTENT)
		return -EIO;
	if (r->verb == REQUEST_FLUSH)
		return 0;
	if (!r->len || r->off % 512 || r->len % 512 || r->off > size || r->len > size - r->off ||
	    r->len > (r->verb == REQUEST_ZERO ? REQUEST_ZERO_MAX : REQUEST_MAX))
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
	default: write_begin(v, r); break;
	}
}

void volume_submit(struct volume *v, struct request *r)
{
	list_init(&r->link);
	v->requests++;
	if (!is_frozen(v))
		begin(v, r);
	else if (v->abandoned)
		request_refuse(v, r, -EIO);
	else
		list_append(&v->frozen, &r->link);
}

void requests_thaw(struct volume *v)
{
	struct list now = LIST_INIT(now), *l;

	requests_tell(v);
	if (is_frozen(v))
		return;
	list_move(&now, &v->frozen);
	while ((l = list_take(&now)))
		begin(v, list_entry(l, struct request, link));
}

void volume_abandon(struct volume *v)
{
	struct list now = LIST_INIT(now), *l;

	v->abandoned = true;
	if (!is_frozen(v))
		return;
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
	return v->data.align;
}
