// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mirror/engine/linger.h"

enum { LINGER_MS = 2000 };

struct lingering {
	struct list link;
	struct loop *loop;
	struct watch watch;
	struct timer late;
};

static void end(struct lingering *x)
{
	loop_timer_stop(&x->late);
	loop_unwatch(x->loop, &x->watch);
	close(x->watch.fd);
	list_remove(&x->link);
	free(x);
}

static void late(struct timer *t)
{
	end(list_entry(t, struct lingering, late));
}

static void ready(struct watch *w, uint32_t events)
{
	struct lingering *x = list_entry(w, struct lingering, watch);
	char unread[16384];
	ssize_t n = recv(w->fd, unread, sizeof(unread), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		end(x);
}

void linger(struct loop *l, int fd)
{
	struct lingering *x = calloc(1, sizeof(*x));

	shutdown(fd, SHUT_WR);
	if (!x) {
		close(fd);
		return;
	}
	x->loop = l;
	x->watch = (struct watch){.fd = fd, .ready = ready};
	timer_init(&x->late, late);
	list_append(&l->lingering, &x->link);
	loop_timer(l, &x->late, LINGER_MS * LOOP_MS);
	if (loop_watch(l, &x->watch, EPOLLIN))
		end(x);
}

void linger_end(struct loop *l)
{
	while (!list_empty(&l->lingering))
		end(list_entry(l->lingering.next, struct lingering, link));
}
