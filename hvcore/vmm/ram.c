// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ram.h"

static int map_part(struct ram *r, uint64_t gpa, uint64_t len, uint64_t file)
{
	void *at = mmap(r->base + gpa, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			r->memfd, (off_t)file);

	if (at == MAP_FAILED)
		return -errno;
	/* A core file of ours must neither hold the guest's secrets nor its size. */
	madvise(at, len, MADV_DONTDUMP);
	/* Where the administrator lets shared memory have huge pages; else ram_huge_begin(). */
	madvise(at, len, MADV_HUGEPAGE);
	return 0;
}

/* Reserve @len bytes of addresses that begin with a huge page's; NULL with errno. */
static void *reserve(uint64_t len)
{
	uint8_t *at = mmap(NULL, len + RAM_HUGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t head;

	if (at == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)at & (RAM_HUGE - 1);
	if (head)
		munmap(at, head);
	munmap(at + head + len, RAM_HUGE - head);
	return at + head;
}

int ram_create(struct ram *r, uint64_t size, struct hv_error *err)
{
	uint64_t low_max = (uint64_t)RAM_LOW_MAX_MIB << 20;
	int rc;

	memset(r, 0, sizeof(*r));
	r->memfd = -1;
	r->low = size < low_max ? size : low_max;
	r->high = size - r->low;

	r->base = reserve(RAM_HIGH_BASE + r->high);
	if (!r->base) {
		rc = -errno;
		goto fail;
	}
	r->huge = calloc(size / RAM_HUGE + 1, 1);
	if (!r->huge) {
		rc = -ENOMEM;
		goto fail;
	}
	r->memfd = memfd_create("guest-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (r->memfd < 0 || ftruncate(r->memfd, (off_t)size)) {
		rc = -errno;
		goto fail;
	}
	rc = map_part(r, 0, r->low, 0);
	if (!rc && r->high)
		rc = map_part(r, RAM_HIGH_BASE, r->high, r->low);
	if (rc)
		goto fail;
	/* A file that cannot shrink cannot raise SIGBUS under us. */
	fcntl(r->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return 0;
fail:
	ram_destroy(r);
	return hv_err(err, rc,
		      "guest memory of %llu MiB: cannot be reserved: %s; is there enough, "
		      "or is the limit (ulimit -v) too low?",
		      (unsigned long long)(size >> 20), strerror(-rc));
}

void ram_destroy(struct ram *r)
{
	if (r->base)
		munmap(r->base, RAM_HIGH_BASE + r->high);
	if (r->memfd >= 0)
		close(r->memfd);
	free(r->huge);
	memset(r, 0, sizeof(*r));
	r->memfd = -1;
}

/* --- huge pages --- */

/*
 * -EAGAIN: a page is held, by a transfer under way: worth another try.  Anything
 * else stays as it is: no memory, a kernel that cannot, a hole.
 */
enum { TRIES_MAX = 8 };

static uint8_t *tries(const struct ram *r, uint64_t gpa)
{
	return &r->huge[ram_offset(r, gpa) / RAM_HUGE];
}

void *ram_huge_begin(const struct ram *r, uint64_t gpa)
{
	gpa &= ~(uint64_t)(RAM_HUGE - 1);
	if (!r->huge || !ram_ok(r, gpa, RAM_HUGE) || *tries(r, gpa) >= TRIES_MAX)
		return NULL;
	return r->base + gpa;
}

void ram_huge_end(struct ram *r, const void *range, int result)
{
	uint8_t *n = tries(r, (uint64_t)((const uint8_t *)range - r->base));

	if (result == -EAGAIN && *n < TRIES_MAX)
		(*n)++;
	else
		*n = TRIES_MAX;
}

int ram_discard(struct ram *r, uint64_t gpa, uint64_t len)
{
	if ((gpa | len) % RAM_PAGE || !ram_ok(r, gpa, len))
		return -EINVAL;
	if (!len)
		return 0;
	/* MADV_DONTNEED would free nothing: the pages are the file's. */
	if (fallocate(r->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)ram_offset(r, gpa), (off_t)len))
		return -errno;
	ram_written(r, gpa, len);
	ram_huge_end(r, r->base + gpa, -ENODATA);
	return 0;
}
