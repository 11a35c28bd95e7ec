// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The link between the two hosts: a relay of every connection, in a thread, that holds back what passes.
 *
 *   host a, NET.1  ◄──►  NET.3 [relay] NET.2  ◄──►  NET.4, host b
 *
 * Each sees the other at the relay's address, and is connected to from there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/history/torture/torture.h"

enum { PAIRS = 16, CHUNK = 65536, QUEUE_MAX = 256, TURN_MS = 100 };

/* Bytes on their way, in one direction. */
struct chunk {
	struct chunk *next;
	uint64_t due;
	size_t at, len;
	uint8_t bytes[CHUNK];
};

struct pipe_end {
	struct chunk *first, **last;
	unsigned queued;
};

struct pair {
	int fd[2];             /* -1: free */
	struct pipe_end to[2]; /* what goes to fd[i] */
	bool lost;             /* nothing passes any more, and is closed when the link is healed */
};

static struct {
	pthread_t thread;
	pthread_mutex_t lock; /* owns `cut` and the pairs while the relay does not wait */
	struct pair pair[PAIRS];
	int listener[2], wake;
	struct sockaddr_in host[2], relay[2]; /* relay[i]: who stands for host[i] */
	uint64_t delay;
	unsigned version; /* of what the relay has to know */
	bool cut, end;
} net = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void shut(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct chunk *c;

		if (p->fd[i] >= 0)
			close(p->fd[i]);
		p->fd[i] = -1;
		while ((c = p->to[i].first)) {
			p->to[i].first = c->next;
			free(c);
		}
		p->to[i] = (struct pipe_end){.last = &p->to[i].first};
	}
	p->lost = false;
}

/* Host 1 - @i has dialled host @i's stand-in: so does the relay host @i. */
static void join(int i)
{
	int in = accept4(net.listener[i], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), one = 1;
	int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in from = net.relay[1 - i];
	struct pair *p = NULL;

	from.sin_port = 0;
	for (int k = 0; k < PAIRS && !p; k++)
		if (net.pair[k].fd[0] < 0)
			p = &net.pair[k];
	/* on the loopback it is there at once, or nobody listens */
	if (!p || in < 0 || out < 0 || bind(out, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(out, (struct sockaddr *)&net.host[i], sizeof(net.host[i]))) {
		if (in >= 0)
			close(in);
		if (out >= 0)
			close(out);
		return;
	}
	fcntl(out, F_SETFL, O_NONBLOCK);
	setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	p->fd[i] = out;
	p->fd[1 - i] = in;
}

/* take() - What fd[@i] has to say waits for its time.  False: it has closed. */
static bool take(struct pair *p, int i)
{
	struct pipe_end *to = &p->to[1 - i];
	struct chunk *c = malloc(sizeof(*c));
	ssize_t n = c ? recv(p->fd[i], c->bytes, CHUNK, 0) : -1;

	if (n <= 0) {
		free(c);
		return n < 0 && errno == EAGAIN;
	}
	c->next = NULL;
	c->at = 0;
	c->len = (size_t)n;
	c->due = now_ns() + net.delay;
	*to->last = c;
	to->last = &c->next;
	to->queued++;
	return true;
}

static bool give(struct pair *p, int i, uint64_t now)
{
	struct pipe_end *to = &p->to[i];
	struct chunk *c;

	while ((c = to->first) && c->due <= now) {
		ssize_t n = send(p->fd[i], c->bytes + c->at, c->len - c->at, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN;
		c->at += (size_t)n;
		if (c->at < c->len)
			return true;
		to->first = c->next;
		to->queued--;
		if (!to->first)
			to->last = &to->first;
		free(c);
	}
	return true;
}

/* want() - What to wait for at fd[@i]; and until when, for what is held back. */
static short want(const struct pair *p, int i, uint64_t now, uint64_t *until)
{
	const struct chunk *c = p->to[i].first;
	short events = p->to[1 - i].queued < QUEUE_MAX ? POLLIN : 0;

	if (c && c->due <= now)
		events |= POLLOUT;
	else if (c && c->due < *until)
		*until = c->due;
	return events;
}

static void woken(void)
{
	uint64_t n;

	if (read(net.wake, &n, sizeof(n)) != sizeof(n))
		give_up("the relay cannot be woken");
}

static void turn(void)
{
	struct pollfd f[3 + 2 * PAIRS];
	uint64_t now = now_ns(), until = now + TURN_MS * UINT64_C(1000000);
	unsigned version = net.version;
	struct timespec t;

	f[0] = (struct pollfd){.fd = net.wake, .events = POLLIN};
	for (int i = 0; i < 2; i++)
		f[1 + i] = (struct pollfd){.fd = net.cut ? -1 : net.listener[i], .events = POLLIN};
	for (int k = 0; k < PAIRS; k++)
		for (int i = 0; i < 2; i++) {
			struct pair *p = &net.pair[k];

			f[3 + 2 * k + i] = (struct pollfd){.fd = -1};
			if (p->fd[0] >= 0 && !net.cut && !p->lost)
				f[3 + 2 * k + i] = (struct pollfd){
					.fd = p->fd[i], .events = want(p, i, now, &until)};
		}
	pthread_mutex_unlock(&net.lock);
	t = (struct timespec){0, (long)(until - now)};
	ppoll(f, 3 + 2 * PAIRS, &t, NULL);
	pthread_mutex_lock(&net.lock);
	if (f[0].revents)
		woken();
	if (version != net.version)
		return; /* what was seen is of before */
	now = now_ns();
	for (int k = 0; k < PAIRS; k++)
		for (int i = 0; i < 2; i++) {
			struct pair *p = &net.pair[k];

			if (f[3 + 2 * k + i].fd < 0 || p->fd[0] < 0)
				continue;
			if (!give(p, i, now) ||
			    (f[3 + 2 * k + i].revents & (POLLIN | POLLHUP | POLLERR) &&
			     !take(p, i)))
				shut(p);
		}
	for (int i = 0; i < 2; i++)
		if (f[1 + i].revents & POLLIN)
			join(i);
}

static void *relay(void *arg)
{
	pthread_mutex_lock(&net.lock);
	while (!net.end)
		turn();
	pthread_mutex_unlock(&net.lock);
	return NULL;
}

/* change() - Have the relay look again, when it has let go of what it waits for. */
static void change(void)
{
	uint64_t one = 1;

	net.version++;
	if (write(net.wake, &one, sizeof(one)) != sizeof(one))
		give_up("the relay cannot be woken");
	pthread_mutex_unlock(&net.lock);
}

void link_cut(void)
{
	pthread_mutex_lock(&net.lock);
	net.cut = true;
	change();
}

void link_heal(void)
{
	pthread_mutex_lock(&net.lock);
	net.cut = false;
	for (int k = 0; k < PAIRS; k++)
		if (net.pair[k].lost)
			shut(&net.pair[k]);
	change();
}

void link_lose(void)
{
	pthread_mutex_lock(&net.lock);
	net.cut = true;
	for (int k = 0; k < PAIRS; k++)
		net.pair[k].lost = net.pair[k].fd[0] >= 0;
	change();
}

static struct sockaddr_in address(const char *net_prefix, int last, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	char text[32];

	snprintf(text, sizeof(text), "%s.%d", net_prefix, last);
	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

void link_open(const char *prefix, unsigned port, unsigned delay_ms)
{
	int one = 1;

	net.delay = delay_ms * UINT64_C(1000000);
	net.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	net.host[0] = address(prefix, 1, port);
	net.relay[0] = address(prefix, 2, port);
	net.relay[1] = address(prefix, 3, port);
	net.host[1] = address(prefix, 4, port);
	for (int k = 0; k < PAIRS; k++)
		net.pair[k] = (struct pair){.fd = {-1, -1}};
	for (int k = 0; k < PAIRS; k++)
		shut(&net.pair[k]);
	for (int i = 0; i < 2; i++) {
		net.listener[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		setsockopt(net.listener[i], SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(net.listener[i], (struct sockaddr *)&net.relay[i], sizeof(net.relay[i])) ||
		    listen(net.listener[i], PAIRS))
			give_up("the relay cannot listen: %s", strerror(errno));
	}
	if (pthread_create(&net.thread, NULL, relay, NULL))
		give_up("the relay cannot begin");
}

void link_close(void)
{
	pthread_mutex_lock(&net.lock);
	net.end = true;
	change();
	pthread_join(net.thread, NULL);
}
