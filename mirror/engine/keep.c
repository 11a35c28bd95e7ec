// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata while it is in use.  One job at a time, in steps; what is asked for meanwhile is gathered
 * for the next one.
 *
 *   ACTLOG  dirty pages of what goes cold ─► flush ─► transaction
 *   SUPER   super block
 *   PAGES   64 dirty pages ─► flush ─► the next 64
 *
 * A page with cleared bits says that data is here: that data is flushed before the page is written.  The activity
 * log stands for bits that are not on disk yet, and for data that is perhaps only in the disk's cache.  It counts
 * while the super block says that a Primary writes: before that is taken back, and before an extent goes cold,
 * both are brought to the disk.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

static void next_job(struct volume *v);

static void tell_all(struct list *waiting)
{
	struct list now = LIST_INIT(now), *l;

	list_move(&now, waiting);
	while ((l = list_take(&now)))
		list_entry(l, struct keep_wait, link)->done(list_entry(l, struct keep_wait, link));
}

/* nothing_to_keep() - The disk is gone: what it would have said nobody need wait for. */
static void nothing_to_keep(struct volume *v)
{
	struct keep *k = &v->keep;

	k->want_super = k->want_pages = k->in_pages = false;
	k->durable = k->wanted;
	tell_all(&k->super_now);
	tell_all(&k->super_next);
	tell_all(&k->pages_now);
	tell_all(&k->pages_next);
	requests_tell(v);
}

static void kicked(struct task *t)
{
	struct volume *v = list_entry(t, struct volume, keep.kick);

	if (v->keep.failed && v->keep.job == KEEP_IDLE)
		nothing_to_keep(v);
	else
		next_job(v);
}

static void kick(struct volume *v)
{
	loop_task(v->loop, &v->keep.kick);
}

int keep_init(struct volume *v)
{
	struct keep *k = &v->keep;

	list_init(&k->super_next);
	list_init(&k->super_now);
	list_init(&k->pages_next);
	list_init(&k->pages_now);
	task_init(&k->kick, kicked);
	k->block = md_buffer(MD_BLOCK);
	k->al = malloc(sizeof(*k->al));
	if (!k->block || !k->al)
		return -ENOMEM;
	for (int i = 0; i < KEEP_BATCH; i++) {
		k->page_of[i].v = v;
		k->page_of[i].buf = md_buffer(MD_BLOCK);
		if (!k->page_of[i].buf)
			return -ENOMEM;
	}
	return 0;
}

void keep_free(struct volume *v)
{
	struct keep *k = &v->keep;

	for (int i = 0; i < KEEP_BATCH; i++)
		free(k->page_of[i].buf);
	free(k->block);
	free(k->al);
	list_remove(&k->kick.link);
}

void keep_wait_init(struct keep_wait *w, void (*done)(struct keep_wait *))
{
	w->done = done;
	list_init(&w->link);
}

void keep_cancel(struct keep_wait *w)
{
	list_remove(&w->link);
}

uint64_t keep_super(struct volume *v, struct keep_wait *w)
{
	v->keep.want_super = true;
	if (w) {
		list_remove(&w->link);
		list_append(&v->keep.super_next, &w->link);
	}
	kick(v);
	return ++v->keep.wanted;
}

void keep_pages(struct volume *v, struct keep_wait *w)
{
	v->keep.want_pages = true;
	if (w) {
		list_remove(&w->link);
		list_append(&v->keep.pages_next, &w->link);
	}
	kick(v);
}

void keep_actlog(struct volume *v)
{
	kick(v);
}

static void failed(struct volume *v, const char *what, int error)
{
	v->keep.failed = true;
	v->keep.job = KEEP_IDLE;
	disk_broke(v, what, error);
	kick(v); /* in the state that the disk's loss has brought */
}

/* ---- pages ---- */

static void batch_written(struct volume *v);

static void page_done(struct disk_op *op, int result)
{
	struct keep_page *p = list_entry(op, struct keep_page, op);
	struct volume *v = p->v;

	if (result) {
		bitmap_page_dirty(&v->bitmap, p->page);
		v->keep.failed = true;
	}
	if (--v->keep.flying)
		return;
	if (v->keep.failed)
		failed(v, "writing its bitmap", result ? result : -EIO);
	else
		batch_written(v);
}

static void write_batch(struct volume *v)
{
	struct keep *k = &v->keep;

	k->flying = k->npages;
	for (unsigned i = 0; i < k->npages; i++) {
		struct keep_page *p = &k->page_of[i];

		p->op = (struct disk_op){
			.verb = DISK_WRITE,
			.off = (v->layout.bitmap + (uint64_t)p->page * MD_BLOCK_SECTORS) * 512,
			.len = MD_BLOCK,
			.buf = p->buf,
			.done = page_done,
		};
		k->writes++;
		disk_submit(v->md, &p->op);
	}
}

static void write_transaction(struct volume *v);
static void start_pages(struct volume *v);

static void data_flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, keep.op);

	if (result)
		failed(v, "flushing its data", result);
	else if (v->keep.npages)
		write_batch(v);
	else if (v->keep.job == KEEP_ACTLOG)
		write_transaction(v);
	else
		start_pages(v);
}

/* take() - The page joins the batch, as it is now. */
static void take(struct volume *v, uint32_t page)
{
	struct keep_page *p = &v->keep.page_of[v->keep.npages++];

	p->page = page;
	bitmap_page_take(&v->bitmap, page, p->buf);
}

static void start_batch(struct volume *v)
{
	if (!v->data_unflushed) {
		write_batch(v);
		return;
	}
	/* bits that are cleared from now on are not in the copies that were taken */
	v->data_unflushed = false;
	v->keep.op = (struct disk_op){.verb = DISK_FLUSH, .done = data_flushed};
	disk_submit(&v->data, &v->keep.op);
}

static void start_pages(struct volume *v)
{
	struct keep *k = &v->keep;
	bool data = k->for_super && !k->page; /* all of it, once */

	k->job = KEEP_PAGES;
	k->npages = 0;
	while (k->npages < KEEP_BATCH) {
		k->page = bitmap_dirty(&v->bitmap, k->page);
		if (k->page >= v->bitmap.npages)
			break;
		take(v, k->page++);
	}
	v->data_unflushed |= data && v->data.dirty;
	if (k->npages || (data && v->data_unflushed)) {
		start_batch(v);
		return;
	}
	k->in_pages = false;
	k->bits_first = k->for_super;
	k->job = KEEP_IDLE;
	tell_all(&k->pages_now);
	next_job(v);
}

/* ---- activity log ---- */

static void transaction_done(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, keep.op);

	if (result) {
		failed(v, "writing its activity log", result);
		return;
	}
	v->keep.job = KEEP_IDLE;
	actlog_commit(&v->al);
	writes_al_retry(v);
	next_job(v);
}

static void write_transaction(struct volume *v)
{
	struct keep *k = &v->keep;

	md_al_encode(k->block, k->al);
	k->op = (struct disk_op){
		.verb = DISK_WRITE,
		.off = (v->layout.al +
			md_al_position(&v->layout, k->al->transaction) * UINT64_C(8)) *
		       512,
		.len = MD_BLOCK,
		.buf = k->block,
		.durable = true,
		.done = transaction_done,
	};
	k->writes++;
	disk_submit(v->md, &k->op);
}

static bool in_batch(const struct keep *k, uint32_t page)
{
	for (unsigned i = 0; i < k->npages; i++)
		if (k->page_of[i].page == page)
			return true;
	return false;
}

static bool start_actlog(struct volume *v)
{
	uint32_t cold[MD_AL_UPDATES];
	struct keep *k = &v->keep;
	unsigned n;

	if (!actlog_begin(&v->al, k->al, cold, &n))
		return false;
	k->job = KEEP_ACTLOG;
	k->npages = 0;
	for (unsigned i = 0; i < n; i++) {
		uint32_t page = bitmap_page_of((uint64_t)cold[i] * MD_EXTENT_SECTORS);

		if (page < v->bitmap.npages && !in_batch(k, page) &&
		    bitmap_dirty(&v->bitmap, page) == page)
			take(v, page);
	}
	v->data_unflushed |= n && v->data.dirty;
	if (k->npages || (n && v->data_unflushed))
		start_batch(v);
	else
		write_transaction(v);
	return true;
}

static void batch_flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, keep.op);

	if (result)
		failed(v, "flushing its bitmap", result);
	else if (v->keep.job == KEEP_ACTLOG)
		write_transaction(v);
	else { /* the rest has to wait for whatever somebody waits for */
		v->keep.job = KEEP_IDLE;
		next_job(v);
	}
}

static void batch_written(struct volume *v)
{
	v->keep.op = (struct disk_op){.verb = DISK_FLUSH, .done = batch_flushed};
	disk_submit(v->md, &v->keep.op);
}

/* ---- super block ---- */

static void super_done(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, keep.op);
	struct keep *k = &v->keep;

	if (result) {
		failed(v, "writing its super block", result);
		return;
	}
	k->job = KEEP_IDLE;
	k->durable = k->writing;
	tell_all(&k->super_now);
	requests_tell(v);
	next_job(v);
}

static void start_super(struct volume *v)
{
	struct keep *k = &v->keep;

	k->job = KEEP_SUPER;
	k->want_super = k->bits_first = false;
	k->writing = k->wanted;
	list_move(&k->super_now, &k->super_next);
	k->said = keep_compose(v);
	md_super_encode(k->block, &v->super);
	k->op = (struct disk_op){
		.verb = DISK_WRITE,
		.off = v->layout.super * 512,
		.len = MD_BLOCK,
		.buf = k->block,
		.durable = true,
		.done = super_done,
	};
	k->writes++;
	disk_submit(v->md, &k->op);
}

/* log_ends_first() - The super block is to say that the activity log no longer counts. */
static bool log_ends_first(const struct volume *v)
{
	const struct keep *k = &v->keep;

	return k->said & MD_PRIMARY && !(keep_flags(v) & MD_PRIMARY) && !k->bits_first &&
	       (v->data.dirty || bitmap_dirty(&v->bitmap, 0) < v->bitmap.npages);
}

static void next_job(struct volume *v)
{
	struct keep *k = &v->keep;

	if (k->job != KEEP_IDLE || k->failed || v->grow.job || (disk_is_here(v) && start_actlog(v)))
		return;
	if (k->want_super && !log_ends_first(v)) {
		start_super(v);
	} else if (k->in_pages) {
		start_pages(v);
	} else if (k->want_pages || k->want_super) {
		k->in_pages = true;
		k->for_super = k->want_super;
		k->want_pages = k->bits_first = false;
		k->page = 0;
		list_move(&k->pages_now, &k->pages_next);
		start_pages(v);
	}
}
