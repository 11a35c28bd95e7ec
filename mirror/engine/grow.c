// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The volume becomes larger on this side, while it is in use.
 *
 *   clients wait, nothing is read from the peer ─► what is in flight ends ─► metadata for the new size, on a thread
 *   ─► the volume has it ─► resize.c goes on with the peer, clients go on
 *
 * What is new is marked out of sync, and in the same super block that the volume is to be looked at as after a
 * crash: should the connection be lost before a resync of it has a name, the next meeting begins one.
 *
 * A disk that hangs in it is given up: whenever it answers again, what was begun is undone, so that it can be attached as
 * what it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"
#include "mirror/engine/record.h"

enum { STEP_MS = 5, DRAIN_MS = 20000 };

enum verdict { PENDING, DONE, GIVEN_UP };

/* What the thread touches, until it has told the loop. */
struct grow_job {
	struct volume *v; /* NULL: the disk was given up meanwhile */
	struct loop *loop;
	struct watch told;
	pthread_t thread;
	atomic_int verdict; /* enum verdict: of the thread or the loop, whoever is first */
	struct md_grow g;
	struct md_super before;
	struct bitmap bitmap;
	char *known_size; /* path; NULL: nothing need be recorded */
	int result;
};

static void job_free(struct grow_job *j)
{
	if (j->told.fd >= 0)
		close(j->told.fd);
	if (j->g.meta >= 0)
		close(j->g.meta);
	if (j->g.data >= 0)
		close(j->g.data);
	bitmap_free(&j->bitmap);
	free(j->known_size);
	free(j);
}

static void take_page(void *arg, uint32_t page, uint8_t out[MD_BLOCK])
{
	struct grow_job *j = arg;

	bitmap_page_take(&j->bitmap, page, out);
}

static bool decide(struct grow_job *j, enum verdict verdict)
{
	int was = PENDING;

	return atomic_compare_exchange_strong(&j->verdict, &was, (int)verdict);
}

static void *run(void *arg)
{
	struct grow_job *j = arg;

	j->result = md_file_grow(&j->g);
	if (!decide(j, DONE)) {
		if (!j->result)
			md_file_grow_undo(&j->g, &j->before);
		j->result = -ECANCELED;
	}
	/* where the record is the old one nothing is at its end any more: it means nothing */
	if (!j->result && j->known_size)
		record_write(j->known_size, j->g.to.super + MD_BLOCK_SECTORS);
	eventfd_write(j->told.fd, 1);
	return NULL;
}

/* ---- its end ---- */

static void over(struct volume *v, int result)
{
	loop_timer_stop(&v->grow.timer);
	v->grow.busy = false;
	v->grow.job = NULL;
	keep_super(v, NULL); /* and what was wanted meanwhile */
	loop_task(v->loop, &v->thaw);
	resize_grown(v, result);
	link_io_done(v);
}

static void take_over(struct volume *v, struct grow_job *j)
{
	struct bitmap before = v->bitmap;

	bitmap_merge_all(&j->bitmap, &before);
	v->bitmap = j->bitmap;
	j->bitmap = before;
	v->layout = j->g.to;
	v->super = j->g.super;
	v->sectors = j->g.super.la_size;
	v->crashed |= j->g.super.flags & MD_CRASHED_PRIMARY;
	volume_say(v, LOG_NOTICE, "the volume has %llu sectors now",
		   (unsigned long long)v->sectors);
	/* on disk the activity log is empty */
	actlog_free(&v->al);
	if (actlog_init(&v->al, attach_al_extents(v)))
		disk_broke(v, "making its activity log", -ENOMEM);
	v->super.al_extents = v->al.slots;
}

static void told(struct watch *w, uint32_t events)
{
	struct grow_job *j = list_entry(w, struct grow_job, told);
	struct volume *v = j->v;
	int r = j->result;

	pthread_join(j->thread, NULL);
	loop_unwatch(j->loop, w);
	if (v && !r)
		take_over(v, j);
	job_free(j);
	if (!v)
		return;
	if (r)
		disk_broke(v, "writing metadata for a larger volume", r);
	else
		listeners_tell(v);
	over(v, r ? STATE_NO_LOCAL_DISK : STATE_OK);
}

/* ---- its beginning ---- */

static struct grow_job *job_new(struct volume *v)
{
	struct grow_job *j = calloc(1, sizeof(*j));
	const struct grow *w = &v->grow;

	if (!j)
		return NULL;
	j->v = v;
	j->loop = v->loop;
	j->told = (struct watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = told};
	keep_compose(v);
	j->g = (struct md_grow){
		/* of its own: it may outlive the volume's, with the lock on what it still writes */
		.meta = fcntl(v->md->fd, F_DUPFD_CLOEXEC, 0),
		.data = fcntl(v->data.fd, F_DUPFD_CLOEXEC, 0),
		.from = v->layout,
		.to = w->to,
		.super = v->super,
		.page = take_page,
		.arg = j,
	};
	j->before = v->super;
	j->g.super.la_size = w->sectors;
	if (!w->clean)
		j->g.super.flags |= MD_CRASHED_PRIMARY;
	md_super_place(&j->g.super, &w->to);
	if (v->config.known_size && !v->config.meta)
		j->known_size = strdup(v->config.known_size);
	if (j->told.fd < 0 || j->g.meta < 0 || j->g.data < 0 ||
	    bitmap_init(&j->bitmap, w->sectors)) {
		job_free(j);
		return NULL;
	}
	bitmap_merge_all(&j->bitmap, &v->bitmap);
	if (!w->clean)
		bitmap_set(&j->bitmap, v->sectors / MD_BIT_SECTORS, BITMAP_END);
	j->g.pages = j->bitmap.npages;
	return j;
}

static void begin(struct volume *v)
{
	struct grow_job *j = job_new(v);

	if (j && loop_watch(v->loop, &j->told, EPOLLIN)) {
		job_free(j);
		j = NULL;
	}
	if (j && pthread_create(&j->thread, NULL, run, j)) {
		loop_unwatch(v->loop, &j->told);
		job_free(j);
		j = NULL;
	}
	v->grow.job = j;
	if (!j)
		over(v, STATE_IN_TRANSIENT);
}

static bool is_drained(const struct volume *v)
{
	return !v->locks.count && !v->tlog.count && !v->pwrites.count && !v->pwrites.flushing &&
	       !v->data.flying && !v->meta.flying && v->keep.job == KEEP_IDLE;
}

static void give_up_disk(struct volume *v)
{
	if (!decide(v->grow.job, GIVEN_UP))
		return; /* it has just ended */
	v->grow.job->v = NULL;
	v->keep.failed = true;
	disk_broke(v, "writing metadata for a larger volume", -ETIMEDOUT);
	over(v, STATE_NO_LOCAL_DISK);
}

static void step(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, grow.timer);
	uint64_t waited = loop_clock() - v->grow.since;

	loop_timer(v->loop, t, STEP_MS * LOOP_MS);
	if (v->grow.job) {
		if (v->config.disk_timeout_ms && waited > v->config.disk_timeout_ms * LOOP_MS)
			give_up_disk(v);
		return;
	}
	if (!disk_is_here(v) || waited > DRAIN_MS * LOOP_MS) {
		over(v, disk_is_here(v) ? STATE_IN_TRANSIENT : STATE_NO_LOCAL_DISK);
		return;
	}
	tlog_close(v);
	if (!is_drained(v))
		return;
	v->grow.since = loop_clock();
	begin(v);
}

void grow(struct volume *v, const struct md_layout *to, uint64_t sectors, bool clean)
{
	v->grow.busy = true;
	v->grow.to = *to;
	v->grow.sectors = sectors;
	v->grow.clean = clean;
	v->grow.since = loop_clock();
	v->link.flying++; /* no other connection before it is over */
	v->link.hold = true;
	link_pause(v);
	loop_timer(v->loop, &v->grow.timer, 0);
}

void grow_init(struct volume *v)
{
	timer_init(&v->grow.timer, step);
}

void grow_free(struct volume *v)
{
	loop_timer_stop(&v->grow.timer);
}
