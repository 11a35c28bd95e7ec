// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "poller.h"
#include "timer.h"

enum { BATCH = 64 };

struct set {
	int fd;
	struct epoll_event batch[BATCH]; /* what is being dispatched; NULL: taken out meanwhile */
	int n, at;
};

static struct {
	qb_loop_t *loop;
	struct set urgent, lazy;
	struct hb_timer timer; /* set: the lazy ones are read when it is over */
} self;

/* dispatch() - How many were ready. */
static int dispatch(struct set *s)
{
	int n = epoll_wait(s->fd, s->batch, BATCH, 0);

	for (s->n = n, s->at = 0; s->at < s->n; s->at++) {
		struct poller_entry *e = s->batch[s->at].data.ptr;

		if (e)
			e->ready(e->data);
	}
	s->n = 0;
	return n;
}

static int32_t urgent_ready(int32_t fd, int32_t events, void *data)
{
	dispatch(&self.urgent);
	return 0;
}

static int32_t lazy_ready(int32_t fd, int32_t events, void *data);

static void lazy_due(void *data)
{
	if (dispatch(&self.lazy) > 0)
		timer_set(&self.timer, POLLER_LAZY_MS * 1000000LL, NULL, lazy_due);
	else
		qb_loop_poll_add(self.loop, QB_LOOP_HIGH, self.lazy.fd, POLLIN, NULL, lazy_ready);
}

/* The first after a while; as long as more come, the timer is what reads them. */
static int32_t lazy_ready(int32_t fd, int32_t events, void *data)
{
	qb_loop_poll_del(self.loop, self.lazy.fd);
	lazy_due(NULL);
	return 0;
}

int poller_start(qb_loop_t *loop)
{
	int rc;

	self.loop = loop;
	self.urgent.fd = epoll_create1(EPOLL_CLOEXEC);
	self.lazy.fd = epoll_create1(EPOLL_CLOEXEC);
	if (self.urgent.fd < 0 || self.lazy.fd < 0)
		return -errno;
	rc = qb_loop_poll_add(loop, QB_LOOP_HIGH, self.urgent.fd, POLLIN, NULL, urgent_ready);
	if (!rc)
		rc = qb_loop_poll_add(loop, QB_LOOP_HIGH, self.lazy.fd, POLLIN, NULL, lazy_ready);
	return rc;
}

static struct set *set_of(const struct poller_entry *e)
{
	return e->lazy ? &self.lazy : &self.urgent;
}

int poller_add(struct poller_entry *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = e};

	return epoll_ctl(set_of(e)->fd, EPOLL_CTL_ADD, e->fd, &ev) ? -errno : 0;
}

void poller_del(struct poller_entry *e)
{
	struct set *s = set_of(e);

	epoll_ctl(s->fd, EPOLL_CTL_DEL, e->fd, NULL);
	for (int i = s->at + 1; i < s->n; i++)
		if (s->batch[i].data.ptr == e)
			s->batch[i].data.ptr = NULL;
}
