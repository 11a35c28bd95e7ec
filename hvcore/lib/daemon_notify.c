// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hv/daemon.h"

static struct {
	int fd;
	int64_t every, last; /* ns; 0: no watchdog */
} self = {.fd = -1};

static int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void hv_notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(sa.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(sa.sun_path, path, n);
	if (*path == '@')
		sa.sun_path[0] = '\0';
	self.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (self.fd < 0 || connect(self.fd, (struct sockaddr *)&sa,
				   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n))) {
		if (self.fd >= 0)
			close(self.fd);
		self.fd = -1;
		return;
	}
	/* A third of its patience, so that two may be late. */
	if (usec)
		self.every = strtoll(usec, NULL, 10) * 1000 / 3;
	unsetenv("NOTIFY_SOCKET");
}

void hv_notify_say(const char *what)
{
	if (self.fd >= 0)
		send(self.fd, what, strlen(what), MSG_NOSIGNAL);
}

uint64_t hv_notify_alive(void)
{
	int64_t now = clock_ns(), left = self.last + self.every - now;

	if (!self.every)
		return 0;
	if (self.last && left > 0)
		return (uint64_t)left;
	self.last = now;
	hv_notify_say("WATCHDOG=1");
	return (uint64_t)self.every;
}
