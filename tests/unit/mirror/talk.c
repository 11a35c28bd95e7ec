// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "talk.h"

enum { PATIENCE_MS = 5000 };

void talk_die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(2);
}

/* dial() - A socket whose first packet is @hello; -1: nobody listens. */
static int dial(const char *from, const char *to, uint16_t hello)
{
	struct sockaddr_in a = {.sin_family = AF_INET}, b = {.sin_family = AF_INET};
	static const struct wire_agreed nothing;
	struct wire_packet p = {.command = hello};
	uint8_t head[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char host[32];
	unsigned port = 0;
	ssize_t n;

	if (fd < 0 || sscanf(to, "%31[^:]:%u", host, &port) != 2 ||
	    inet_pton(AF_INET, from, &a.sin_addr) != 1 ||
	    inet_pton(AF_INET, host, &b.sin_addr) != 1)
		talk_die(to);
	b.sin_port = htons((uint16_t)port);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		talk_die(from);
	n = wire_encode(head, &p, &nothing);
	if (connect(fd, (struct sockaddr *)&b, sizeof(b)) ||
	    send(fd, head, (size_t)n, MSG_NOSIGNAL) != n) {
		close(fd);
		return -1;
	}
	return fd;
}

bool talk_dial(struct talk *t, const char *from, const char *to)
{
	t->agreed = (struct wire_agreed){0};
	t->meta = -1;
	t->data = dial(from, to, WIRE_INITIAL_DATA);
	if (t->data >= 0)
		t->meta = dial(from, to, WIRE_INITIAL_META);
	if (t->meta >= 0)
		return true;
	talk_close(t);
	return false;
}

void talk_close(struct talk *t)
{
	if (t->data >= 0)
		close(t->data);
	if (t->meta >= 0)
		close(t->meta);
	t->data = t->meta = -1;
}

void talk_say_raw(struct talk *t, bool meta, const void *bytes, size_t len)
{
	/* who is not listened to any more has been answered */
	if (send(meta ? t->meta : t->data, bytes, len, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		talk_die("sending");
}

void talk_say(struct talk *t, bool meta, const struct wire_packet *p)
{
	uint8_t head[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];
	int n = wire_encode(head, p, &t->agreed);

	if (n < 0) {
		errno = -n;
		talk_die(wire_name(p->command));
	}
	talk_say_raw(t, meta, head, (size_t)n);
	if (p->bulk) {
		memset(t->bulk, 0, p->bulk);
		talk_say_raw(t, meta, t->bulk, p->bulk);
	}
}

/* take() - @len bytes. */
static bool take(int fd, void *buf, size_t len)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (uint8_t *at = buf; len;) {
		ssize_t n = poll(&p, 1, PATIENCE_MS) > 0 ? recv(fd, at, len, 0) : 0;

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool talk_take(struct talk *t, bool meta, struct wire_packet *p)
{
	unsigned size = t->agreed.version ? WIRE_H100 : WIRE_H80;
	uint8_t bytes[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];
	int fd = meta ? t->meta : t->data;
	const struct wire_kind *k;
	struct wire_header h;

	if (!take(fd, bytes, size))
		return false;
	k = wire_header_decode(bytes, size, &h)
		    ? NULL
		    : wire_kind_of(&h, meta ? WIRE_ON_META : WIRE_ON_DATA, &t->agreed);
	if (!k || !take(fd, bytes, wire_fields_size(k, &h, &t->agreed)) ||
	    wire_decode(k, &h, &t->agreed, bytes, p))
		talk_die("what the other side says is no packet");
	return take(fd, t->bulk, p->bulk);
}

int talk_either(struct talk *t, int ms)
{
	struct pollfd p[2] = {{.fd = t->data, .events = POLLIN}, {.fd = t->meta, .events = POLLIN}};

	if (poll(p, 2, ms) <= 0)
		return -1;
	return p[1].revents ? 1 : 0;
}
