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

enum { LOAD_PAGES = 256, STEP_MS = 10 };

void volume_config_init(struct volume_config *c)
{
	*c = (struct volume_config){
		.protocol = 3,
		.connect_int_ms = 2000,
		.ping_int_ms = 500,
		.ping_timeout_ms = 1000,
		.timeout_ms = 6000,
		.ko_count = 7,
	};
}

void disk_broke(struct volume *v, const char *what, int error)
{
	struct drbd_state s = v->state;

	if (s.disk == DISK_DISKLESS)
		return;
	hv_log_line(LOG_ERR, "%s: %s on %s: %s; it is no longer used", v->config.name, what,
		    v->data.path, strerror(-error));
	v->keep.failed = true;
	s.disk = DISK_DISKLESS;
	state_set(v, s, true);
}

/* ---- the beginning ---- */

static int complain(const struct volume_config *c, const char *what, int r)
{
	hv_log_line(LOG_ERR, "%s: %s: %s%s", c->name, what, strerror(-r),
		    r == -EBUSY ? "; is it used by another taiki-mirrord?" : "");
	return r;
}

static int open_disks(struct volume *v)
{
	const struct volume_config *c = &v->config;
	int r = disk_open(&v->data, v->loop, c->disk);

	if (r)
		return complain(c, c->disk, r);
	v->md = &v->data;
	if (!c->meta)
		return 0;
	r = disk_open(&v->meta, v->loop, c->meta);
	if (r)
		return complain(c, c->meta, r);
	v->md = &v->meta;
	return 0;
}

static int load_meta(struct volume *v, struct md_file *f)
{
	const struct volume_config *c = &v->config;
	const char *path = c->meta ? c->meta : c->disk;
	uint32_t hot;
	int r = md_file_load(f, v->md->fd, c->meta_kind, c->meta_index, v->md->size / 512,
			     v->data.size / 512);

	if (r == -ENOENT || r == -EPROTO)
		hv_log_line(LOG_ERR, "%s: %s has %s; make it with taiki-mirror create-md", c->name,
			    path,
			    r == -ENOENT ? "no metadata" : "metadata that is not of this disk");
	else if (r)
		complain(c, path, r);
	if (!r && f->super.la_size > v->data.size / 512) {
		hv_log_line(LOG_ERR, "%s: %s is smaller than the volume", c->name, c->disk);
		r = -ENOSPC;
	}
	if (r)
		return r;
	r = md_file_recover(f, &hot);
	if (r)
		return complain(c, "recovering its activity log", r);
	if (hot)
		hv_log_line(LOG_NOTICE, "%s: a Primary was stopped here: %u MiB may differ",
			    c->name, hot * 4);
	return 0;
}

static int load_bitmap(struct volume *v)
{
	uint8_t *b = md_buffer((size_t)LOAD_PAGES * MD_BLOCK);
	int r = b ? 0 : -ENOMEM;

	for (uint32_t page = 0; !r && page < v->bitmap.npages; page += LOAD_PAGES) {
		uint32_t n = v->bitmap.npages - page;

		if (n > LOAD_PAGES)
			n = LOAD_PAGES;
		r = md_file_read(v->md->fd, b, (size_t)n * MD_BLOCK,
				 v->layout.bitmap + (uint64_t)page * MD_BLOCK_SECTORS);
		for (uint32_t i = 0; !r && i < n; i++)
			bitmap_page_load(&v->bitmap, page + i, b + (size_t)i * MD_BLOCK);
	}
	free(b);
	return r;
}

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

static uint32_t al_extents(const struct volume *v)
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

/* What was read becomes the volume. */
static int take_over(struct volume *v, struct md_file *f)
{
	bool fresh = !f->super.la_size;
	int r;

	v->layout = f->layout;
	v->super = f->super;
	v->sectors = fresh ? v->layout.data_max : f->super.la_size;
	memcpy(v->gen.uuid, f->super.uuid, sizeof(v->gen.uuid));
	v->crashed = f->super.flags & (MD_PRIMARY | MD_CRASHED_PRIMARY);
	gen_role(&v->gen, ROLE_SECONDARY);
	v->full_sync = f->super.flags & MD_FULL_SYNC;
	r = bitmap_init(&v->bitmap, v->sectors);
	if (!r && !fresh)
		r = load_bitmap(v);
	if (!r)
		r = actlog_init(&v->al, al_extents(v));
	if (r)
		return complain(&v->config, "reading its bitmap", r);
	if (fresh || v->full_sync)
		bitmap_set(&v->bitmap, 0, BITMAP_END);
	v->super.al_extents = v->al.slots;
	v->state = (struct drbd_state){.role = ROLE_SECONDARY,
				       .conn = CONN_STANDALONE,
				       .disk = disk_state(v, f->super.flags),
				       .pdsk = f->super.flags & MD_PEER_OUTDATED ? DISK_OUTDATED
										 : DISK_UNKNOWN};
	return 0;
}

/* From now on the metadata says that it is in use. */
static int go_live(struct volume *v, struct md_file *f)
{
	int r = md_file_log(f->fd, &v->layout);

	f->super = v->super;
	memcpy(f->super.uuid, v->gen.uuid, sizeof(f->super.uuid));
	f->super.la_size = v->sectors;
	f->super.flags = keep_flags(v);
	f->super.unclean = true;
	if (!r)
		r = md_file_super(f);
	return r ? complain(&v->config, "writing its metadata", r) : 0;
}

static void volume_free(struct volume *v)
{
	loop_timer_stop(&v->link.tick);
	loop_timer_stop(&v->change.deadline);
	loop_timer_stop(&v->sync.more);
	list_remove(&v->link.end.link);
	list_remove(&v->change.tell.link);
	fence_free(v);
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
	free(v);
}

static int init(struct volume *v)
{
	int r;

	list_init(&v->al_waiting);
	list_init(&v->listeners);
	list_init(&v->flushes);
	list_init(&v->untold);
	list_init(&v->frozen);
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
	return r;
}

int volume_open(struct volume **out, struct loop *l, const struct volume_config *config)
{
	struct volume *v = calloc(1, sizeof(*v));
	struct md_file f;
	int r;

	if (!v)
		return -ENOMEM;
	v->loop = l;
	v->config = *config;
	v->data.fd = v->meta.fd = -1;
	r = init(v);
	if (r)
		complain(config, "beginning", r);
	if (!r)
		r = open_disks(v);
	if (!r)
		r = load_meta(v, &f);
	if (!r)
		r = take_over(v, &f);
	if (!r)
		r = go_live(v, &f);
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
	struct md_file f = {.fd = v->md->fd, .layout = v->layout, .super = v->super};
	int r = md_file_log(f.fd, &f.layout);

	memcpy(f.super.uuid, v->gen.uuid, sizeof(f.super.uuid));
	f.super.la_size = v->sectors;
	v->clean = true;
	f.super.flags = keep_flags(v);
	f.super.unclean = false;
	return r ? r : md_file_super(&f);
}

static void end(struct volume *v)
{
	void (*down)(void *) = v->down;
	void *arg = v->down_arg;
	int r = v->keep.failed ? 0 : leave_clean(v);

	if (r)
		complain(&v->config, "writing its metadata for the last time", r);
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
		    (v->meta.fd >= 0 && v->meta.flying) || v->link.phase != LINK_DOWN;

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
	if (v->holds)
		return -EBUSY;
	if (v->down)
		return -EALREADY;
	v->down = done;
	v->down_arg = arg;
	volume_secondary(v, demoted, v);
	return 0;
}

int volume_hold(struct volume *v)
{
	if (v->state.role != ROLE_PRIMARY || v->change.busy || v->down)
		return -EROFS;
	v->holds++;
	v->abandoned = false;
	return 0;
}

void volume_release(struct volume *v)
{
	v->holds--;
}
