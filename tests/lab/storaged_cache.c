// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The volatile cache: pages of 4 KiB, dirty by sectors of 512 bytes, since two
 * nodes may own neighbouring sectors (sanlock's leases are such).  Only the
 * dirty sectors of a page hold anything.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storaged.h"

enum { SECTOR = 512, PAGE = 4096, SECTORS = PAGE / SECTOR, BUCKETS = 4096 };

struct page {
	struct page *next; /* in its bucket */
	uint64_t number;   /* offset / PAGE */
	uint8_t dirty;     /* a bit a sector */
	unsigned char data[PAGE];
};

struct inode {
	struct inode *next;
	uint64_t ino;
	char *path; /* the name it was first opened by */
	unsigned refs;
	off_t size;     /* what this node has written up to; may be beyond the disk's size */
	size_t dirty;   /* bytes */
	size_t evicted; /* the bucket that a page was evicted from last */
	struct page *bucket[BUCKETS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* owns everything below */
static struct inode *inodes;

struct inode *inode_open(int fd, const char *path)
{
	struct inode *in;
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	pthread_mutex_lock(&lock);
	for (in = inodes; in && in->ino != st.st_ino; in = in->next)
		;
	if (in) {
		in->refs++;
		goto out;
	}
	in = calloc(1, sizeof(*in));
	if (!in)
		goto out;
	in->path = strdup(path);
	if (!in->path) {
		free(in);
		in = NULL;
		goto out;
	}
	in->ino = st.st_ino;
	in->refs = 1;
	in->next = inodes;
	inodes = in;
out:
	pthread_mutex_unlock(&lock);
	return in;
}

uint64_t inode_number(const struct inode *in)
{
	return in->ino;
}

const char *inode_path(const struct inode *in)
{
	return in->path;
}

size_t inode_close(struct inode *in)
{
	struct inode **at;
	size_t dropped = 0;

	pthread_mutex_lock(&lock);
	if (--in->refs)
		goto out;
	dropped = in->dirty;
	for (at = &inodes; *at != in; at = &(*at)->next)
		;
	*at = in->next;
	for (size_t b = 0; b < BUCKETS; b++) {
		for (struct page *p = in->bucket[b], *next; p; p = next) {
			next = p->next;
			free(p);
		}
	}
	free(in->path);
	free(in);
out:
	pthread_mutex_unlock(&lock);
	return dropped;
}

static struct page *page_find(struct inode *in, uint64_t number)
{
	struct page *p = in->bucket[number % BUCKETS];

	while (p && p->number != number)
		p = p->next;
	return p;
}

static struct page *page_get(struct inode *in, uint64_t number)
{
	struct page *p = page_find(in, number);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->number = number;
	p->next = in->bucket[number % BUCKETS];
	in->bucket[number % BUCKETS] = p;
	return p;
}

ssize_t inode_read(struct inode *in, int fd, void *buf, size_t len, off_t off)
{
	unsigned char *out = buf;
	ssize_t got;

	pthread_mutex_lock(&lock);
	got = pread(fd, buf, len, off);
	if (got < 0) {
		got = -errno;
		goto out;
	}
	if (in->dirty == 0)
		goto out;
	if (off + (off_t)len > in->size)
		len = in->size > off ? (size_t)(in->size - off) : 0;
	if ((size_t)got < len) {
		memset(out + got, 0, len - (size_t)got);
		got = (ssize_t)len;
	}
	for (size_t done = 0; done < (size_t)got;) {
		uint64_t at = (uint64_t)off + done;
		size_t in_page = at % PAGE, n = SECTOR - at % SECTOR;
		struct page *p = page_find(in, at / PAGE);

		if (n > (size_t)got - done)
			n = (size_t)got - done;
		if (p && p->dirty & 1U << in_page / SECTOR)
			memcpy(out + done, p->data + in_page, n);
		done += n;
	}
out:
	pthread_mutex_unlock(&lock);
	return got;
}

/* A sector that is written in part takes the rest from the disk. */
static int sector_fill(int fd, struct page *p, size_t sector)
{
	unsigned char *data = p->data + sector * SECTOR;
	ssize_t n = pread(fd, data, SECTOR, (off_t)(p->number * PAGE + sector * SECTOR));

	if (n < 0)
		return -errno;
	memset(data + n, 0, SECTOR - (size_t)n);
	return 0;
}

int inode_write(struct inode *in, int fd, const void *buf, size_t len, off_t off)
{
	const unsigned char *from = buf;
	int rc = 0;

	pthread_mutex_lock(&lock);
	for (size_t done = 0; done < len;) {
		uint64_t at = (uint64_t)off + done;
		size_t in_page = at % PAGE, sector = in_page / SECTOR;
		size_t n = SECTOR - at % SECTOR;
		struct page *p = page_get(in, at / PAGE);

		if (!p) {
			rc = -ENOMEM;
			break;
		}
		if (n > len - done)
			n = len - done;
		if (!(p->dirty & 1U << sector)) {
			if (n < SECTOR && (rc = sector_fill(fd, p, sector)))
				break;
			p->dirty |= (uint8_t)(1U << sector);
			in->dirty += SECTOR;
		}
		memcpy(p->data + in_page, from + done, n);
		done += n;
	}
	if (!rc && off + (off_t)len > in->size)
		in->size = off + (off_t)len;
	pthread_mutex_unlock(&lock);
	return rc;
}

size_t inode_dirty(struct inode *in)
{
	pthread_mutex_lock(&lock);
	size_t dirty = in->dirty;

	pthread_mutex_unlock(&lock);
	return dirty;
}

/* Writes one page's dirty sectors, never beyond what was written to the file. */
static int page_destage(struct inode *in, int fd, struct page *p)
{
	for (size_t s = 0; s < SECTORS; s++) {
		off_t at = (off_t)(p->number * PAGE + s * SECTOR);
		size_t n = SECTOR;

		if (!(p->dirty & 1U << s))
			continue;
		if (at + (off_t)n > in->size) {
			struct stat st;

			/* The tail of a file that is no multiple of a sector. */
			if (fstat(fd, &st))
				return -errno;
			off_t end = in->size > st.st_size ? in->size : st.st_size;

			n = at >= end ? 0 : end - at < SECTOR ? (size_t)(end - at) : SECTOR;
		}
		if (n && pwrite(fd, p->data + s * SECTOR, n, at) != (ssize_t)n)
			return errno ? -errno : -EIO;
		if (n)
			platter_wrote(at, p->data + s * SECTOR, n);
		p->dirty &= (uint8_t) ~(1U << s);
		in->dirty -= SECTOR;
	}
	return 0;
}

ssize_t inode_destage(struct inode *in, int fd)
{
	size_t before;
	int rc = 0;

	pthread_mutex_lock(&lock);
	before = in->dirty;
	for (size_t b = 0; b < BUCKETS && in->dirty && !rc; b++) {
		while (in->bucket[b] && !rc) {
			struct page *p = in->bucket[b];

			rc = page_destage(in, fd, p);
			if (rc)
				break;
			in->bucket[b] = p->next;
			free(p);
		}
	}
	before -= in->dirty;
	pthread_mutex_unlock(&lock);
	return rc ? rc : (ssize_t)before;
}

void inode_evict(struct inode *in, int fd)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0, b = in->evicted + BUCKETS / 3; i < BUCKETS && in->dirty; i++, b++) {
		struct page *p = in->bucket[b % BUCKETS];

		if (!p || page_destage(in, fd, p))
			continue;
		in->bucket[b % BUCKETS] = p->next;
		in->evicted = b;
		free(p);
		break;
	}
	pthread_mutex_unlock(&lock);
}

void inode_forget(struct inode *in, off_t off, size_t len)
{
	uint64_t end = len == SIZE_MAX ? UINT64_MAX : (uint64_t)off + len;

	pthread_mutex_lock(&lock);
	for (size_t b = 0; b < BUCKETS; b++) {
		for (struct page *p = in->bucket[b]; p; p = p->next) {
			for (size_t s = 0; s < SECTORS; s++) {
				uint64_t at = p->number * PAGE + s * SECTOR;

				if (!(p->dirty & 1U << s) || at < (uint64_t)off || at >= end)
					continue;
				p->dirty &= (uint8_t) ~(1U << s);
				in->dirty -= SECTOR;
			}
		}
	}
	if (len == SIZE_MAX && in->size > off)
		in->size = off;
	pthread_mutex_unlock(&lock);
}

off_t inode_size_of(uint64_t ino, off_t size)
{
	pthread_mutex_lock(&lock);
	for (struct inode *in = inodes; in; in = in->next) {
		if (in->ino == ino && in->dirty && in->size > size)
			size = in->size;
	}
	pthread_mutex_unlock(&lock);
	return size;
}
