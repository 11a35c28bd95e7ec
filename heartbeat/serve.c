// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv/rundir.h"

#include "serve.h"
#include "timer.h"

enum { BACKLOG = 32 };
#define S_NS 1000000000LL

struct client {
	int fd; /* 0: this place is free (descriptor 0 is nobody's) */
	char question[SERVE_LINE];
	size_t asked;
	char *answer;
	size_t size, sent;
	struct hb_timer timer;
};

static struct client clients[SERVE_MAX];
static struct {
	qb_loop_t *loop;
	json_t *(*answer)(void *data, const char *line, size_t len);
	void *data;
} self;

static void end(struct client *c)
{
	timer_clear(&c->timer);
	qb_loop_poll_del(self.loop, c->fd);
	close(c->fd);
	free(c->answer);
	*c = (struct client){0};
}

static void too_slow(void *data)
{
	struct client *c = data;

	end(c);
}

static int32_t can_write(int32_t fd, int32_t events, void *data);

static void answer(struct client *c, size_t len)
{
	json_t *o = self.answer(self.data, c->question, len);

	c->answer = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	c->size = c->answer ? strlen(c->answer) : 0;
	if (c->size)
		c->answer[c->size++] = '\n'; /* in the place of its NUL */
	qb_loop_poll_mod(self.loop, QB_LOOP_LOW, c->fd, POLLOUT, c, can_write);
}

static int32_t can_write(int32_t fd, int32_t events, void *data)
{
	struct client *c = data;
	ssize_t n = send(fd, c->answer + c->sent, c->size - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		c->sent += (size_t)n;
	if (c->sent == c->size || (n < 0 && errno != EAGAIN && errno != EINTR))
		end(c);
	return 0;
}

static int32_t can_read(int32_t fd, int32_t events, void *data)
{
	struct client *c = data;
	ssize_t n = recv(fd, c->question + c->asked, sizeof(c->question) - c->asked, MSG_DONTWAIT);
	char *nl;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0)
		c->asked += (size_t)n;
	nl = memchr(c->question, '\n', c->asked);
	if (nl)
		answer(c, (size_t)(nl - c->question));
	else if (n <= 0 || c->asked == sizeof(c->question))
		end(c);
	return 0;
}

static int32_t come(int32_t fd, int32_t events, void *data)
{
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), i = 0;

	if (peer < 0)
		return 0;
	while (i < SERVE_MAX && clients[i].fd)
		i++;
	if (i == SERVE_MAX ||
	    qb_loop_poll_add(self.loop, QB_LOOP_LOW, peer, POLLIN, &clients[i], can_read)) {
		close(peer);
		return 0;
	}
	clients[i] = (struct client){.fd = peer};
	timer_set(&clients[i].timer, SERVE_S * S_NS, &clients[i], too_slow);
	return 0;
}

int serve_start(qb_loop_t *loop, const char *name,
		json_t *(*answers)(void *data, const char *line, size_t len), void *data)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd, rc = 0;

	self.loop = loop;
	self.answer = answers;
	self.data = data;
	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", hv_run_root(), name) >=
	    (int)sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(sa.sun_path); /* ours: we hold the lock */
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || chmod(sa.sun_path, 0600) ||
	    listen(fd, BACKLOG))
		rc = -errno;
	if (!rc)
		rc = qb_loop_poll_add(loop, QB_LOOP_LOW, fd, POLLIN, NULL, come);
	if (rc)
		close(fd);
	return rc;
}
