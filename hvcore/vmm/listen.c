// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"

int unix_listen(const char *path, unsigned backlog, struct hv_error *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int fd, rc;

	if (!len || len >= sizeof(sa.sun_path))
		return hv_err(err, -ENAMETOOLONG,
			      "%s: too long for a socket (%zu bytes at most); choose a shorter "
			      "TAIKI_RUN_DIR",
			      path, sizeof(sa.sun_path) - 1);
	/* Until it listens it has another name: who is told by inotify that it is there can connect. */
	memcpy(sa.sun_path, path, len + 1);
	sa.sun_path[len - 1] = '~';
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return hv_err(err, -errno, "%s: no socket: %s", path, strerror(errno));
	unlink(sa.sun_path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || chmod(sa.sun_path, 0600) ||
	    listen(fd, (int)backlog) || rename(sa.sun_path, path)) {
		rc = hv_err(err, -errno, "%s: cannot listen: %s", path, strerror(errno));
		close(fd);
		unlink(sa.sun_path);
		return rc;
	}
	return fd;
}
