// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "mirror/export/nbd_private.h"

/* ---- clients ---- */

static void gone(struct task *t)
{
	struct nbd *n = list_entry(t, struct nbd, gone);
	void (*closed)(void *) = n->closed;
	void *arg = n->closed_arg;

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
	volume_release(n->volume, &c->holder);
	free(c);
	n->count--;
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
	volume_abandon(c->nbd->volume, &c->holder);
}

static void ready(struct watch *w, uint32_t events)
{
	struct nbd_client *c = list_entry(w, struct nbd_client, watch);

	if (events & EPOLLOUT)
		nbd_write(c);
	if (c->stage != NBD_ENDING && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		nbd_read(c);
}

static void client_new(struct door *d, int fd)
{
	struct nbd *n = list_entry(d, struct nbd, door);
	struct nbd_client *c = n->count < NBD_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	uint8_t hello[NBD_GREETING];

	if (!c) {
		close(fd);
		return;
	}
	c->nbd = n;
	c->watch = (struct watch){.fd = fd, .ready = ready};
	holder_init(&c->holder, fd);
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

int nbd_open(struct nbd **out, struct loop *l, struct volume *v, const char *path)
{
	struct nbd *n = calloc(1, sizeof(*n));
	int r = n ? door_open(&n->door, l, v, path, client_new) : -ENOMEM;

	if (r) {
		free(n);
		return r;
	}
	n->loop = l;
	n->volume = v;
	list_init(&n->clients);
	task_init(&n->gone, gone);
	*out = n;
	return 0;
}

void nbd_close(struct nbd *n, void (*done)(void *arg), void *arg)
{
	n->closed = done;
	n->closed_arg = arg;
	door_close(&n->door);
	list_for_each (l, &n->clients)
		nbd_client_drop(list_entry(l, struct nbd_client, link));
	check_closed(n);
}

unsigned nbd_clients(const struct nbd *n)
{
	return n->count;
}
