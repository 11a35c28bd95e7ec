// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a progress page.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/progress.h"

enum { LOOKS_MAX = 1000 }; /* at a page that is just being given another incarnation */

_Static_assert(sizeof(struct hv_progress) % sizeof(uint64_t) == 0, "looked at in words");

/* What makes a file safe to map: only root or we could shorten it. */
static int check_file(const char *path, int fd, struct hv_error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return hv_err(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size != HV_PROGRESS_SIZE)
		return hv_err(err, -EPROTO, "%s: not a progress page: a file of %d bytes is one",
			      path, HV_PROGRESS_SIZE);
	if ((st.st_uid && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return hv_err(err, -EPERM, "%s: others could write it, so it is not believed",
			      path);
	return 0;
}

int hv_progress_open(const char *name, const struct hv_progress **out, struct hv_error *err)
{
	const struct hv_progress *p = MAP_FAILED;
	char path[4096];
	int fd, rc = hv_run_path(path, sizeof(path), name, "progress");

	*out = NULL;
	if (rc)
		return hv_err(err, rc, "domain \"%.64s\": its progress page has no path", name);
	/* O_NONBLOCK: a fifo that somebody put there must not hold us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		return hv_err(err, -errno, "%s: %s", path, strerror(errno));
	rc = check_file(path, fd, err);
	if (rc)
		goto out;
	p = mmap(NULL, HV_PROGRESS_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		rc = hv_err(err, -errno, "%s: cannot be mapped: %s", path, strerror(errno));
		goto out;
	}
	if (memcmp(p->magic, HV_PROGRESS_MAGIC, sizeof(p->magic)) ||
	    p->version != HV_PROGRESS_VERSION || p->size != HV_PROGRESS_SIZE) {
		rc = hv_err(
			err, -EPROTO,
			"%s: not a progress page of version %d; hv-domain is of another release",
			path, HV_PROGRESS_VERSION);
		hv_progress_close(p);
		goto out;
	}
	*out = p;
out:
	close(fd);
	return rc;
}

void hv_progress_close(const struct hv_progress *p)
{
	if (p)
		munmap((void *)(uintptr_t)p, HV_PROGRESS_SIZE);
}

static void at_most(uint32_t *n, uint32_t max)
{
	if (*n > max)
		*n = max;
}

/* take() - All words; whether the incarnation among them is whole. */
static bool take(const struct hv_progress *p, struct hv_progress *out)
{
	const uint64_t *from = (const uint64_t *)p;
	uint64_t *to = (uint64_t *)out;
	uint64_t identity = __atomic_load_n(&p->identity, __ATOMIC_ACQUIRE);

	for (size_t i = 0; i < sizeof(*p) / sizeof(*from); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	/* The loads above before the one below. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(identity & 1) && __atomic_load_n(&p->identity, __ATOMIC_RELAXED) == identity;
}

void hv_progress_look(const struct hv_progress *p, struct hv_progress *out)
{
	unsigned tries = 0;

	/* Changing it takes nanoseconds; who was killed in the middle never ends it. */
	while (!take(p, out) && ++tries < LOOKS_MAX)
		;
	if (tries == LOOKS_MAX)
		out->incarnation[0] = '\0';
	at_most(&out->vcpus, HV_VCPUS_MAX);
	at_most(&out->disks, HV_DISKS_MAX);
	at_most(&out->nics, HV_NICS_MAX);
	out->incarnation[sizeof(out->incarnation) - 1] = '\0';
}
