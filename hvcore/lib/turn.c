// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "lock_wait.h"
#include "probe.h"
#include "turn.h"

static int make_dir(const char *name, struct hv_error *err)
{
	char path[4096];

	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", hv_run_root(),
			      strerror(errno));
	if (hv_run_path(path, sizeof(path), name, ""))
		return hv_err(err, -ENAMETOOLONG, "domain %s: the run directory's path is too long",
			      name);
	if (mkdir(path, 0750) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", path,
			      strerror(errno));
	return 0;
}

static int take(int fd, const char *name, int64_t deadline, struct hv_error *err)
{
	int rc = hv_lock_wait(fd, deadline);

	if (rc == -ETIMEDOUT)
		return hv_err(err, rc, "domain %s: another start of it has not ended in time",
			      name);
	return rc ? hv_err(err, rc, "domain %s: its turn cannot be taken: %s", name, strerror(-rc))
		  : 0;
}

/* is_still() - Whether @fd is the file at @path: the directory may have been renamed or removed. */
static bool is_still(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int hv_turn(const char *name, int64_t deadline, struct hv_error *err)
{
	char path[4096];
	int fd, rc;

	for (;;) {
		rc = make_dir(name, err);
		if (rc)
			return rc;
		if (hv_run_path(path, sizeof(path), name, HV_TURN_FILE))
			return hv_err(err, -ENAMETOOLONG,
				      "domain %s: the run directory's path is too long", name);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno == ENOENT && hv_left_ms(deadline))
			continue; /* removed in between */
		if (fd < 0)
			return hv_err(err, -errno, "%s: cannot be opened: %s; run as root?", path,
				      strerror(errno));
		rc = take(fd, name, deadline, err);
		if (!rc && is_still(fd, path))
			return fd;
		close(fd);
		if (rc)
			return rc;
	}
}

bool hv_turn_taken(const char *name)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	bool taken;
	int fd;

	if (hv_run_path(path, sizeof(path), name, HV_TURN_FILE))
		return false;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno != ENOENT; /* cannot be told: leave it alone */
	taken = fcntl(fd, F_OFD_GETLK, &fl) || fl.l_type != F_UNLCK;
	close(fd);
	return taken;
}
