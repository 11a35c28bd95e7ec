/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe - when a web server answers with something new.
 *
 *   probe [-t SECONDS] ADDRESS PATH OLD
 *
 * Asks ADDRESS (IPv4, port 80) for PATH until the answer is 200 and does not
 * contain OLD, and prints the moment its last byte was there, in nanoseconds
 * of CLOCK_REALTIME.  Ends with 0 then, with 1 after SECONDS (60).
 *
 * A new connection is tried every PERIOD_MS, so that the answer's moment is
 * known to about that, and the kernel's own intervals for lost SYNs do not show
 * in it.  Once one stands, the server is left alone with it for PATIENCE_MS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PERIOD_MS = 10,     /* between two tries */
	PENDING = 8,        /* connections that wait at once: the oldest gives way */
	PATIENCE_MS = 1000, /* for an answer */
	ANSWER_MAX = 4096,  /* bytes of an answer that are looked at */
};

struct attempt {
	int fd; /* -1: none */
	bool asked;
	size_t have;
	char answer[ANSWER_MAX + 1];
};

static struct attempt attempts[PENDING];
static char request[512];

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void forget(struct attempt *a)
{
	if (a->fd >= 0)
		close(a->fd);
	*a = (struct attempt){.fd = -1};
}

static void begin(struct attempt *a, const struct sockaddr_in *to)
{
	forget(a);
	a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd >= 0 && connect(a->fd, (const struct sockaddr *)to, sizeof(*to)) < 0 &&
	    errno != EINPROGRESS)
		forget(a);
}

/* One step of an attempt: true when its answer is whole and is what was waited for. */
static bool advance(struct attempt *a, const char *old)
{
	ssize_t n;

	if (!a->asked) {
		n = (ssize_t)strlen(request);
		if (send(a->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
			forget(a);
		else
			a->asked = true;
		return false;
	}
	n = recv(a->fd, a->answer + a->have, ANSWER_MAX - a->have, 0);
	if (n > 0) {
		a->have += (size_t)n;
		return false;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	a->answer[a->have] = 0;
	if (n == 0 && strstr(a->answer, " 200 ") && strstr(a->answer, "\r\n\r\n") &&
	    !strstr(a->answer, old))
		return true;
	forget(a);
	return false;
}

/* A connection stands: the others are given up, and no other is tried for a while. */
static uint64_t settle(const struct attempt *a)
{
	for (unsigned i = 0; i < PENDING; i++)
		if (&attempts[i] != a)
			forget(&attempts[i]);
	return now(CLOCK_MONOTONIC) + PATIENCE_MS * 1000000u;
}

static bool probe(const struct sockaddr_in *to, const char *old, uint64_t end)
{
	uint64_t next = 0, t;
	unsigned turn = 0;

	while ((t = now(CLOCK_MONOTONIC)) < end) {
		struct pollfd p[PENDING];

		if (t >= next) {
			begin(&attempts[turn++ % PENDING], to);
			next = t + PERIOD_MS * 1000000u;
		}
		for (unsigned i = 0; i < PENDING; i++)
			p[i] = (struct pollfd){.fd = attempts[i].fd,
					       .events = attempts[i].asked ? POLLIN : POLLOUT};
		poll(p, PENDING, (int)((next - t) / 1000000u) + 1);
		for (unsigned i = 0; i < PENDING; i++) {
			struct attempt *a = &attempts[i];
			bool asked = a->asked;

			if (!p[i].revents || a->fd != p[i].fd)
				continue;
			if (advance(a, old))
				return true;
			if (a->asked && !asked)
				next = settle(a);
			else if (asked && a->fd < 0)
				next = 0;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
	uint64_t seconds = 60;
	int opt;

	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt != 't')
			return 2;
		seconds = strtoull(optarg, NULL, 10);
	}
	if (argc - optind != 3 || inet_pton(AF_INET, argv[optind], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: probe [-t SECONDS] ADDRESS PATH OLD\n");
		return 2;
	}
	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", argv[optind + 1],
		 argv[optind]);
	for (unsigned i = 0; i < PENDING; i++)
		attempts[i].fd = -1;
	if (!probe(&to, argv[optind + 2], now(CLOCK_MONOTONIC) + seconds * 1000000000u))
		return 1;
	printf("%llu\n", (unsigned long long)now(CLOCK_REALTIME));
	return 0;
}
