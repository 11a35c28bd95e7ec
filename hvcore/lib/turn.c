// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "probe.h"
#include "turn.h"

int hv_turn(const char *name, int64_t deadline, struct hv_error *err)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	int fd;

	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", hv_run_root(),
			      strerror(errno));
	if (hv_run_path(path, sizeof(path), name, ""))
		return hv_err(err, -ENAMETOOLONG, "domain %s: the run directory's path is too long",
			      name);
	if (mkdir(path, 0750) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", path,
			      strerror(errno));
	if (hv_run_path(path, sizeof(path), name, "starter"))
		return hv_err(err, -ENAMETOOLONG, "domain %s: the run directory's path is too long",
			      name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return hv_err(err, -errno, "%s: cannot be opened: %s; run as root?", path,
			      strerror(errno));
	while (fcntl(fd, F_OFD_SETLK, &fl)) {
		if ((errno != EAGAIN && errno != EACCES) || !hv_left_ms(deadline)) {
			int rc = errno == EAGAIN || errno == EACCES ? -ETIMEDOUT : -errno;

			close(fd);
			return hv_err(err, rc,
				      "domain %s: another start of it has not ended in time", name);
		}
		usleep(10000);
	}
	return fd;
}
