// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A volume's disk and metadata, when it begins and when it ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

enum { STEP_MS = 10 };

void volume_config_init(struct volume_config *c)
{
	*c = (struct volume_config){
		.protocol = 3,
		.connect_int_ms = 2000,
		.ping_int_ms = 500,
		.ping_timeout_ms = 1000,
		.timeout_ms = 6000,
		.ko_count = 7,
		.rates = {.min = 250},
	};
}

/* ---- the beginning ---- */

/* The disk, as the last one left it. */
static enum disk disk_state(const struct volume *v, uint32_t flags)
{
	if (!(flags & MD_CONSISTENT))
		return DISK_INCONSISTENT;
	if (!(flags & MD_WAS_UP_TO_DATE))
		return DISK_OUTDATED;
	/* with fencing, only the peer can say whether it has gone on without us */
	if (v->config.fencing == FENCING_DONT_CARE || flags & MD_PEER_OUTDATED)
		return DISK_UP_TO_DATE;
	return DISK_CONSISTENT;
}

uint32_t attach_al_extents(const struct volume *v)
{
	uint32_t max = md_al_extents_max(&v->layout);
	uint64_t all = (v->sectors + MD_EXTENT_SECTORS - 1) / MD_EXTENT_SECTORS;
	uint32_t n = v->config.al_extents ? v->config.al_extents : max;

	if (!v->config.al_extents && n > all)
		n = (uint32_t)all;
	if (n < MD_AL_EXTENTS_MIN)
		n = MD_AL_EXTENTS_MIN;
	return n < max ? n : max;
}

static void take_disk(struct volume *v, struct disk_file *to, const struct disk_file *from)
{
	*to = *from;
	list_init(&to->flights);
	to->returned = disk_returned;
	to->arg = v;
}

int attach_take_over(struct volume *v, struct loaded *x)
{
	int r = 0;

	if (v->align && x->data.align > v->align)
		r = load_complain(&v->config, "a disk with larger sectors than the one before",
				  -EINVAL);
	v->layout = x->md.layout;
	v->super = x->md.super;
	v->sectors = x->sectors;
	if (!r && actlog_init(&v->al, attach_al_extents(v)))
		r = load_complain(&v->config, "making its activity log", -ENOMEM);
	if (r) {
		load_drop(x);
		return r;
	}
	if (!v->align)
		v->align = x->data.align;
	take_disk(v, &v->data, &x->data);
	take_disk(v, &v->meta, &x->meta);
	v->md = v->config.meta ? &v->meta : &v->data;
	detach_timeout(v);
	bitmap_free(&v->bitmap);
	v->bitmap = x->bitmap;
	memcpy(v->gen.uuid, v->super.uuid, sizeof(v->gen.uuid));
	gen_role(&v->gen, v->state.role);
	v->crashed = v->super.flags & (MD_PRIMARY | MD_CRASHED_PRIMARY);
	v->full_sync = v->super.flags & MD_FULL_SYNC;
	v->data_unflushed = false;
	v->super.al_extents = v->al.slots;
	v->keep.failed = false;
	v->attached_as = disk_state(v, v->super.flags);
	if (v->attached_as > DISK_OUTDATED && behind_is(v, v->gen.uuid[MD_CURRENT]))
		v->attached_as = DISK_INCONSISTENT;
	return 0;
}

/* begin() - Secondary, as the metadata says; from now on that says that it is in use. */
static int begin(struct volume *v)
{
	uint32_t flags = v->super.flags;
	struct md_file f = {.fd = v->md->fd, .layout = v->layout};
	int r;

	v->state.disk = v->attached_as;
	v->state.pdsk = flags & MD_PEER_OUTDATED ? DISK_OUTDATED : DISK_UNKNOWN;
	keep_compose(v);
	f.super = v->super;
	r = md_file_super(&f);
	return r ? load_complain(&v->config, "writing its metadata", r) : 0;
}

static void volume_free(struct volume *v)
{
	loop_timer_stop(&v->link.tick);
	loop_timer_stop(&v->change.deadline);
	loop_timer_stop(&v->sync.more);
	loop_timer_stop(&v->pacer.timer);
	list_remove(&v->link.end.link);
	list_remove(&v->change.tell.link);
	list_remove(&v->thaw.link);
	fence_free(v);
	detach_free(v);
	behind_free(v);
	reattach_free(v);
	grow_free(v);
	bitmap_free(&v->bitmap);
	actlog_free(&v->al);
	keep_free(v);
	tlog_free(v);
	pool_drain(&v->pool);
	if (v->data.fd >= 0)
		disk_close(&v->data);
	if (v->meta.fd >= 0)
		disk_close(&v->meta);
	free(v->config.disk);
	free(v->config.meta);
	free(v->config.behind);
	free(v->config.known_size);
	free(v);
}

static int init(struct volume *v)
{
	int r;

	list_init(&v->al_waiting);
	list_init(&v->listeners);
	list_init(&v->holders);
	list_init(&v->flushes);
	requests_init(v);
	detach_init(v);
	reattach_init(v);
	grow_init(v);
	far_init(v);
	fence_init(v);
	intervals_init(&v->locks);
	link_init(v);
	change_init(v);
	pwrites_init(v);
	sync_init(v);
	r = keep_init(v);
	if (!r)
		r = tlog_init(v);
	if (!r && v->config.secret[0])
		r = digest_find(&v->link.auth, v->config.cram_alg);
	sync_digests(v);
	return r;
}

int volume_open(struct volume **out, struct loop *l, const struct volume_config *config)
{
	struct volume *v = calloc(1, sizeof(*v));
	struct loaded x;
	int r;

	if (!v)
		return -ENOMEM;
	v->loop = l;
	v->config = *config;
	v->data.fd = v->meta.fd = -1;
	v->state = (struct drbd_state){.role = ROLE_SECONDARY, .conn = CONN_STANDALONE};
	r = init(v);
	if (r)
		load_complain(config, "beginning", r);
	behind_load(v);
	if (!r)
		r = load(&x, l, config, 0);
	if (!r)
		r = attach_take_over(v, &x);
	if (!r)
		r = begin(v);
	if (r) {
		volume_free(v);
		return r;
	}
	*out = v;
	return 0;
}

/* ---- the end ---- */

static int leave_clean(struct volume *v)
{
	struct md_file f = {.fd = v->md->fd, .layout = v->layout};
	int r = md_file_log(f.fd, &f.layout);

	v->clean = true;
	keep_compose(v);
	f.super = v->super;
	return r ? r : md_file_super(&f);
}

static void end(struct volume *v)
{
	void (*down)(void *) = v->down;
	void *arg = v->down_arg;
	int r = disk_is_here(v) && !v->keep.failed ? leave_clean(v) : 0;

	if (r)
		load_complain(&v->config, "writing its metadata for the last time", r);
	volume_free(v);
	down(arg);
}

static void pages_kept(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, down_wait);

	v->down_pages = true;
	loop_timer(v->loop, &v->down_timer, 0);
}

/* Whatever is in the way ends by itself: look again. */
static void down_step(struct timer *t)
{
	struct volume *v = list_entry(t, struct volume, down_timer);
	bool busy = v->requests || v->tlog.count || v->change.busy || v->data.flying ||
		    v->meta.flying || v->link.phase != LINK_DOWN || v->grow.busy;

	if (v->down_pages && !busy && v->keep.job == KEEP_IDLE) {
		end(v);
		return;
	}
	loop_timer(v->loop, t, STEP_MS * LOOP_MS);
	if (busy || !list_empty(&v->down_wait.link) || v->down_pages)
		return;
	if (v->keep.failed)
		v->down_pages = true;
	else
		keep_pages(v, &v->down_wait);
}

static void disconnected(void *arg, int result)
{
	struct volume *v = arg;

	keep_wait_init(&v->down_wait, pages_kept);
	timer_init(&v->down_timer, down_step);
	loop_timer(v->loop, &v->down_timer, 0);
}

static void demoted(void *arg, int result)
{
	volume_disconnect(arg, disconnected, arg);
}

int volume_down(struct volume *v, void (*done)(void *arg), void *arg)
{
	if (!list_empty(&v->holders))
		return -EBUSY;
	if (v->down)
		return -EALREADY;
	v->down = done;
	v->down_arg = arg;
	volume_secondary(v, demoted, v);
	return 0;
}
