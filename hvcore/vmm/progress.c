// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "hv/replace.h"

/* Whole before it has its name: a reader never sees half of it. */
static int publish(struct hv_progress **page, const char *path, const struct hv_progress *first)
{
	int fd = hv_replace_begin(path, 0640), rc;

	if (fd < 0)
		return fd;
	/* Allocated now: on a full file system a later write would be a SIGBUS. */
	rc = -posix_fallocate(fd, 0, HV_PROGRESS_SIZE);
	if (!rc) {
		*page = mmap(NULL, HV_PROGRESS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		rc = *page == MAP_FAILED ? -errno : 0;
	}
	if (!rc)
		memcpy(*page, first, sizeof(*first));
	close(fd);
	return hv_replace_end(path, rc);
}

int progress_create(const struct hv_config *c, const char *incarnation, struct hv_error *err)
{
	struct hv_progress first = {
		.magic = HV_PROGRESS_MAGIC,
		.version = HV_PROGRESS_VERSION,
		.size = HV_PROGRESS_SIZE,
		.vcpus = c->vcpus,
		.disks = c->ndisks,
		.nics = c->nnics,
	};
	char path[4096];
	int rc = hv_run_path(path, sizeof(path), c->name, "progress");

	if (rc)
		return hv_err(err, rc, "domain %s: its run directory's path is too long", c->name);
	snprintf(first.incarnation, sizeof(first.incarnation), "%.36s", incarnation);
	rc = publish(&board.progress, path, &first);
	if (rc) {
		board.progress = NULL;
		return hv_err(err, rc, "%s: cannot be made: %s; is the file system full?", path,
			      strerror(-rc));
	}
	progress_state(HV_PROGRESS_PRELAUNCH);
	return 0;
}

void progress_adopt(const char *incarnation)
{
	struct hv_progress *p = board.progress;
	union {
		char text[sizeof(p->incarnation)];
		uint64_t word[sizeof(p->incarnation) / sizeof(uint64_t)];
	} next = {{0}};
	uint64_t *to;

	if (!p)
		return;
	to = (uint64_t *)p->incarnation;
	snprintf(next.text, sizeof(next.text), "%.36s", incarnation);
	progress_put(&p->identity, p->identity + 1);
	/* Odd before the first word is new, even after the last: hv_progress_look(). */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (size_t i = 0; i < sizeof(next.word) / sizeof(next.word[0]); i++)
		progress_put(&to[i], next.word[i]);
	__atomic_store_n(&p->identity, p->identity + 1, __ATOMIC_RELEASE);
}

void progress_state(enum hv_progress_state state)
{
	struct timespec t;

	if (!board.progress)
		return;
	clock_gettime(CLOCK_BOOTTIME, &t);
	progress_put(&board.progress->state_since,
		     (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
	progress_put(&board.progress->state, state);
	if (board.clock)
		progress_put(&board.progress->clock, clock_now(board.clock));
}
