// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/export/nbd_private.h"

/* ---- clients ---- */

static void gone(struct task *t)
{
	struct nbd *n = list_entry(t, struct nbd, gone);
	void (*closed)(void *) = n->closed;
	void *arg = n->closed_arg;

	free(n->path);
	free(n);
	closed(arg);
}

static void check_closed(struct nbd *n)
{
	if (n->closed && !n->count)
		loop_task(n->loop, &n->gone);
}

void nbd_client_check(struct nbd_client *c)
{
	struct nbd *n = c->nbd;

	if (c->stage != NBD_ENDING)
		return;
	while (!list_empty(&c->replies))
		nbd_job_free(list_entry(c->replies.next, struct nbd_job, link));
	if (c->jobs)
		return;
	list_remove(&c->flush.link);
	list_remove(&c->link);
	if (c->holds)
		volume_release(n->volume);
	free(c);
	n->count--;
	if (n->parked && !n->closed)
		loop_watch(n->loop, &n->listener, EPOLLIN);
	n->parked = false;
	check_closed(n);
}

/* Not from within whatever has found out: it may still look at the client. */
static void flush(struct task *t)
{
	struct nbd_client *c = list_entry(t, struct nbd_client, flush);

	if (c->stage == NBD_ENDING)
		nbd_client_check(c);
	else
		nbd_write(c);
}

static bool is_held(const struct nbd *n)
{
	list_for_each (l, &n->clients) {
		struct nbd_client *c = list_entry(l, struct nbd_client, link);

		if (c->holds && c->stage != NBD_ENDING)
			return true;
	}
	return false;
}

void nbd_client_drop(struct nbd_client *c)
{
	if (c->stage == NBD_ENDING)
		return;
	c->stage = NBD_ENDING;
	loop_unwatch(c->nbd->loop, &c->watch);
	close(c->watch.fd);
	if (c->incoming)
		nbd_job_free(c->incoming);
	c->incoming = NULL;
	loop_task(c->nbd->loop, &c->flush);
	if (c->holds && !is_held(c->nbd))
		volume_abandon(c->nbd->volume);
}

static void ready(struct watch *w, uint32_t events)
{
	struct nbd_client *c = list_entry(w, struct nbd_client, watch);

	if (events & EPOLLOUT)
		nbd_write(c);
	if (c->stage != NBD_ENDING && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		nbd_read(c);
}

static void client_new(struct nbd *n, int fd)
{
	struct nbd_client *c = n->count < NBD_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	uint8_t hello[NBD_GREETING];

	if (!c) {
		close(fd);
		return;
	}
	c->nbd = n;
	c->watch = (struct watch){.fd = fd, .ready = ready};
	list_init(&c->replies);
	task_init(&c->flush, flush);
	list_append(&n->clients, &c->link);
	n->count++;
	if (loop_watch(n->loop, &c->watch, EPOLLIN)) {
		nbd_client_drop(c);
		return;
	}
	nbd_greeting(hello);
	nbd_say(c, hello, sizeof(hello));
}

/*
 * Whether a client has left, and what it sent last is not read yet.  A guest that was killed is begun
 * anew at once: its old writes must not come after the new ones.
 */
static bool has_remains(const struct nbd *n)
{
	list_for_each (l, &n->clients) {
		struct nbd_client *c = list_entry(l, struct nbd_client, link);
		struct pollfd p = {.fd = c->watch.fd, .events = POLLRDHUP};

		if (c->stage != NBD_ENDING && poll(&p, 1, 0) > 0 &&
		    p.revents & (POLLRDHUP | POLLHUP | POLLERR))
			return true;
	}
	return false;
}

static void accepted(struct watch *w, uint32_t events)
{
	struct nbd *n = list_entry(w, struct nbd, listener);
	int fd;

	if (has_remains(n)) {
		n->parked = true;
		loop_watch(n->loop, w, 0);
		return;
	}
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		client_new(n, fd);
}

/* ---- the socket ---- */

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
	    listen(fd, NBD_CLIENTS_MAX)) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int nbd_open(struct nbd **out, struct loop *l, struct volume *v, const char *path)
{
	struct nbd *n = calloc(1, sizeof(*n));
	int fd = n ? listen_at(path) : -ENOMEM, r = fd;

	if (fd >= 0) {
		n->loop = l;
		n->volume = v;
		n->path = strdup(path);
		n->listener = (struct watch){.fd = fd, .ready = accepted};
		list_init(&n->clients);
		task_init(&n->gone, gone);
		r = n->path ? loop_watch(l, &n->listener, EPOLLIN) : -ENOMEM;
	}
	if (r) {
		if (fd >= 0)
			close(fd);
		if (n)
			free(n->path);
		free(n);
		return r;
	}
	*out = n;
	return 0;
}

void nbd_close(struct nbd *n, void (*done)(void *arg), void *arg)
{
	n->closed = done;
	n->closed_arg = arg;
	loop_unwatch(n->loop, &n->listener);
	close(n->listener.fd);
	unlink(n->path);
	list_for_each (l, &n->clients)
		nbd_client_drop(list_entry(l, struct nbd_client, link));
	check_closed(n);
}

unsigned nbd_clients(const struct nbd *n)
{
	return n->count;
}
