// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hv/daemon.h"
#include "mirror/engine/load.h"
#include "mirror/engine/record.h"

enum { LOAD_PAGES = 256, BUSY_MS = 5000, AGAIN_MS = 50 };

int load_complain(const struct volume_config *c, const char *what, int error)
{
	hv_log_line(LOG_ERR, "%s: %s: %s%s", c->name, what, strerror(-error),
		    error == -EBUSY ? "; is it used by another taiki-mirrord?" : "");
	return error;
}

/* open_free() - A daemon that was killed has its disk until what it had in flight is over: that is waited for. */
static int open_free(struct disk_file *d, struct loop *l, const char *path)
{
	const struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};
	uint64_t until = loop_clock() + BUSY_MS * LOOP_MS;
	int r;

	while ((r = disk_open(d, l, path)) == -EBUSY && loop_clock() < until)
		nanosleep(&pause, NULL);
	return r;
}

static int open_disks(struct loaded *x, struct loop *l, const struct volume_config *c)
{
	int r = open_free(&x->data, l, c->disk);

	if (r)
		return load_complain(c, c->disk, r);
	if (!c->meta)
		return 0;
	r = open_free(&x->meta, l, c->meta);
	return r ? load_complain(c, c->meta, r) : 0;
}

static int load_meta(struct loaded *x, const struct volume_config *c)
{
	const struct disk_file *md = c->meta ? &x->meta : &x->data;
	const char *path = c->meta ? c->meta : c->disk;
	uint32_t hot;
	int r = md_file_find(&x->md, md->fd, c->meta_kind, c->meta_index, md->size / 512,
			     x->data.size / 512, record_read(c->known_size));

	if (r == -ENOENT || r == -EPROTO)
		hv_log_line(LOG_ERR, "%s: %s has %s; make it with taiki-mirror create-md", c->name,
			    path,
			    r == -ENOENT ? "no metadata" : "metadata that is not of this disk");
	else if (r)
		load_complain(c, path, r);
	if (!r && x->md.super.la_size > x->data.size / 512) {
		hv_log_line(LOG_ERR, "%s: %s is smaller than the volume", c->name, c->disk);
		r = -ENOSPC;
	}
	if (r)
		return r;
	r = md_file_recover(&x->md, &hot);
	if (!r)
		r = md_file_log(md->fd, &x->md.layout);
	if (r)
		return load_complain(c, "recovering its activity log", r);
	if (hot)
		hv_log_line(LOG_NOTICE, "%s: a Primary was stopped here: %u MiB may differ",
			    c->name, hot * 4);
	return 0;
}

/* Where internal metadata is found again when the disk has grown meanwhile. */
static void record_size(const struct loaded *x, const struct volume_config *c)
{
	uint64_t end = x->md.layout.super + MD_BLOCK_SECTORS;
	int r = 0;

	if (c->known_size && !c->meta && record_read(c->known_size) != end)
		r = record_write(c->known_size, end);
	if (r)
		load_complain(c, c->known_size, r);
}

static int does_not_fit(const struct volume_config *c, uint64_t has, uint64_t sectors)
{
	hv_log_line(LOG_ERR, "%s: %s is for %llu sectors, the volume has %llu", c->name, c->disk,
		    (unsigned long long)has, (unsigned long long)sectors);
	return -ENOSPC;
}

/* What the volume has, and whether the disk has room for it. */
static int measure(struct loaded *x, const struct volume_config *c, uint64_t sectors)
{
	uint64_t agreed = x->md.super.la_size, max = x->md.layout.data_max;

	x->fresh = !agreed;
	x->sectors = x->fresh ? (sectors ? sectors : max) : agreed;
	if (x->sectors > max || (sectors && x->sectors > sectors))
		return does_not_fit(c, x->fresh ? max : agreed, sectors);
	return 0;
}

static int load_bitmap(struct loaded *x)
{
	uint8_t *b = md_buffer((size_t)LOAD_PAGES * MD_BLOCK);
	int r = b ? 0 : -ENOMEM;

	for (uint32_t page = 0; !r && page < x->bitmap.npages; page += LOAD_PAGES) {
		uint32_t n = x->bitmap.npages - page;

		if (n > LOAD_PAGES)
			n = LOAD_PAGES;
		r = md_file_read(x->md.fd, b, (size_t)n * MD_BLOCK,
				 x->md.layout.bitmap + (uint64_t)page * MD_BLOCK_SECTORS);
		for (uint32_t i = 0; !r && i < n; i++)
			bitmap_page_load(&x->bitmap, page + i, b + (size_t)i * MD_BLOCK);
	}
	free(b);
	return r;
}

static int read_bitmap(struct loaded *x, const struct volume_config *c)
{
	int r = bitmap_init(&x->bitmap, x->sectors);

	if (!r && !x->fresh)
		r = load_bitmap(x);
	if (r)
		return load_complain(c, "reading its bitmap", r);
	if (x->fresh || x->md.super.flags & MD_FULL_SYNC)
		bitmap_set(&x->bitmap, 0, BITMAP_END);
	return 0;
}

static void take_page(void *arg, uint32_t page, uint8_t out[MD_BLOCK])
{
	bitmap_page_take(arg, page, out);
}

/* enlarge() - The volume has grown while this disk was away. */
static int enlarge(struct loaded *x, const struct volume_config *c, uint64_t sectors)
{
	const struct disk_file *md = c->meta ? &x->meta : &x->data;
	struct md_grow g = {.meta = md->fd,
			    .data = x->data.fd,
			    .from = x->md.layout,
			    .super = x->md.super,
			    .page = take_page,
			    .arg = &x->bitmap};
	struct bitmap before = x->bitmap;

	if (md_layout_grown(&g.to, &g.from, c->meta_index, md->size / 512, x->data.size / 512) ||
	    g.to.data_max < sectors)
		return does_not_fit(c, x->sectors, sectors);
	if (bitmap_init(&x->bitmap, sectors)) {
		x->bitmap = before;
		return load_complain(c, "making a larger bitmap", -ENOMEM);
	}
	bitmap_merge_all(&x->bitmap, &before);
	bitmap_free(&before);
	bitmap_set(&x->bitmap, x->sectors / BITMAP_BIT_SECTORS, BITMAP_END);
	g.pages = x->bitmap.npages;
	g.super.la_size = sectors;
	g.super.flags |= MD_CRASHED_PRIMARY; /* so that what is new is compared in any case */
	md_super_place(&g.super, &g.to);
	x->md.layout = g.to;
	x->md.super = g.super;
	x->sectors = sectors;
	return md_file_grow(&g) ? load_complain(c, "writing metadata for a larger volume", -EIO)
				: 0;
}

int load(struct loaded *x, struct loop *l, const struct volume_config *c, uint64_t sectors)
{
	int r;

	*x = (struct loaded){.data.fd = -1, .meta.fd = -1};
	r = open_disks(x, l, c);
	if (!r)
		r = load_meta(x, c);
	if (!r)
		r = measure(x, c, sectors);
	if (!r)
		r = read_bitmap(x, c);
	if (!r && sectors > x->sectors)
		r = enlarge(x, c, sectors);
	if (r)
		load_drop(x);
	else
		record_size(x, c);
	return r;
}

void load_drop(struct loaded *x)
{
	bitmap_free(&x->bitmap);
	if (x->data.fd >= 0)
		disk_close(&x->data);
	if (x->meta.fd >= 0)
		disk_close(&x->meta);
}
