// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fence channels: hv-domain's sockets, one for each domain with a fence group.
 *
 *   lost ──(socket appears, or the pause is over)──► connected ──(end)──► lost
 *
 * While lost, the nearest directory above the socket that exists is watched, and a timer whose
 * pauses grow tries anyway: a socket may be there before somebody listens, and hv-domain lets
 * only one client in.  What a guest does not read fills a buffer of bounded size;
 * what does not fit there is dropped, and the guest asks again or goes without.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>
#include <qb/qbdefs.h>
#include <qb/qblog.h>
#include <qb/qbloop.h>

#include "fencing/door_private.h"
#include "hv/rundir.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/unix_connect.h"

enum {
	PAUSE_MIN_MS = 50,
	PAUSE_MAX_MS = 2000,
	OUT_MAX = 128 << 10, /* three of the longest replies */
	READS_MAX = 4,       /* of one channel before the others have their turn */
};

struct channel {
	struct door_route route; /* first: send() gets it */
	struct channel *next;
	struct door_client *client;
	struct fence_framer in;
	char path[PATH_MAX];
	int fd;    /* -1: lost */
	int watch; /* of inotify; -1: none */
	unsigned pause_ms;
	int64_t connected_ms;
	qb_loop_timer_handle timer; /* 0: none */
	uint8_t *out;
	size_t out_len;
	bool broken; /* sending failed: to be dropped by the loop, not by the sender */
};

static struct channel *channels;
static int notify = -1;

static void try_later(struct channel *c, unsigned ms);
static int32_t on_channel(int32_t fd, int32_t events, void *data);

static void unwatch(struct channel *c)
{
	int wd = c->watch;

	c->watch = -1;
	/* One watch stands for all channels below the same directory. */
	for (struct channel *o = channels; o && wd >= 0; o = o->next)
		if (o->watch == wd)
			return;
	if (wd >= 0)
		inotify_rm_watch(notify, wd);
}

/* watch_nearest() - The directory that exists nearest to the socket: where the next step will be. */
static void watch_nearest(struct channel *c)
{
	char dir[PATH_MAX];
	char *slash;

	unwatch(c);
	snprintf(dir, sizeof(dir), "%s", c->path);
	while (notify >= 0 && c->watch < 0 && (slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		c->watch = inotify_add_watch(notify, dir,
					     IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR);
	}
}

static void lose(struct channel *c)
{
	if (hv_clock_ms() - c->connected_ms >= PAUSE_MAX_MS)
		c->pause_ms = PAUSE_MIN_MS;
	door_hangup(c->client, &c->route);
	qb_loop_poll_del(door_loop(), c->fd);
	close(c->fd);
	c->fd = -1;
	c->broken = false;
	c->out_len = 0;
	fence_framer_free(&c->in);
	watch_nearest(c);
	try_later(c, c->pause_ms);
}

static void watch_events(struct channel *c)
{
	qb_loop_poll_mod(door_loop(), QB_LOOP_MED, c->fd, c->out_len ? POLLIN | POLLOUT : POLLIN, c,
			 on_channel);
}

static void flush(struct channel *c)
{
	size_t done = 0;

	while (done < c->out_len) {
		ssize_t n = send(c->fd, c->out + done, c->out_len - done,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			c->broken = errno != EAGAIN && errno != EWOULDBLOCK;
			break;
		}
		done += (size_t)n;
	}
	c->out_len = door_rest(c->out, c->out_len, done);
}

static void send_reply(struct door_route *route, const uint8_t *data, size_t len)
{
	struct channel *c = (struct channel *)route;
	bool waited = c->out_len > 0;

	if (c->fd < 0 || c->broken)
		return;
	if (c->out_len + len > OUT_MAX) {
		qb_log(LOG_DEBUG, "%s: the guest does not read; a reply was dropped", c->path);
		return;
	}
	memcpy(c->out + c->out_len, data, len);
	c->out_len += len;
	if (!waited)
		flush(c);
	if (c->broken)
		try_later(c, 0);
	else if (waited != (c->out_len > 0))
		watch_events(c);
}

/* read_some() - 0; negative: the connection has ended. */
static int read_some(struct channel *c)
{
	uint8_t buf[4096];

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return 0;
		if (n <= 0)
			return -1;
		if (door_input(c->client, &c->route, &c->in, buf, (size_t)n) == -ENOMEM)
			return -1;
	}
	return 0;
}

static int32_t on_channel(int32_t fd, int32_t events, void *data)
{
	struct channel *c = data;
	bool had_out = c->out_len > 0;

	if (events & POLLOUT)
		flush(c);
	if (c->broken || (events & POLLIN ? read_some(c) : events & (POLLHUP | POLLERR)) ||
	    c->broken) {
		lose(c);
		return 0;
	}
	if (had_out && !c->out_len)
		watch_events(c);
	return 0;
}

static void connect_now(struct channel *c)
{
	/* Its deadline is past: only what can be done at once. */
	int fd = hv_unix_connect(c->path, 0);

	if (fd >= 0 && qb_loop_poll_add(door_loop(), QB_LOOP_MED, fd, POLLIN, c, on_channel)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0) {
		watch_nearest(c);
		try_later(c, c->pause_ms);
	} else {
		c->fd = fd;
		c->connected_ms = hv_clock_ms();
		unwatch(c);
	}
	/* Also after a success: a connection that ends at once was none (lose()). */
	c->pause_ms = c->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : c->pause_ms * 2;
}

static void on_timer(void *data)
{
	struct channel *c = data;

	c->timer = 0;
	if (c->broken)
		lose(c);
	else if (c->fd < 0)
		connect_now(c);
}

static void try_later(struct channel *c, unsigned ms)
{
	if (c->timer)
		qb_loop_timer_del(door_loop(), c->timer);
	c->timer = 0;
	if (qb_loop_timer_add(door_loop(), QB_LOOP_MED, ms * QB_TIME_NS_IN_MSEC, c, on_timer,
			      &c->timer))
		qb_log(LOG_ERR, "%s: no timer to connect with; it is tried when it appears again",
		       c->path);
}

/* on_notify() - Something appeared in a directory: whoever waits below it tries at once. */
static int32_t on_notify(int32_t fd, int32_t events, void *data)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(fd, buf, sizeof(buf));

	for (ssize_t at = 0; at < n;) {
		struct inotify_event *ev = (struct inotify_event *)(buf + at);

		at += (ssize_t)(sizeof(*ev) + ev->len);
		for (struct channel *c = channels; c; c = c->next) {
			if (c->fd >= 0 || (c->watch != ev->wd && !(ev->mask & IN_Q_OVERFLOW)))
				continue;
			/* The directory itself has gone, and its watch with it. */
			if (ev->mask & IN_IGNORED)
				c->watch = -1;
			try_later(c, 0);
		}
	}
	return 0;
}

/* watch_start() - Without inotify the timers alone do it. */
static void watch_start(void)
{
	if (notify >= 0)
		return;
	notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (notify >= 0 &&
	    !qb_loop_poll_add(door_loop(), QB_LOOP_MED, notify, POLLIN, NULL, on_notify))
		return;
	qb_log(LOG_WARNING, "inotify: not available (%s); a fence channel is found within 2 s",
	       strerror(errno));
	if (notify >= 0)
		close(notify);
	notify = -1;
}

static struct channel *find(const char *domain)
{
	struct channel *c = channels;

	while (c && strcmp(c->client->domain, domain) != 0)
		c = c->next;
	return c;
}

int door_channel_add(const char *domain, const char *group)
{
	struct channel *c = find(domain);
	int rc;

	if (c) {
		door_client_set_group(c->client, group);
		return -EEXIST;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->route.send = send_reply;
	c->fd = c->watch = -1;
	c->pause_ms = PAUSE_MIN_MS;
	rc = hv_run_path(c->path, sizeof(c->path), domain, "channel/" FENCE_PORT ".sock");
	if (!rc) {
		c->out = malloc(OUT_MAX);
		c->client = c->out ? door_client_new("channel", domain, domain, group) : NULL;
		rc = c->client ? 0 : -ENOMEM;
	}
	if (rc) {
		free(c->out);
		free(c);
		return rc == -ENAMETOOLONG ? -EINVAL : rc;
	}
	watch_start();
	c->next = channels;
	channels = c;
	try_later(c, 0);
	return 0;
}

void door_channel_remove(const char *domain)
{
	struct channel *c = find(domain), **at = &channels;

	if (!c)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->fd >= 0) {
		qb_loop_poll_del(door_loop(), c->fd);
		close(c->fd);
	}
	if (c->timer)
		qb_loop_timer_del(door_loop(), c->timer);
	unwatch(c);
	door_hangup(c->client, &c->route);
	door_client_free(c->client);
	fence_framer_free(&c->in);
	free(c->out);
	free(c);
}

void door_channel_close(void)
{
	while (channels)
		door_channel_remove(channels->client->domain);
	if (notify >= 0) {
		qb_loop_poll_del(door_loop(), notify);
		close(notify);
	}
	notify = -1;
}
