/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata on a file or block device, before and after it is in use: made, loaded, recovered (meta_file.c), moved
 * (meta_grow.c).
 * Every call waits for the disk.  The descriptor may be O_DIRECT and stays the caller's.
 */
#ifndef MIRROR_DRBD_META_FILE_H
#define MIRROR_DRBD_META_FILE_H

#include "mirror/drbd/meta.h"

struct md_file {
	int fd;
	struct md_layout layout;
	struct md_super super;
};

/*
 * md_file_create() - Make new metadata at @l: nothing is out of sync, no extent hot, and nothing
 * has ever been agreed.  On stable storage when it returns.  0 or -errno.
 */
int md_file_create(int fd, const struct md_layout *l);

/*
 * md_file_load() - Find and check the super block of @kind; see md_layout() for the arguments.
 * 0; -ENOENT: no metadata; -EPROTO: it contradicts itself, or the size of the device; -ENOSPC;
 * or -errno of reading.  Nothing is written.
 */
int md_file_load(struct md_file *f, int fd, enum md_kind kind, unsigned index,
		 uint64_t meta_sectors, uint64_t data_sectors);

/*
 * md_file_find() - As md_file_load(), on a device that may have grown since internal metadata was at the end of
 * @known sectors (0: not known).  What is there counts until md_file_grow() has come to its end; but what was newly
 * made at the device's end counts first.
 */
int md_file_find(struct md_file *f, int fd, enum md_kind kind, unsigned index,
		 uint64_t meta_sectors, uint64_t data_sectors, uint64_t known);

/* Metadata of a volume that grows; see md_layout_grown(). */
struct md_grow {
	int meta, data; /* descriptors */
	struct md_layout from, to;
	struct md_super super; /* what it says then */
	uint32_t pages;        /* of the bitmap, which page() gives */
	void (*page)(void *arg, uint32_t page, uint8_t out[MD_BLOCK]);
	void *arg;
};

/*
 * md_file_grow() - Write it at g->to, with an empty activity log, while nobody else uses the disk.  What is at g->from is
 * whole, and is what counts, until one last write; then what is at g->to is.  0 or -errno.
 */
int md_file_grow(const struct md_grow *g);

/*
 * md_file_grow_undo() - After md_file_grow() has succeeded, and nobody has used the disk since: what is at g->from counts
 * again, as @before, the super block that was there.  0 or -errno.
 */
int md_file_grow_undo(const struct md_grow *g, const struct md_super *before);

/*
 * md_file_recover() - Make unclean metadata clean: what was hot when a Primary stopped is set in the
 * bitmap, and the log is empty afterwards.  Does nothing to clean metadata.  On stable
 * storage when it returns; may be interrupted and done again.  @extents: how many were hot.
 * 0; -EPROTO: the log is unreadable, and what is out of sync therefore unknown; or -errno.
 */
int md_file_recover(struct md_file *f, uint32_t *extents);

/* md_file_super() - Write f->super, on stable storage when it returns.  0 or -errno. */
int md_file_super(struct md_file *f);

/* md_file_log() - Make the activity log empty; not yet on stable storage.  0 or -errno. */
int md_file_log(int fd, const struct md_layout *l);

/* md_file_read(), md_file_write() - @len bytes (a multiple of MD_BLOCK) at @sector of the device.  0 or -errno. */
int md_file_read(int fd, void *buf, size_t len, uint64_t sector);
int md_file_write(int fd, const void *buf, size_t len, uint64_t sector);

/* md_buffer() - @len zero bytes that O_DIRECT takes; NULL.  free() it. */
void *md_buffer(size_t len);

#endif
