// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The QMP client (QEMU Machine Protocol: JSON objects, one a line from the
 * server; docs/interop/qmp-spec of QEMU).  One socket, one outstanding
 * command; events that arrive between are queued.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hv/qmp.h"
#include "hv/rundir.h"
#include "probe.h"
#include "unix_connect.h"

enum {
	MESSAGE_MAX = 8 << 20, /* bytes of one message; a server that sends more is broken */
	READ_CHUNK = 4096,
	EVENTS_MAX = 1024, /* queued; the oldest go first */
	CONNECT_RETRY_MS =
		10, /* a Unix socket with a full backlog says EAGAIN and cannot be polled */
};

struct hv_qmp {
	int fd;
	char *peer; /* the socket's path, for messages */
	char *buf;  /* bytes read and not yet parsed */
	size_t len, size;
	size_t scanned; /* of which this many hold no newline */
	json_t *events; /* array, oldest first */
	json_int_t last_id;
	int dead; /* -errno of what broke the connection */
};

static int64_t deadline_in(int timeout_ms)
{
	return hv_clock_ms() + (timeout_ms > 0 ? timeout_ms : 0);
}

/* wait_for() - Until @fd is ready for @events or @deadline is past: 0, -ETIMEDOUT, -errno. */
static int wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = deadline - hv_clock_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int broken(struct hv_qmp *q, int rc, struct hv_error *err, const char *doing)
{
	q->dead = rc;
	if (rc == -ETIMEDOUT)
		return hv_err(err, rc, "QMP %s: %s: no answer in time", q->peer, doing);
	if (rc == -ECONNRESET)
		return hv_err(err, rc, "QMP %s: %s: the domain closed the connection", q->peer,
			      doing);
	return hv_err(err, rc, "QMP %s: %s: %s", q->peer, doing, strerror(-rc));
}

/* send_some() - @fd, unless it is -1, goes along with the first byte. */
static ssize_t send_some(struct hv_qmp *q, const char *text, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {.iov_base = (char *)text, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
	}
	return sendmsg(q->fd, &msg, MSG_NOSIGNAL);
}

static int send_all(struct hv_qmp *q, const char *text, size_t len, int fd, int64_t deadline)
{
	while (len) {
		ssize_t n = send_some(q, text, len, fd);

		if (n >= 0) {
			text += n;
			len -= n;
			fd = -1;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return -ECONNRESET;
		if (errno != EAGAIN)
			return -errno;
		int rc = wait_for(q->fd, POLLOUT, deadline);
		if (rc)
			return rc;
	}
	return 0;
}

/* receive() - Some more bytes into the buffer. */
static int receive(struct hv_qmp *q, int64_t deadline)
{
	if (q->size - q->len < READ_CHUNK) {
		size_t size = q->size ? q->size * 2 : 2 * READ_CHUNK;
		char *buf = size <= MESSAGE_MAX ? realloc(q->buf, size) : NULL;

		if (!buf)
			return size <= MESSAGE_MAX ? -ENOMEM : -EMSGSIZE;
		q->buf = buf;
		q->size = size;
	}
	for (;;) {
		ssize_t n = recv(q->fd, q->buf + q->len, q->size - q->len, 0);

		if (n > 0) {
			q->len += n;
			return 0;
		}
		if (n == 0)
			return -ECONNRESET;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		int rc = wait_for(q->fd, POLLIN, deadline);
		if (rc)
			return rc;
	}
}

/* next_message() - The next JSON object from the server, the caller's. */
static int next_message(struct hv_qmp *q, int64_t deadline, json_t **out)
{
	for (;;) {
		char *nl = q->len > q->scanned
				   ? memchr(q->buf + q->scanned, '\n', q->len - q->scanned)
				   : NULL;

		if (!nl) {
			q->scanned = q->len;
			int rc = receive(q, deadline);
			if (rc)
				return rc;
			continue;
		}
		size_t line = nl - q->buf + 1;
		bool blank = strspn(q->buf, " \t\r\n") >= line;
		json_t *m = blank ? NULL : json_loadb(q->buf, line, JSON_DECODE_ANY, NULL);

		memmove(q->buf, q->buf + line, q->len - line);
		q->len -= line;
		q->scanned = 0;
		if (blank)
			continue;
		if (!json_is_object(m)) {
			json_decref(m);
			return -EPROTO;
		}
		*out = m;
		return 0;
	}
}

static int queue_event(struct hv_qmp *q, json_t *event)
{
	if (json_array_size(q->events) >= EVENTS_MAX)
		json_array_remove(q->events, 0);
	return json_array_append_new(q->events, event) ? -ENOMEM : 0;
}

/* next_reply() - The answer to command @id; events on the way are queued. */
static int next_reply(struct hv_qmp *q, json_int_t id, int64_t deadline, json_t **out)
{
	for (;;) {
		json_t *m;
		int rc = next_message(q, deadline, &m);

		if (rc)
			return rc;
		if (json_object_get(m, "event")) {
			rc = queue_event(q, m);
			if (rc)
				return rc;
		} else if (json_integer_value(json_object_get(m, "id")) != id) {
			json_decref(m);
		} else {
			*out = m;
			return 0;
		}
	}
}

static int call(struct hv_qmp *q, const char *command, json_t *args, int fd, int64_t deadline,
		json_t **ret, struct hv_error *err)
{
	json_t *request, *m = NULL;
	json_int_t id = ++q->last_id;
	char *text = NULL, *line = NULL;
	int rc;

	request = json_pack("{s:s, s:o*, s:I}", "execute", command, "arguments", args, "id", id);
	if (!request)
		return broken(q, -EINVAL, err, command);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	/* In one piece: half a line would wake the domain for nothing. */
	rc = text ? asprintf(&line, "%s\r\n", text) : -1;
	free(text);
	if (rc < 0)
		return broken(q, -ENOMEM, err, command);
	rc = send_all(q, line, (size_t)rc, fd, deadline);
	free(line);
	if (!rc)
		rc = next_reply(q, id, deadline, &m);
	if (rc)
		return broken(q, rc, err, command);

	json_t *value = json_object_get(m, "return");
	json_t *error = json_object_get(m, "error");
	if (error) {
		const char *desc = json_string_value(json_object_get(error, "desc"));

		rc = hv_err(err, -EREMOTEIO, "%s", desc ? desc : "refused without a reason");
	} else if (!value) {
		rc = broken(q, -EPROTO, err, command);
	} else if (ret) {
		*ret = json_incref(value);
	}
	json_decref(m);
	return rc;
}

static int negotiate(struct hv_qmp *q, int64_t deadline, struct hv_error *err)
{
	json_t *greeting;
	int rc = next_message(q, deadline, &greeting);

	if (!rc && !json_object_get(greeting, "QMP")) {
		/* A server that refuses a client says why instead of greeting it. */
		json_t *error = json_object_get(greeting, "error");
		const char *desc = json_string_value(json_object_get(error, "desc"));

		rc = hv_err(err, -EPROTO, "QMP %s: %s", q->peer, desc ? desc : "no greeting");
		json_decref(greeting);
		return rc;
	}
	if (rc)
		return broken(q, rc, err, "waiting for the greeting");
	json_decref(greeting);
	rc = call(q, "qmp_capabilities", NULL, -1, deadline, NULL, err);
	return rc == -EREMOTEIO ? -EPROTO : rc;
}

int hv_qmp_open(const char *path, int timeout_ms, struct hv_qmp **out, struct hv_error *err)
{
	int64_t deadline = deadline_in(timeout_ms);
	struct hv_qmp *q = calloc(1, sizeof(*q));
	int rc;

	*out = NULL;
	if (!q)
		return hv_err(err, -ENOMEM, "QMP %s: out of memory", path);
	q->fd = -1;
	q->peer = strdup(path);
	q->events = json_array();
	if (!q->peer || !q->events) {
		hv_qmp_close(q);
		return hv_err(err, -ENOMEM, "QMP %s: out of memory", path);
	}
	q->fd = hv_unix_connect(path, deadline);
	if (q->fd < 0)
		rc = hv_err(err, q->fd, "QMP %s: cannot connect: %s", path, strerror(-q->fd));
	else
		rc = negotiate(q, deadline, err);
	if (rc) {
		hv_qmp_close(q);
		return rc;
	}
	*out = q;
	return 0;
}

int hv_qmp_open_domain(const char *name, int timeout_ms, struct hv_qmp **out, struct hv_error *err)
{
	char path[PATH_MAX];
	int rc = hv_run_path(path, sizeof(path), name, "qmp.sock");

	*out = NULL;
	if (rc)
		return hv_err(err, rc, "domain \"%s\": no run directory can have this name", name);
	return hv_qmp_open(path, timeout_ms, out, err);
}

void hv_qmp_close(struct hv_qmp *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	json_decref(q->events);
	free(q->peer);
	free(q->buf);
	free(q);
}

int hv_qmp_call(struct hv_qmp *q, const char *command, json_t *args, int timeout_ms, json_t **ret,
		struct hv_error *err)
{
	if (ret)
		*ret = NULL;
	if (q->dead) {
		json_decref(args);
		return broken(q, q->dead, err, command);
	}
	return call(q, command, args, -1, deadline_in(timeout_ms), ret, err);
}

int hv_qmp_getfd(struct hv_qmp *q, const char *fdname, int fd, int timeout_ms, struct hv_error *err)
{
	json_t *args = json_pack("{s:s}", "fdname", fdname);

	if (!args)
		return hv_err(err, -EINVAL, "QMP %s: not a name for a descriptor", q->peer);
	if (q->dead) {
		json_decref(args);
		return broken(q, q->dead, err, "getfd");
	}
	return call(q, "getfd", args, fd, deadline_in(timeout_ms), NULL, err);
}

int hv_qmp_event(struct hv_qmp *q, int timeout_ms, json_t **event, struct hv_error *err)
{
	int64_t deadline = deadline_in(timeout_ms);

	*event = NULL;
	while (!json_array_size(q->events)) {
		json_t *m;
		int rc = q->dead ? q->dead : next_message(q, deadline, &m);

		/* An event that does not come breaks nothing. */
		if (rc == -ETIMEDOUT && !q->dead)
			return hv_err(err, rc, "QMP %s: no event", q->peer);
		if (rc)
			return broken(q, rc, err, "waiting for an event");
		if (!json_object_get(m, "event"))
			json_decref(m);
		else if (queue_event(q, m))
			return broken(q, -ENOMEM, err, "waiting for an event");
	}
	*event = json_incref(json_array_get(q->events, 0));
	json_array_remove(q->events, 0);
	return 0;
}

int hv_qmp_fd(const struct hv_qmp *q)
{
	return q->fd;
}
