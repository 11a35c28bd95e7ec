// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hv/rundir.h"

int hv_daemon_lock(const char *name, const char *does, struct hv_error *err)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	int fd;

	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", hv_run_root(),
			      strerror(errno));
	snprintf(path, sizeof(path), "%s/.%s.lock", hv_run_root(), name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return hv_err(err, -errno, "%s: cannot be opened: %s; run as root?", path,
			      strerror(errno));
	if (fcntl(fd, F_OFD_SETLK, &fl)) {
		close(fd);
		return hv_err(err, -EEXIST, "another taiki-%s %s %s already (%s is locked)", name,
			      does, hv_run_root(), path);
	}
	/* The lock itself names nobody. */
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		hv_log_line(LOG_WARNING, "%s: cannot be written: %s", path, strerror(errno));
	return 0; /* the descriptor stays open on purpose */
}
