// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/unix_connect.h"

#include "cli.h"
#include "heartbeat/ask.h"

enum { ANSWER_MS = 5000, ANSWER_MAX = 64 << 20 };

/* receive() - All until the end of the connection, the caller's; NULL with errno. */
static char *receive(int fd, size_t *len, int64_t deadline)
{
	size_t size = 65536;
	char *text = malloc(size);

	*len = 0;
	while (text) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, hv_left_ms(deadline)) == 0) {
			errno = ETIMEDOUT;
			break;
		}
		n = recv(fd, text + *len, size - *len, MSG_DONTWAIT);
		if (n == 0)
			return text;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
		*len += n > 0 ? (size_t)n : 0;
		if (*len == size) {
			char *more = size < ANSWER_MAX ? realloc(text, size * 2) : NULL;

			if (!more) {
				errno = ENOMEM;
				break;
			}
			text = more;
			size *= 2;
		}
	}
	free(text);
	return NULL;
}

static char *exchange(const char *name, size_t *len)
{
	int64_t deadline = hv_clock_ms() + ANSWER_MS;
	char path[4096], question[ASK_MAX], *text = NULL;
	int fd, n;

	snprintf(path, sizeof(path), "%s/" ASK_SOCKET, hv_run_root());
	n = snprintf(question, sizeof(question), "status%s%s\n", *name ? " " : "", name);
	fd = hv_unix_connect(path, deadline);
	if (fd < 0) {
		errno = -fd;
		fprintf(stderr, "taiki-heartbeat: %s: %s; %s\n", path, strerror(errno),
			errno == EACCES || errno == EPERM ? "run as root"
							  : "is taiki-heartbeatd running?");
		return NULL;
	}
	if (send(fd, question, (size_t)n, MSG_NOSIGNAL) == n)
		text = receive(fd, len, deadline);
	if (!text)
		fprintf(stderr, "taiki-heartbeat: %s: no answer: %s\n", path, strerror(errno));
	close(fd);
	return text;
}

json_t *cli_ask(const char *name)
{
	json_t *o = NULL;
	size_t len = 0;
	char *text;

	if (*name && !hv_name_ok(name)) {
		fprintf(stderr, "taiki-heartbeat: \"%s\" cannot name a domain\n", name);
		return NULL;
	}
	text = exchange(name, &len);
	if (!text)
		return NULL;
	o = json_loadb(text, len, 0, NULL);
	free(text);
	if (!json_is_array(json_object_get(o, "domains"))) {
		fprintf(stderr, "taiki-heartbeat: taiki-heartbeatd did not understand: %s\n",
			cli_text(o, "error"));
		json_decref(o);
		return NULL;
	}
	if (*name && !json_array_size(json_object_get(o, "domains"))) {
		fprintf(stderr, "taiki-heartbeat: %s: taiki-heartbeatd knows no such domain\n",
			name);
		json_decref(o);
		return NULL;
	}
	return o;
}
