// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata while it is in use.  One job at a time, in steps; what is asked for meanwhile is gathered
 * for the next one.
 *
 *   ACTLOG  dirty pages of what goes cold ─► flush ─► transaction
 *   SUPER   super block
 *   PAGES   64 dirty pages ─► flush ─► the next 64
 *
 * A page with cleared bits says that data is here: that data is flushed before the page is written.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

static void next_job(struct volume *v);

static void kicked(struct task *t)
{
	next_job(list_entry(t, struct volume, keep.kick));
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

static void done(struct volume *v, struct list *waiting)
{
	struct list now = LIST_INIT(now), *l;

	list_move(&now, waiting);
	while ((l = list_take(&now)))
		list_entry(l, struct keep_wait, link)->done(list_entry(l, struct keep_wait, link));
}

/* Whoever waits does so for ever: nothing that depended on it may be told to anybody. */
static void failed(struct volume *v, const char *what, int error)
{
	v->keep.failed = true;
	v->keep.job = KEEP_IDLE;
	disk_broke(v, what, error);
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
		failed(v, "writing its bitmap", result);
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

static void data_flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, keep.op);

	if (result)
		failed(v, "flushing its data", result);
	else
		write_batch(v);
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

	k->job = KEEP_PAGES;
	k->npages = 0;
	while (k->npages < KEEP_BATCH) {
		k->page = bitmap_dirty(&v->bitmap, k->page);
		if (k->page >= v->bitmap.npages)
			break;
		take(v, k->page++);
	}
	if (k->npages) {
		start_batch(v);
		return;
	}
	k->in_pages = false;
	k->job = KEEP_IDLE;
	done(v, &k->pages_now);
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
	if (k->npages)
		start_batch(v);
	else
		write_transaction(v);
	return true;
}

/* The rest has to wait for whatever somebody waits for. */
static void pages_flushed(struct volume *v)
{
	v->keep.job = KEEP_IDLE;
	next_job(v);
}

static void batch_flushed(struct disk_op *op, int result)
{
	struct volume *v = list_entry(op, struct volume, keep.op);

	if (result)
		failed(v, "flushing its bitmap", result);
	else if (v->keep.job == KEEP_ACTLOG)
		write_transaction(v);
	else
		pages_flushed(v);
}

static void batch_written(struct volume *v)
{
	v->keep.op = (struct disk_op){.verb = DISK_FLUSH, .done = batch_flushed};
	disk_submit(v->md, &v->keep.op);
}

/* ---- super block ---- */

uint32_t keep_flags(const struct volume *v)
{
	const struct drbd_state *s = &v->state;
	uint32_t f = 0;

	if (s->disk > DISK_INCONSISTENT)
		f |= MD_CONSISTENT;
	if (s->disk > DISK_OUTDATED)
		f |= MD_WAS_UP_TO_DATE;
	if (s->role == ROLE_PRIMARY)
		f |= MD_PRIMARY;
	if (s->conn > CONN_WF_REPORT_PARAMS)
		f |= MD_CONNECTED;
	if (s->pdsk >= DISK_INCONSISTENT && s->pdsk <= DISK_OUTDATED)
		f |= MD_PEER_OUTDATED;
	if (v->full_sync)
		f |= MD_FULL_SYNC;
	if (v->crashed)
		f |= MD_CRASHED_PRIMARY;
	if (v->clean)
		f |= MD_AL_CLEAN;
	return f;
}

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
	done(v, &k->super_now);
	requests_tell(v);
	next_job(v);
}

static void start_super(struct volume *v)
{
	struct keep *k = &v->keep;

	k->job = KEEP_SUPER;
	k->want_super = false;
	k->writing = k->wanted;
	list_move(&k->super_now, &k->super_next);
	for (int i = 0; i < MD_UUIDS; i++)
		v->super.uuid[i] = v->gen.uuid[i];
	v->super.la_size = v->sectors;
	v->super.flags = keep_flags(v);
	v->super.unclean = !v->clean;
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

static void next_job(struct volume *v)
{
	struct keep *k = &v->keep;

	if (k->job != KEEP_IDLE || k->failed || start_actlog(v))
		return;
	if (k->want_super) {
		start_super(v);
	} else if (k->in_pages) {
		start_pages(v);
	} else if (k->want_pages) {
		k->in_pages = true;
		k->want_pages = false;
		k->page = 0;
		list_move(&k->pages_now, &k->pages_next);
		start_pages(v);
	}
}
