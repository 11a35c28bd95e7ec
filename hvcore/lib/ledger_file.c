// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of one entry.  Its booker's lock is on the file itself and is there before the
 * file is: whoever finds the entry finds it alive.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hv/replace.h"
#include "hv/rundir.h"
#include "ledger_private.h"
#include "lock_wait.h"

uint64_t ledger_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int ledger_lock(int64_t deadline, struct hv_error *err)
{
	char path[4096];
	int fd, rc;

	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", hv_run_root(),
			      strerror(errno));
	snprintf(path, sizeof(path), "%s/.ledger.lock", hv_run_root());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd < 0)
		return hv_err(err, -errno, "%s: cannot be opened: %s; run as root?", path,
			      strerror(errno));
	rc = hv_lock_wait(fd, deadline);
	if (rc) {
		close(fd);
		return hv_err(err, rc, "%s: %s", path,
			      rc == -ETIMEDOUT ? "somebody else has held the ledger all the time"
					       : strerror(-rc));
	}
	return fd;
}

static int open_entry(const char *name, struct hv_error *err)
{
	char path[4096];
	struct stat st;
	int rc = hv_run_path(path, sizeof(path), name, "ledger"), fd;

	if (rc)
		return hv_err(err, rc, "domain \"%.64s\": its entry has no path", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0)
		return hv_err(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return hv_err(err, -EINVAL, "%s: not a file", path);
	}
	return fd;
}

int ledger_load(const char *name, struct hv_ledger_entry *e, bool *booked, struct hv_error *err)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_entry(name, err), rc;
	char text[HV_LEDGER_TEXT];
	ssize_t n;

	*booked = false;
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text));
	rc = n < 0 ? hv_err(err, -errno, "cannot be read: %s", strerror(errno))
		   : hv_ledger_parse(text, (size_t)n, e, err);
	/* Who cannot ask whether the booker lives must not take it for dead. */
	*booked = fcntl(fd, F_OFD_GETLK, &fl) || fl.l_type != F_UNLCK;
	close(fd);
	if (rc)
		return rc;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->state = *booked ? HV_LEDGER_BOOKED : HV_LEDGER_RUNNING;
	return 0;
}

int ledger_wait(const char *name, int64_t deadline)
{
	char path[4096];
	int rc = hv_run_path(path, sizeof(path), name, "ledger"), fd;

	if (rc)
		return rc;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = hv_lock_wait(fd, deadline);
	close(fd);
	return rc;
}

bool ledger_mine(int fd, const char *name)
{
	char path[4096];
	struct stat a, b;

	return !hv_run_path(path, sizeof(path), name, "ledger") && !fstat(fd, &a) &&
	       !lstat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int write_new(int fd, const struct hv_ledger_entry *e, bool hold)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char text[HV_LEDGER_TEXT];
	int n = hv_ledger_print(e, text, sizeof(text));

	if (n < 0)
		return n;
	if (hold && fcntl(fd, F_OFD_SETLK, &fl))
		return -errno;
	errno = 0;
	if (write(fd, text, (size_t)n) != n)
		return errno ? -errno : -ENOSPC;
	return 0;
}

int ledger_store(const struct hv_ledger_entry *e, int *fd, struct hv_error *err)
{
	char path[4096];
	int new, rc;

	if (hv_run_path(path, sizeof(path), e->name, "ledger"))
		return hv_err(err, -EINVAL, "domain \"%.64s\": its entry has no path", e->name);
	new = hv_replace_begin(path, 0640);
	if (new < 0)
		return hv_replace_failed(path, new, err);
	rc = hv_replace_end(path, write_new(new, e, fd != NULL));
	if (rc) {
		close(new);
		return hv_replace_failed(path, rc, err);
	}
	if (!fd) {
		close(new);
	} else if (*fd < 0) {
		/* Never one of the first three, which a child is given something else for. */
		*fd = fcntl(new, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (*fd < 0)
			rc = hv_err(err, -errno, "%s: cannot be held: %s", path, strerror(errno));
		close(new);
	} else {
		/* The number stays what the caller knows; the old entry's lock goes. */
		dup3(new, *fd, O_CLOEXEC);
		close(new);
	}
	return rc;
}
