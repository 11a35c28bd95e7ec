// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "hvcore/lib/unix_connect.h"
#include "mirror/client.h"
#include "mirror/place.h"

enum { ANSWER_MAX = 1 << 20, CONNECT_MS = 5000 };

/* read_line() - A line, without its end.  Its length, or -errno. */
static ssize_t read_line(int fd, char *buf, size_t size, int64_t deadline)
{
	size_t got = 0;

	while (got < size) {
		int r = hv_unix_wait(fd, POLLIN, deadline);
		ssize_t n = r ? r : recv(fd, buf + got, size - got, MSG_DONTWAIT);

		if (r)
			return r;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		got += (size_t)n;
		if (buf[got - 1] == '\n')
			return (ssize_t)got - 1;
	}
	return -EMSGSIZE;
}

static int converse(int fd, const char *line, int64_t deadline, json_t **answer)
{
	char *buf = malloc(ANSWER_MAX);
	size_t len = strlen(line);
	ssize_t n = buf ? 0 : -ENOMEM;

	/* a command fits into a socket's buffer */
	if (!n && send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
		n = -EIO;
	if (!n)
		n = read_line(fd, buf, ANSWER_MAX, deadline);
	*answer = n > 0 ? json_loadb(buf, (size_t)n, 0, NULL) : NULL;
	free(buf);
	return n < 0 ? (int)n : *answer ? 0 : -EPROTO;
}

static int ask(const char *name, const char *line, int64_t deadline, json_t **answer)
{
	char path[PLACE_PATH];
	int fd, r = place_path(path, name, "control.sock");

	*answer = NULL;
	if (r)
		return r;
	fd = hv_unix_connect(path, deadline);
	if (fd < 0)
		return fd;
	r = converse(fd, line, deadline, answer);
	close(fd);
	return r;
}

static char *command_line(const char *command, json_t *arguments)
{
	json_t *o = json_pack("{s:s s:o*}", "execute", command, "arguments", arguments);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	char *line = text ? malloc(len + 2) : NULL;

	if (line) {
		memcpy(line, text, len);
		memcpy(line + len, "\n", 2);
	}
	free(text);
	json_decref(o);
	return line;
}

json_t *mirror_ask(const char *name, const char *command, json_t *arguments, int64_t deadline,
		   int *why, struct hv_error *err)
{
	char *line = command_line(command, arguments);
	json_t *answer = NULL, *back;
	const char *refused;
	int r = line ? ask(name, line, deadline, &answer) : -ENOMEM;

	free(line);
	refused = json_string_value(json_object_get(answer, "error"));
	back = json_incref(json_object_get(answer, "return"));
	if (refused)
		r = hv_err(err, -EREMOTEIO, "%s", refused);
	else if (r)
		hv_err(err, r, "%s%s", strerror(-r),
		       r == -ENOENT || r == -ECONNREFUSED ? "; its taiki-mirrord does not run"
							  : "");
	else if (!back)
		r = hv_err(err, -EPROTO, "an answer that is none");
	json_decref(answer);
	if (why)
		*why = r;
	return back;
}

static int watch(FILE *f, bool (*each)(void *arg, const json_t *status), void *arg)
{
	char *line = NULL;
	size_t size = 0;
	bool on = true;

	while (on && getline(&line, &size, f) > 0) {
		json_t *o = json_loads(line, 0, NULL);
		const json_t *status = json_object_get(o, "status");

		if (status)
			on = each(arg, status);
		json_decref(o);
	}
	free(line);
	return on ? -ECONNRESET : 0;
}

int mirror_watch(const char *name, bool (*each)(void *arg, const json_t *status), void *arg,
		 struct hv_error *err)
{
	static const char command[] = "{\"execute\":\"watch\"}\n";
	char path[PLACE_PATH];
	int fd, r = place_path(path, name, "control.sock");
	FILE *f;

	fd = r ? r : hv_unix_connect(path, hv_clock_ms() + CONNECT_MS);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f) {
		r = fd < 0 ? fd : -errno;
		return hv_err(err, r, "%s%s", strerror(-r),
			      r == -ENOENT || r == -ECONNREFUSED
				      ? "; its taiki-mirrord does not run"
				      : "");
	}
	fcntl(fd, F_SETFL, 0); /* it is waited for as long as it takes */
	r = send(fd, command, strlen(command), MSG_NOSIGNAL) < 0 ? -errno : watch(f, each, arg);
	fclose(f);
	return r ? hv_err(err, r, "its taiki-mirrord has ended") : 0;
}
