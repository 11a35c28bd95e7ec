// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata of a volume that grows.
 *
 *   data flushed ─► bitmap ─► flushed ─► empty activity log ─► flushed ─► super block ─► flushed [─► the old one is wiped]
 *
 * External metadata stays where it is: its bitmap becomes longer, and the super block's size says up to where it
 * counts.  Internal metadata moves to the new end, behind what it was.  Two super blocks are valid for a moment: the
 * old one counts as long as it is there, so that wiping it is the step.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/drbd/meta_file.h"

enum { CHUNK_PAGES = 256 };

int md_file_find(struct md_file *f, int fd, enum md_kind kind, unsigned index,
		 uint64_t meta_sectors, uint64_t data_sectors, uint64_t known)
{
	int r = md_file_load(f, fd, kind, index, meta_sectors, data_sectors);
	struct md_file before;

	if (kind != MD_INTERNAL || !known || known >= meta_sectors || (!r && !f->super.la_size))
		return r;
	if (md_file_load(&before, fd, kind, index, known, known))
		return r;
	*f = before;
	return 0;
}

static int settle(int fd)
{
	return fdatasync(fd) ? -errno : 0;
}

static int write_bitmap(const struct md_grow *g)
{
	uint8_t *b = md_buffer((size_t)CHUNK_PAGES * MD_BLOCK);
	int r = b ? 0 : -ENOMEM;

	for (uint32_t page = 0; !r && page < g->pages; page += CHUNK_PAGES) {
		uint32_t n = g->pages - page < CHUNK_PAGES ? g->pages - page : CHUNK_PAGES;

		for (uint32_t i = 0; i < n; i++)
			g->page(g->arg, page + i, b + (size_t)i * MD_BLOCK);
		r = md_file_write(g->meta, b, (size_t)n * MD_BLOCK,
				  g->to.bitmap + (uint64_t)page * MD_BLOCK_SECTORS);
	}
	free(b);
	return r;
}

static int wipe(const struct md_grow *g, uint64_t super)
{
	uint8_t *zero = md_buffer(MD_BLOCK);
	int r = zero ? md_file_write(g->meta, zero, MD_BLOCK, super) : -ENOMEM;

	free(zero);
	return r ? r : settle(g->meta);
}

int md_file_grow(const struct md_grow *g)
{
	struct md_file f = {.fd = g->meta, .layout = g->to, .super = g->super};
	int r = settle(g->data);

	if (!r)
		r = write_bitmap(g);
	if (!r) /* before the log, which stands for bits that are not on disk */
		r = settle(g->meta);
	if (!r)
		r = md_file_log(g->meta, &g->to);
	if (!r)
		r = md_file_super(&f);
	if (!r && g->to.super != g->from.super)
		r = wipe(g, g->from.super);
	return r;
}

int md_file_grow_undo(const struct md_grow *g, const struct md_super *before)
{
	struct md_file f = {.fd = g->meta, .layout = g->from, .super = *before};
	int r = md_file_super(&f);

	if (!r && g->to.super != g->from.super)
		r = wipe(g, g->to.super);
	return r;
}
