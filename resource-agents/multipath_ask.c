// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asking multipathd: a length (size_t, the machine's own) and as many bytes, the final NUL among
 * them, both ways.  It may hang, and somebody else may listen where it should.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "hvcore/lib/unix_connect.h"

#include "multipath.h"

enum { BACKLOG_MS = 20 }; /* between two attempts at a server whose backlog is full */

/* 0 with *len, or -EINVAL. */
static int address(struct sockaddr_un *a, socklen_t *len, const char *socket)
{
	size_t n = strlen(socket);

	if (n < 2 || n >= sizeof(a->sun_path))
		return -EINVAL;
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(a->sun_path, socket, n);
	if (socket[0] == '@')
		a->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (socket[0] != '@'));
	return 0;
}

static int connect_to(int fd, const char *socket, int64_t deadline)
{
	const struct timespec pause = {0, BACKLOG_MS * 1000000L};
	struct sockaddr_un a;
	socklen_t len;
	int rc = address(&a, &len, socket);

	while (!rc && connect(fd, (struct sockaddr *)&a, len)) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (!hv_left_ms(deadline))
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return rc;
}

/* An abstract address is anybody's while multipathd does not run. */
static int check_peer(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return -errno;
	return who.uid == 0 || who.uid == geteuid() ? 0 : -EPERM;
}

static int send_all(int fd, const void *data, size_t len, int64_t deadline)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc = n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;

		if (!rc && n < 0)
			rc = hv_unix_wait(fd, POLLOUT, deadline);
		if (rc)
			return rc;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int receive_all(int fd, void *data, size_t len, int64_t deadline)
{
	char *p = data;

	while (len) {
		int rc = hv_unix_wait(fd, POLLIN, deadline);
		ssize_t n = rc ? 0 : recv(fd, p, len, MSG_DONTWAIT);

		if (rc)
			return rc;
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int receive_reply(int fd, char **reply, size_t *len, int64_t deadline)
{
	size_t n;
	int rc = receive_all(fd, &n, sizeof(n), deadline);

	if (rc)
		return rc;
	if (!n || n > MULTIPATH_REPLY_MAX)
		return -EMSGSIZE;
	*reply = malloc(n + 1);
	if (!*reply)
		return -ENOMEM;
	rc = receive_all(fd, *reply, n, deadline);
	if (rc) {
		free(*reply);
		*reply = NULL;
		return rc;
	}
	(*reply)[n] = '\0';
	*len = n;
	return 0;
}

int multipath_ask(const char *where, const char *command, int64_t deadline, char **reply,
		  size_t *len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;
	size_t n = strlen(command) + 1;

	*reply = NULL;
	*len = 0;
	if (fd < 0)
		return -errno;
	rc = connect_to(fd, where, deadline);
	if (!rc)
		rc = check_peer(fd);
	if (!rc)
		rc = send_all(fd, &n, sizeof(n), deadline);
	if (!rc)
		rc = send_all(fd, command, n, deadline);
	if (!rc)
		rc = receive_reply(fd, reply, len, deadline);
	close(fd);
	return rc;
}
