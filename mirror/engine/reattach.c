// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk is attached while the volume is there.  It is loaded on a thread, since that waits for the disk;
 * then it and the peer's find out who is behind, as at the beginning of a connection.
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

/* Everything the thread touches, until it has told the loop. */
struct attach_job {
	struct volume *v;
	struct loop *loop;
	struct watch told;
	pthread_t thread;
	struct volume_config config; /* its strings are ours */
	uint64_t sectors;
	struct disk_file old, old_meta; /* what has failed, and is still open; fd -1 */
	struct loaded x;
	int result;
};

static void job_free(struct attach_job *j)
{
	if (j->told.fd >= 0)
		close(j->told.fd);
	free(j->config.disk);
	free(j->config.meta);
	free(j->config.known_size);
	free(j);
}

static void *run(void *arg)
{
	struct attach_job *j = arg;

	if (j->old.fd >= 0)
		disk_close(&j->old);
	if (j->old_meta.fd >= 0)
		disk_close(&j->old_meta);
	j->result = load(&j->x, j->loop, &j->config, j->sectors);
	eventfd_write(j->told.fd, 1);
	return NULL;
}

static void give_back(struct volume *v, int why)
{
	struct drbd_state s = v->state;

	s.disk = DISK_DISKLESS;
	state_set(v, s, false);
	change_attached(v, why);
}

/* is_ours() - Whether the disk has what the clients have seen, and nothing was written since that it lacks. */
static bool is_ours(const struct volume *v)
{
	return v->state.role != ROLE_PRIMARY ||
	       (gen_equal(v->exposed, v->gen.uuid[MD_CURRENT]) && !v->bare_told);
}

void attach_alone(struct volume *v, struct drbd_state *s)
{
	s->disk = v->attached_as;
	if (s->role == ROLE_PRIMARY && s->disk > DISK_INCONSISTENT)
		s->disk = DISK_UP_TO_DATE;
	if (fence_freezes(v, s))
		s->suspended |= SUSP_FENCING;
}

bool attach_may_alone(struct volume *v)
{
	if (is_ours(v))
		return true;
	volume_say(v, LOG_ERR,
		   "%s does not have what clients have seen; it can be attached while the peer is "
		   "connected",
		   v->config.disk);
	return false;
}

/* Its metadata says that it is in use. */
static void kept(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, attach_kept);
	struct drbd_state s = v->state;
	bool meets = link_is_up(v) && s.conn == CONN_CONNECTED && s.pdsk >= DISK_INCONSISTENT;

	if (s.disk != DISK_ATTACHING)
		return;
	if (meets) {
		v->link.uuids_seen = false; /* the peer's come, and then its state */
		s.disk = DISK_NEGOTIATING;
	} else if (attach_may_alone(v)) {
		attach_alone(v, &s);
	} else {
		detach(v);
		change_attached(v, STATE_NO_UP_TO_DATE);
		return;
	}
	/* a peer that has met us without a disk meets us again */
	if (!meets && v->link.phase >= LINK_FEATURES)
		link_end(v, false, -ECANCELED, "to show the peer the disk that was attached");
	state_set(v, s, false);
	if (meets) {
		send_sizes(v);
		send_uuids(v);
		send_state(v);
	} else if (!(s.suspended & SUSP_FENCING)) {
		alone(v);
	}
	change_attached(v, STATE_OK);
}

static void loaded(struct watch *w, uint32_t events)
{
	struct attach_job *j = list_entry(w, struct attach_job, told);
	struct volume *v = j->v;
	uint64_t before = v->sectors;
	int r = j->result;

	pthread_join(j->thread, NULL);
	loop_unwatch(j->loop, w);
	v->attach_job = NULL;
	if (!r)
		r = attach_take_over(v, &j->x);
	job_free(j);
	if (r) {
		give_back(v, STATE_ATTACH_FAILED);
		return;
	}
	if (v->sectors > before)
		volume_say(v, LOG_NOTICE, "the volume has %llu sectors now, as the peer's",
			   (unsigned long long)v->sectors);
	keep_super(v, &v->attach_kept);
}

/* take_old() - It was @d's; nothing of it is in flight. */
static void take_old(struct disk_file *old, struct disk_file *d)
{
	*old = *d;
	list_init(&old->flights);
	*d = (struct disk_file){.fd = -1};
	list_init(&d->flights);
}

static struct attach_job *job_new(struct volume *v)
{
	struct attach_job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->v = v;
	j->loop = v->loop;
	j->config = v->config;
	j->config.disk = strdup(v->config.disk);
	j->config.meta = v->config.meta ? strdup(v->config.meta) : NULL;
	j->config.known_size = v->config.known_size ? strdup(v->config.known_size) : NULL;
	j->sectors = v->sectors;
	/* which has grown, and this disk has not, being given up before */
	if (link_is_up(v) && v->state.conn == CONN_CONNECTED &&
	    v->state.pdsk >= DISK_INCONSISTENT && v->link.sizes.current > v->sectors)
		j->sectors = v->link.sizes.current;
	j->told = (struct watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = loaded};
	if (j->told.fd < 0 || !j->config.disk || (v->config.meta && !j->config.meta)) {
		job_free(j);
		return NULL;
	}
	return j;
}

void attach(struct volume *v)
{
	struct attach_job *j = job_new(v);
	struct drbd_state s = v->state;

	if (!j || loop_watch(v->loop, &j->told, EPOLLIN)) {
		if (j)
			job_free(j);
		change_attached(v, STATE_ATTACH_FAILED);
		return;
	}
	take_old(&j->old, &v->data);
	take_old(&j->old_meta, &v->meta);
	if (pthread_create(&j->thread, NULL, run, j)) {
		take_old(&v->data, &j->old);
		take_old(&v->meta, &j->old_meta);
		loop_unwatch(v->loop, &j->told);
		job_free(j);
		change_attached(v, STATE_ATTACH_FAILED);
		return;
	}
	v->attach_job = j;
	s.disk = DISK_ATTACHING;
	state_set(v, s, false);
}

void reattach_init(struct volume *v)
{
	keep_wait_init(&v->attach_kept, kept);
}

void reattach_free(struct volume *v)
{
	/* a thread that hangs in its disk keeps what it has until the process ends */
	if (v->attach_job)
		loop_unwatch(v->loop, &v->attach_job->told);
}
