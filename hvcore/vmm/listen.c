// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"

enum { BACKLOG = 8 };

int unix_listen(const char *path, struct hv_error *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return hv_err(err, -ENAMETOOLONG, "%s: too long for a socket (%zu bytes at most)",
			      path, sizeof(sa.sun_path) - 1);
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return hv_err(err, -errno, "%s: no socket: %s", path, strerror(errno));
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || chmod(path, 0600) ||
	    listen(fd, BACKLOG)) {
		rc = hv_err(err, -errno, "%s: cannot listen: %s", path, strerror(errno));
		close(fd);
		return rc;
	}
	return fd;
}
