// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has the volume open.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "mirror/engine/private.h"

void holder_init(struct holder *h, int fd)
{
	*h = (struct holder){.fd = fd};
	list_init(&h->link);
}

int volume_hold(struct volume *v, struct holder *h)
{
	if (!list_empty(&h->link))
		return 0;
	if (v->state.role != ROLE_PRIMARY || v->change.busy || v->down)
		return -EROFS;
	list_append(&v->holders, &h->link);
	v->abandoned = false;
	return 0;
}

void volume_release(struct volume *v, struct holder *h)
{
	list_remove(&h->link);
}

void volume_abandon(struct volume *v, struct holder *h)
{
	if (list_empty(&h->link))
		return;
	h->gone = true;
	list_for_each (l, &v->holders)
		if (!list_entry(l, struct holder, link)->gone)
			return;
	requests_abandon(v);
}

bool volume_is_left(const struct volume *v)
{
	list_for_each (l, &v->holders) {
		const struct holder *h = list_entry(l, struct holder, link);
		struct pollfd p = {.fd = h->fd, .events = POLLRDHUP};

		if (!h->gone && poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR))
			return true;
	}
	return false;
}
