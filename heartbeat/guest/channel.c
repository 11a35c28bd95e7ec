// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A port and its timer: it is looked for while it is not there, read while it is,
 * and its owner is told when the host begins to listen.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

enum {
	/* Where no event tells that the port can be opened (somebody else has it open). */
	RETRY_MS = 5000,
	/* ... and after a loss, when the port came back before its going was seen. */
	RETRY_SOON_MS = 100,
	READ_MAX = 4096,
	/* A host that talks without end does not keep the loop from its other work. */
	READS_MAX = 8,
};

/* Edges: while the host does not listen, POLLHUP would stand there all the time. */
static const uint32_t edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

static const char *called(const struct channel *c)
{
	return c->port.path ? c->port.path : c->port.name;
}

void channel_open(struct channel *c)
{
	int rc = port_open(&c->port);

	if (!rc && !loop_watch(c->port.fd, edges)) {
		rc = -errno;
		port_close(&c->port);
	}
	if (rc) {
		if (rc != c->last_failure)
			say(LOG_NOTICE, "port %s is not there yet: %s; waiting for it", called(c),
			    strerror(-rc));
		c->last_failure = rc;
		timer_set(c->timer, RETRY_MS, RETRY_MS);
		return;
	}
	c->last_failure = 0;
	c->opened();
	say(LOG_NOTICE, "port %s is open", called(c));
	timer_set(c->timer, c->every, c->every);
}

static void lose(struct channel *c, int why)
{
	say(LOG_NOTICE, "port %s has gone: %s", called(c), strerror(why));
	port_close(&c->port);
	timer_set(c->timer, RETRY_SOON_MS, RETRY_MS);
}

/* hear_all() - False: there may be more. */
static bool hear_all(struct channel *c)
{
	char buf[READ_MAX];

	for (int turns = 0; turns < READS_MAX; turns++) {
		ssize_t n = port_read(&c->port, buf, sizeof(buf));

		if (n < 0)
			lose(c, (int)-n);
		if (n <= 0)
			return true;
		c->heard(buf, (size_t)n);
	}
	return false;
}

static void on_port(struct channel *c, uint32_t what)
{
	bool was = c->port.connected;
	int fd = c->port.fd;

	if (!hear_all(c))
		loop_again(fd, edges); /* an edge comes once: ask for another */
	if (c->port.fd != fd)
		return;
	c->port.connected = !(what & EPOLLHUP);
	if (c->port.connected && !was)
		c->connected();
}

static bool ticked(int timer)
{
	uint64_t times;

	return read(timer, &times, sizeof(times)) == sizeof(times);
}

bool channel_handle(struct channel *c, int fd, uint32_t what)
{
	if (fd == c->port.fd) {
		on_port(c, what);
	} else if (fd == c->timer) {
		if (!ticked(fd))
			return true;
		if (c->port.fd < 0)
			channel_open(c);
		else
			c->connected();
	} else if (fd == c->port.uevent || fd == c->port.inotify) {
		if (port_event(&c->port, fd))
			channel_open(c);
	} else {
		return false;
	}
	return true;
}

bool channel_watch(struct channel *c)
{
	c->timer = timer_open();
	port_watch(&c->port);
	return loop_watch(c->timer, EPOLLIN) &&
	       (c->port.uevent < 0 || loop_watch(c->port.uevent, EPOLLIN)) &&
	       (c->port.inotify < 0 || loop_watch(c->port.inotify, EPOLLIN));
}
