// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connecting to a Unix socket, with a deadline and with any path.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"
#include "unix_connect.h"

enum { CONNECT_RETRY_MS = 10 }; /* a full backlog says EAGAIN and cannot be polled */

/*
 * fill_address() - @path as a socket address.  sun_path has room for 107
 * bytes; a longer path is reached through a descriptor of its directory,
 * which is returned in *dirfd and is the caller's to close.
 */
static int fill_address(const char *path, struct sockaddr_un *sa, int *dirfd)
{
	char copy[PATH_MAX];
	const char *base = strrchr(path, '/');

	*dirfd = -1;
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(sa->sun_path)) {
		memcpy(sa->sun_path, path, strlen(path) + 1);
		return 0;
	}
	if (!base || strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	memcpy(copy, path, strlen(path) + 1);
	*dirfd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dirfd < 0)
		return -errno;
	if (snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d%s", *dirfd, base) >=
	    (int)sizeof(sa->sun_path)) {
		close(*dirfd);
		*dirfd = -1;
		return -ENAMETOOLONG;
	}
	return 0;
}

int hv_unix_connect(const char *path, int64_t deadline)
{
	struct sockaddr_un sa;
	int dirfd, rc, fd;

	rc = fill_address(path, &sa, &dirfd);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		rc = -errno;
		goto out;
	}
	while (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		rc = -errno;
		if (rc == -EINTR)
			continue;
		if (rc != -EAGAIN)
			goto out;
		rc = -ETIMEDOUT;
		if (hv_clock_ms() >= deadline)
			goto out;
		poll(NULL, 0, CONNECT_RETRY_MS);
	}
	rc = fd;
	fd = -1;
out:
	if (fd >= 0)
		close(fd);
	if (dirfd >= 0)
		close(dirfd);
	return rc;
}

int hv_unix_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	while ((n = poll(&p, 1, hv_left_ms(deadline))) < 0 && errno == EINTR)
		;
	return n > 0 ? 0 : n < 0 ? -errno : -ETIMEDOUT;
}

int hv_unix_get(int fd, void *buf, size_t len, int64_t deadline)
{
	for (size_t got = 0; got < len;) {
		int rc = hv_unix_wait(fd, POLLIN, deadline);
		ssize_t n = rc ? rc : recv(fd, (char *)buf + got, len - got, MSG_DONTWAIT);

		if (rc)
			return rc;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		got += (size_t)n;
	}
	return 0;
}
