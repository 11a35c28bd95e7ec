// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/export/door.h"

enum { BACKLOG = 16, AGAIN_MS = 5 };

static void listen_again(struct timer *t)
{
	struct door *d = list_entry(t, struct door, again);

	if (!d->stopped)
		loop_watch(d->loop, &d->listener, EPOLLIN);
}

static void accepted(struct watch *w, uint32_t events)
{
	struct door *d = list_entry(w, struct door, listener);
	int fd;

	if (volume_is_left(d->volume)) {
		loop_watch(d->loop, w, 0);
		loop_timer(d->loop, &d->again, AGAIN_MS * LOOP_MS);
		return;
	}
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		d->come(d, fd);
}

/* Of a socket that nobody listens at only the name is left. */
static int clear_away(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;
	struct stat st;

	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)a, sizeof(*a)) ? -errno : -EADDRINUSE;
	close(fd);
	if (r != -ECONNREFUSED)
		return r == -ENOENT ? 0 : r;
	if (lstat(a->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	return unlink(a->sun_path) ? -errno : 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, r;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	r = clear_away(&a);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || chmod(path, 0600) ||
	    listen(fd, BACKLOG)) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int door_open(struct door *d, struct loop *l, struct volume *v, const char *path,
	      void (*come)(struct door *d, int fd))
{
	int fd = listen_at(path), r;

	if (fd < 0)
		return fd;
	*d = (struct door){.loop = l, .volume = v, .come = come, .path = strdup(path)};
	d->listener = (struct watch){.fd = fd, .ready = accepted};
	timer_init(&d->again, listen_again);
	r = d->path ? loop_watch(l, &d->listener, EPOLLIN) : -ENOMEM;
	if (r)
		door_close(d);
	return r;
}

void door_stop(struct door *d)
{
	d->stopped = true;
	loop_watch(d->loop, &d->listener, 0);
}

void door_go(struct door *d)
{
	d->stopped = false;
	loop_watch(d->loop, &d->listener, EPOLLIN);
}

void door_close(struct door *d)
{
	loop_timer_stop(&d->again);
	loop_unwatch(d->loop, &d->listener);
	close(d->listener.fd);
	if (d->path)
		unlink(d->path);
	free(d->path);
	d->path = NULL;
}
