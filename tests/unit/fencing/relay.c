// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <qb/qbdefs.h>
#include <qb/qbloop.h>

#include "fencing/message.h"
#include "hv/rundir.h"
#include "relay.h"

struct side {
	struct relay *relay;
	int listener, fd; /* fd -1: nobody is here */
};

struct relay {
	struct qb_loop *loop;
	struct side side[2];
};

static void leave(struct side *s)
{
	if (s->fd < 0)
		return;
	qb_loop_poll_del(s->relay->loop, s->fd);
	close(s->fd);
	s->fd = -1;
}

static int32_t on_bytes(int32_t fd, int32_t events, void *data)
{
	struct side *s = data, *other = &s->relay->side[s == &s->relay->side[0]];
	char buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0 && other->fd >= 0 && send(other->fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
		leave(other);
	if (n == 0)
		leave(s);
	return 0;
}

/* As hv-domain, and as a virtio port: one at a time. */
static int32_t on_listener(int32_t fd, int32_t events, void *data)
{
	struct side *s = data;
	int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (c >= 0 && s->fd >= 0) {
		close(c);
	} else if (c >= 0) {
		s->fd = c;
		qb_loop_poll_add(s->relay->loop, QB_LOOP_MED, c, POLLIN, s, on_bytes);
	}
	return 0;
}

static bool listen_on(struct side *s, const char path[100])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, 100, "%s", path);
	unlink(path);
	s->fd = -1;
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return s->listener >= 0 && !bind(s->listener, (struct sockaddr *)&sa, sizeof(sa)) &&
	       !listen(s->listener, 8) &&
	       !qb_loop_poll_add(s->relay->loop, QB_LOOP_MED, s->listener, POLLIN, s, on_listener);
}

bool relay_open(struct qb_loop *loop, const char *domain)
{
	static const char *const files[] = {"channel/" FENCE_PORT ".sock", "port"};
	struct relay *r = calloc(1, sizeof(*r));
	char path[100];

	if (!r)
		return false;
	r->loop = loop;
	hv_run_path(path, sizeof(path), domain, "");
	mkdir(path, 0700);
	hv_run_path(path, sizeof(path), domain, "channel");
	mkdir(path, 0700);
	for (unsigned i = 0; i < 2; i++) {
		r->side[i].relay = r;
		hv_run_path(path, sizeof(path), domain, files[i]);
		if (!listen_on(&r->side[i], path))
			return false;
	}
	return true;
}
