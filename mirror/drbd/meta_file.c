// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/drbd/meta_file.h"

enum { CHUNK = 1 << 20 };

void *md_buffer(size_t len)
{
	void *p;

	if (posix_memalign(&p, MD_BLOCK, len))
		return NULL;
	return memset(p, 0, len);
}

int md_file_read(int fd, void *buf, size_t len, uint64_t sector)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pread(fd, (char *)buf + at, len - at, (off_t)(sector * 512 + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += (size_t)n;
	}
	return 0;
}

int md_file_write(int fd, const void *buf, size_t len, uint64_t sector)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pwrite(fd, (const char *)buf + at, len - at,
				   (off_t)(sector * 512 + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += (size_t)n;
	}
	return 0;
}

static int settle(int fd)
{
	return fdatasync(fd) ? -errno : 0;
}

/* write_super() - With everything before it on stable storage. */
static int write_super(int fd, const struct md_layout *l, const struct md_super *s)
{
	uint8_t *b = md_buffer(MD_BLOCK);
	int r = -ENOMEM;

	if (!b)
		return r;
	md_super_encode(b, s);
	r = settle(fd);
	if (!r)
		r = md_file_write(fd, b, MD_BLOCK, l->super);
	if (!r)
		r = settle(fd);
	free(b);
	return r;
}

int md_file_super(struct md_file *f)
{
	return write_super(f->fd, &f->layout, &f->super);
}

int md_file_log(int fd, const struct md_layout *l)
{
	static const struct md_al empty = {.initialised = true};
	size_t len = (size_t)md_al_blocks(l) * MD_BLOCK;
	uint8_t *log = md_buffer(len);
	int r;

	if (!log)
		return -ENOMEM;
	for (size_t at = 0; at < len; at += MD_BLOCK)
		md_al_encode(log + at, &empty);
	r = md_file_write(fd, log, len, l->al);
	free(log);
	return r;
}

/* Only as much bitmap as the data can need: of an external one the rest may be gigabytes. */
static int write_empty_bitmap(int fd, const struct md_layout *l)
{
	uint64_t left = (l->data_max + MD_BIT_SECTORS * 8 * MD_BLOCK - 1) /
			(MD_BIT_SECTORS * 8 * MD_BLOCK) * MD_BLOCK;
	uint64_t sector = l->bitmap;
	uint8_t *zero = md_buffer(CHUNK);
	int r = zero ? 0 : -ENOMEM;

	if (left > l->bitmap_sectors * 512)
		left = l->bitmap_sectors * 512;
	while (!r && left) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		r = md_file_write(fd, zero, n, sector);
		sector += n / 512;
		left -= n;
	}
	free(zero);
	return r;
}

int md_file_create(int fd, const struct md_layout *l)
{
	struct md_super s;
	int r = write_empty_bitmap(fd, l);

	if (!r)
		r = md_file_log(fd, l);
	if (r)
		return r;
	md_super_new(&s, l);
	return write_super(fd, l, &s);
}

int md_file_load(struct md_file *f, int fd, enum md_kind kind, unsigned index,
		 uint64_t meta_sectors, uint64_t data_sectors)
{
	uint8_t *b = md_buffer(MD_BLOCK);
	int r = b ? 0 : -ENOMEM;

	f->fd = fd;
	if (!r) /* the super block is where it is, whatever the stripes */
		r = md_layout(&f->layout, kind, index, meta_sectors, data_sectors, 0, 0);
	if (!r)
		r = md_file_read(fd, b, MD_BLOCK, f->layout.super);
	if (!r)
		r = md_super_decode(b, &f->super);
	if (!r)
		r = md_layout(&f->layout, kind, index, meta_sectors, data_sectors,
			      f->super.al_stripes, f->super.al_stripe_4k);
	if (r == -EINVAL)
		r = -EPROTO;
	if (!r)
		r = md_super_check(&f->super, &f->layout);
	free(b);
	return r;
}

/* set_hot() - Page by page of the bitmap.  Bits behind the volume's last mean nothing. */
static int set_hot(struct md_file *f, const uint8_t *hot, uint32_t extents)
{
	enum { BYTES = MD_EXTENT_BITS / 8, PER_PAGE = MD_BLOCK / BYTES };
	uint8_t *page = md_buffer(MD_BLOCK);
	int r = page ? 0 : -ENOMEM;

	for (uint32_t e = 0; !r && e < extents; e += PER_PAGE) {
		uint64_t sector = f->layout.bitmap + (uint64_t)e / PER_PAGE * MD_BLOCK_SECTORS;
		uint32_t n = extents - e < PER_PAGE ? extents - e : PER_PAGE;

		if (!memchr(hot + e, 1, n))
			continue;
		r = md_file_read(f->fd, page, MD_BLOCK, sector);
		for (uint32_t i = 0; !r && i < n; i++)
			if (hot[e + i])
				memset(page + i * BYTES, 0xff, BYTES);
		if (!r)
			r = md_file_write(f->fd, page, MD_BLOCK, sector);
	}
	free(page);
	return r;
}

static int apply_log(struct md_file *f, uint32_t *count)
{
	uint32_t extents =
		(uint32_t)((f->super.la_size + MD_EXTENT_SECTORS - 1) / MD_EXTENT_SECTORS);
	size_t len = (size_t)md_al_blocks(&f->layout) * MD_BLOCK;
	uint8_t *hot = calloc(1, extents ? extents : 1), *log = md_buffer(len);
	int r = hot && log ? 0 : -ENOMEM;

	if (!r)
		r = md_file_read(f->fd, log, len, f->layout.al);
	if (!r)
		r = md_al_replay(log, md_al_blocks(&f->layout), hot, extents);
	if (r > 0) {
		*count = (uint32_t)r;
		r = set_hot(f, hot, extents);
	}
	free(log);
	free(hot);
	return r;
}

int md_file_recover(struct md_file *f, uint32_t *extents)
{
	int r = 0;

	*extents = 0;
	if (!md_super_unclean(&f->super))
		return 0;
	if (f->super.flags & MD_PRIMARY)
		r = apply_log(f, extents);
	/* the bitmap has to be there before the log may be lost */
	if (!r)
		r = settle(f->fd);
	if (!r)
		r = md_file_log(f->fd, &f->layout);
	if (r)
		return r;
	f->super.unclean = false;
	f->super.flags |= MD_AL_CLEAN;
	return md_file_super(f);
}
