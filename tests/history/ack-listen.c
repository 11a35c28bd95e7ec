// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ack-listen PORT|- FILE: what guests say is on their disk, recorded outside of
 * every host.  Takes any number of connections ("-": standard input alone, to its end), stamps
 * each line as it arrives and appends
 *
 *   {"v":1,"t":NANOSECONDS,"line":"ack 17 0b5c..."}
 *
 * to FILE; "t" is CLOCK_MONOTONIC, as with the storage servers.  Says "ready"
 * on standard output when it listens.  Ends by a signal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64, LINE = 256 };

struct client {
	char line[LINE];
	size_t len;
};

static int record = -1;
static struct pollfd polled[CLIENTS_MAX + 1]; /* [0] listens */
static struct client clients[CLIENTS_MAX + 1];
static nfds_t npolled = 1;

static void put(const char *line, size_t len)
{
	char clean[LINE], out[2 * LINE];
	struct timespec t;
	size_t n = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	for (size_t i = 0; i < len && n < sizeof(clean) - 1; i++) {
		if (line[i] >= ' ' && line[i] <= '~' && line[i] != '"' && line[i] != '\\')
			clean[n++] = line[i];
	}
	clean[n] = '\0';
	int size = snprintf(out, sizeof(out), "{\"v\":1,\"t\":%" PRIu64 ",\"line\":\"%s\"}\n",
			    (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec, clean);

	if (write(record, out, (size_t)size) != size) {
		perror("ack-listen: write");
		exit(1);
	}
}

static void greet(void)
{
	int fd = accept4(polled[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (npolled > CLIENTS_MAX) {
		close(fd);
		return;
	}
	clients[npolled].len = 0;
	polled[npolled++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Returns false when the client is gone. */
static bool take(nfds_t i)
{
	struct client *c = &clients[i];
	ssize_t n = read(polled[i].fd, c->line + c->len, LINE - c->len);
	char *end;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	c->len += (size_t)n;
	while ((end = memchr(c->line, '\n', c->len))) {
		size_t used = (size_t)(end - c->line) + 1;

		put(c->line, used - 1);
		memmove(c->line, c->line + used, c->len - used);
		c->len -= used;
	}
	return c->len < LINE;
}

/* An emulated host's serial port, through a FIFO. */
static int read_stdin(void)
{
	npolled = 2;
	polled[1] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	for (;;) {
		if (poll(polled + 1, 1, -1) > 0 && !take(1))
			return 0;
	}
}

static int listen_on(const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	a.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, CLIENTS_MAX)) {
		fprintf(stderr, "ack-listen: port %s: %s\n", port, strerror(errno));
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: ack-listen PORT|- FILE\n");
		return 2;
	}
	record = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (record < 0) {
		fprintf(stderr, "ack-listen: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	if (!strcmp(argv[1], "-"))
		return read_stdin();
	polled[0] = (struct pollfd){.fd = listen_on(argv[1]), .events = POLLIN};
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (poll(polled, npolled, -1) < 0)
			continue;
		for (nfds_t i = npolled - 1; i > 0; i--) {
			if (!polled[i].revents || take(i))
				continue;
			close(polled[i].fd);
			npolled--;
			polled[i] = polled[npolled];
			clients[i] = clients[npolled];
		}
		if (polled[0].revents)
			greet();
	}
}
