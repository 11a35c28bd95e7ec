// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * That a disk is behind, recorded on this host: one that has failed cannot say it itself.
 *
 * A Primary whose disk is gone goes on with the peer's.  Should both hosts then stop, and this one come back
 * alone with a disk that works again, that must not be taken for the newest.  So the generation of its data
 * is written to a file, before a client hears of a write that only the peer has; and a Secondary writes it before
 * the peer hears that the disk is gone.  A disk with that very generation is Inconsistent when it is attached: it
 * is not promoted, and gets from the peer what it lacks, whatever its own metadata says of a crash.  When it is
 * UpToDate again the file is removed.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"
#include "mirror/engine/record.h"

/* What the thread touches, until it has told the loop: it waits for the file system. */
struct behind_job {
	struct volume *v;
	struct watch told;
	pthread_t thread;
	char *path;
	uint64_t uuid; /* 0: the file is removed */
	int result;
};

static void *run(void *arg)
{
	struct behind_job *j = arg;

	j->result = record_write(j->path, j->uuid);
	eventfd_write(j->told.fd, 1);
	return NULL;
}

static void job_free(struct behind_job *j)
{
	if (j->told.fd >= 0)
		close(j->told.fd);
	free(j->path);
	free(j);
}

bool behind_is_pending(const struct volume *v)
{
	return v->behind.want && v->behind.want != v->behind.said;
}

/* say_failed() - Nobody may go on as if it were recorded. */
static void say_failed(struct volume *v, int error)
{
	v->behind.failed = true;
	volume_say(v, LOG_ERR,
		   "it cannot be recorded in %s that this disk is behind: %s; %s until it is "
		   "attached again",
		   v->config.behind ? v->config.behind : "a file", strerror(-error),
		   v->state.role == ROLE_PRIMARY ? "clients wait" : "the peer is not connected");
	if (v->state.role != ROLE_PRIMARY)
		link_end(v, true, error, "this disk is gone, and nobody could be told safely");
}

static void begin(struct volume *v);

/* settle() - What waited for it goes on. */
static void settle(struct volume *v)
{
	link_mute(v);
	loop_task(v->loop, &v->thaw);
}

static void told(struct watch *w, uint32_t events)
{
	struct behind_job *j = list_entry(w, struct behind_job, told);
	struct volume *v = j->v;
	uint64_t uuid = j->uuid;
	int r = j->result;

	pthread_join(j->thread, NULL);
	loop_unwatch(v->loop, w);
	v->behind.job = NULL;
	job_free(j);
	if (!r)
		v->behind.said = uuid;
	if (uuid != v->behind.want)
		begin(v);
	else if (r && uuid)
		say_failed(v, r);
	settle(v);
}

static struct behind_job *job_new(struct volume *v)
{
	struct behind_job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->v = v;
	j->uuid = v->behind.want;
	j->path = v->config.behind ? strdup(v->config.behind) : NULL;
	j->told = (struct watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = told};
	if (!j->path || j->told.fd < 0 || loop_watch(v->loop, &j->told, EPOLLIN)) {
		job_free(j);
		return NULL;
	}
	if (pthread_create(&j->thread, NULL, run, j)) {
		loop_unwatch(v->loop, &j->told);
		job_free(j);
		return NULL;
	}
	return j;
}

/* begin() - Bring the file to what is wanted, if it is not on its way. */
static void begin(struct volume *v)
{
	struct behind *b = &v->behind;

	if (b->job || b->want == b->said)
		return;
	b->failed = false;
	b->job = job_new(v);
	if (!b->job && b->want)
		say_failed(v, v->config.behind ? -ENOMEM : -ENOENT);
}

void behind_record(struct volume *v, uint64_t uuid)
{
	v->behind.want = uuid;
	begin(v);
	link_mute(v);
}

void behind_forget(struct volume *v)
{
	v->behind.want = 0;
	v->behind.failed = false;
	begin(v);
	link_mute(v);
}

bool behind_is(const struct volume *v, uint64_t uuid)
{
	return v->behind.said && gen_equal(v->behind.said, uuid);
}

void behind_load(struct volume *v)
{
	v->behind.said = v->behind.want = record_read(v->config.behind);
}

void behind_free(struct volume *v)
{
	/* a thread that hangs keeps what it has until the process ends */
	if (v->behind.job)
		loop_unwatch(v->loop, &v->behind.job->told);
}
