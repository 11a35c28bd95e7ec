// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
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
	return 0;
}

int ram_create(struct ram *r, uint64_t size, struct hv_error *err)
{
	uint64_t low_max = (uint64_t)RAM_LOW_MAX_MIB << 20;
	int rc;

	memset(r, 0, sizeof(*r));
	r->memfd = -1;
	r->low = size < low_max ? size : low_max;
	r->high = size - r->low;

	r->base = mmap(NULL, RAM_HIGH_BASE + r->high, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->base == MAP_FAILED) {
		rc = -errno;
		r->base = NULL;
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
	memset(r, 0, sizeof(*r));
	r->memfd = -1;
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
	return 0;
}
