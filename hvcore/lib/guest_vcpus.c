// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many of its processors a guest uses, by its agent (QEMU's guest agent:
 * guest-sync, guest-get-vcpus, guest-set-vcpus), on the channel's socket.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "hv/live.h"
#include "hv/rundir.h"
#include "probe.h"
#include "unix_connect.h"

enum { ANSWER_MAX = 64 * 1024, ROUNDS_MAX = 2 * HV_VCPUS_MAX };

struct agent {
	const char *domain;
	int fd;
	int64_t deadline;
	size_t have;
	char in[ANSWER_MAX];
};

static int silent(const struct agent *a, struct hv_error *err)
{
	return hv_err(
		err, -ETIMEDOUT,
		"domain %s: no agent answers in the guest; is qemu-guest-agent running there, or taiki-guest with agent = yes?",
		a->domain);
}

/* The next line of the agent, without its end; what is no JSON is passed over. */
static int next_answer(struct agent *a, json_t **answer, struct hv_error *err)
{
	for (;;) {
		char *end = memchr(a->in, '\n', a->have);
		struct pollfd p = {.fd = a->fd, .events = POLLIN};
		ssize_t n;

		if (end) {
			*answer = json_loadb(a->in, (size_t)(end - a->in), 0, NULL);
			a->have -= (size_t)(end + 1 - a->in);
			memmove(a->in, end + 1, a->have);
			if (*answer)
				return 0;
			continue;
		}
		if (a->have == sizeof(a->in))
			a->have = 0; /* garbage without an end */
		if (poll(&p, 1, hv_left_ms(a->deadline)) <= 0)
			return silent(a, err);
		n = read(a->fd, a->in + a->have, sizeof(a->in) - a->have);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return hv_err(err, -ECONNRESET,
				      "domain %s: the guest agent's channel was closed; another "
				      "program (taiki-heartbeatd?) may be using it",
				      a->domain);
		a->have += n > 0 ? (size_t)n : 0;
	}
}

static int send_request(struct agent *a, const char *command, json_t *args, struct hv_error *err)
{
	json_t *o = json_pack("{s:s, s:o*}", "execute", command, "arguments", args);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL, *line = NULL;
	size_t done = 0, len;
	int rc = 0;

	json_decref(o);
	if (!text || asprintf(&line, "%s\n", text) < 0) {
		free(text);
		return hv_err(err, -ENOMEM, "out of memory");
	}
	len = strlen(line);
	while (!rc && done < len) {
		struct pollfd p = {.fd = a->fd, .events = POLLOUT};
		ssize_t n;

		if (poll(&p, 1, hv_left_ms(a->deadline)) <= 0) {
			rc = silent(a, err);
			break;
		}
		n = send(a->fd, line + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			done += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			rc = hv_err(err, -errno, "domain %s: the guest agent's channel: %s",
				    a->domain, strerror(errno));
	}
	free(text);
	free(line);
	return rc;
}

/* The answer to @command: its "return", the caller's. */
static int call(struct agent *a, const char *command, json_t *args, json_t **ret,
		struct hv_error *err)
{
	int rc = send_request(a, command, args, err);
	json_t *answer, *e;

	*ret = NULL;
	if (!rc)
		rc = next_answer(a, &answer, err);
	if (rc)
		return rc;
	e = json_object_get(answer, "error");
	if (e) {
		const char *desc = json_string_value(json_object_get(e, "desc"));

		rc = hv_err(err, -ENOTSUP, "domain %s: the guest's agent refuses %s: %.200s",
			    a->domain, command, desc ? desc : "no reason given");
	} else {
		*ret = json_incref(json_object_get(answer, "return"));
	}
	json_decref(answer);
	return rc;
}

/* Whatever answers to others are still under way: until the one to ours. */
static int synchronize(struct agent *a, struct hv_error *err)
{
	uint32_t id = 0;
	int rc;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uint32_t)hv_clock_ms();
	id >>= 1;
	rc = send_request(a, "guest-sync", json_pack("{s:I}", "id", (json_int_t)id), err);
	while (!rc) {
		json_t *answer;
		bool ours;

		rc = next_answer(a, &answer, err);
		if (rc)
			break;
		ours = json_integer_value(json_object_get(answer, "return")) == (json_int_t)id;
		json_decref(answer);
		if (ours)
			break;
	}
	return rc;
}

static bool stays_on(const json_t *v)
{
	return json_is_true(json_object_get(v, "online")) &&
	       json_is_false(json_object_get(v, "can-offline"));
}

/* How many of @vcpus, which come in any order, are kept rather than @v: those that cannot be put off, then the lower numbers. */
static size_t before(const json_t *vcpus, const json_t *v)
{
	json_int_t id = json_integer_value(json_object_get(v, "logical-id"));
	const json_t *w;
	size_t i, n = 0;

	json_array_foreach (vcpus, i, w) {
		if (stays_on(w) != stays_on(v))
			n += stays_on(w);
		else
			n += json_integer_value(json_object_get(w, "logical-id")) < id;
	}
	return n;
}

/* Those that have to change so that @n are online; *@online: how many are now. */
static json_t *to_change(const json_t *vcpus, unsigned n, unsigned *online)
{
	json_t *list = json_array(), *v;
	size_t i;

	*online = 0;
	json_array_foreach (vcpus, i, v) {
		bool is = json_is_true(json_object_get(v, "online")), want = before(vcpus, v) < n;

		*online += is;
		if (is != want)
			json_array_append_new(list, json_pack("{s:O, s:b}", "logical-id",
							      json_object_get(v, "logical-id"),
							      "online", want));
	}
	return list;
}

static int set(struct agent *a, unsigned n, struct hv_error *err)
{
	unsigned online = 0, last = UINT_MAX;
	int rc = 0;

	/* It may do fewer than it was asked to at once, and says so by their number. */
	for (unsigned round = 0; !rc && round < ROUNDS_MAX; round++, last = online) {
		json_t *vcpus, *list, *ret = NULL;

		rc = call(a, "guest-get-vcpus", NULL, &vcpus, err);
		if (rc)
			return rc;
		list = to_change(vcpus, n, &online);
		json_decref(vcpus);
		if (!json_array_size(list) || online == last) {
			json_decref(list);
			break;
		}
		rc = call(a, "guest-set-vcpus", json_pack("{s:o}", "vcpus", list), &ret, err);
		json_decref(ret);
	}
	if (!rc && online != n)
		rc = hv_err(err, -EIO,
			    "domain %s: the guest uses %u processors, and was asked to use %u",
			    a->domain, online, n);
	return rc;
}

int hv_guest_vcpus(const struct hv_config *c, unsigned n, int timeout_ms, struct hv_error *err)
{
	char path[4096];
	struct agent *a;
	unsigned i = 0;
	int rc = 0;

	while (i < c->nchannels && strcmp(c->channel[i].name, HV_CHANNEL_AGENT) != 0)
		i++;
	if (i == c->nchannels)
		return hv_err(
			err, -ENOTSUP,
			"domain %s: processors are the guest's agent's to set, and there is no "
			"channel " HV_CHANNEL_AGENT " in its definition",
			c->name);
	if (c->channel[i].socket)
		snprintf(path, sizeof(path), "%s", c->channel[i].socket);
	else if (hv_run_path(path, sizeof(path), c->name, "channel/" HV_CHANNEL_AGENT ".sock"))
		return hv_err(err, -ENAMETOOLONG, "domain %s: its channel's path is too long",
			      c->name);
	a = calloc(1, sizeof(*a));
	if (!a)
		return hv_err(err, -ENOMEM, "out of memory");
	a->domain = c->name;
	a->deadline = hv_clock_ms() + timeout_ms;
	a->fd = hv_unix_connect(path, a->deadline);
	if (a->fd < 0)
		rc = hv_err(err, a->fd, "domain %s: %s: %s", c->name, path, strerror(-a->fd));
	if (!rc)
		rc = synchronize(a, err);
	if (!rc)
		rc = set(a, n, err);
	if (a->fd >= 0)
		close(a->fd);
	free(a);
	return rc;
}
