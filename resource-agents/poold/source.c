// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What standbys are made from, as the cluster tells it, and whether the domains run here.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heartbeat/reporter.h"
#include "hv/daemon.h"
#include "hvcore/lib/turn.h"

#include "poold.h"

enum { PARAMETERS_MAX = 2 * 1024 * 1024 };

static uint32_t request(struct poold *d, enum reporter_kind kind, const char *name)
{
	struct reporter_request r = {.id = ++d->last_id, .kind = kind};

	if (!r.id)
		r.id = ++d->last_id;
	snprintf(r.name, sizeof(r.name), "%s", name);
	if (send(d->reporter, &r, sizeof(r), MSG_NOSIGNAL) < 0)
		hv_log_line(LOG_WARNING, "the reporter does not take a question: %s",
			    strerror(errno));
	return r.id;
}

static void watch_all(struct poold *d)
{
	request(d, REPORTER_FORGET, "");
	for (struct source *s = d->sources; s; s = s->next)
		if (s->resource && !s->dropped)
			s->id = request(d, REPORTER_WATCH, s->resource);
}

static void told(struct source *s, const struct reporter_answer *a, int fd)
{
	char *text = NULL;
	const char *fencing;

	if (a->rc == -ENXIO) {
		source_missing(s);
		return;
	}
	if (a->rc <= 0 || a->rc > PARAMETERS_MAX || fd < 0) {
		if (!a->rc)
			source_broken(s, SOURCE_BROKEN, "it has no parameters");
		else if (s->state == SOURCE_ASKED)
			snprintf(s->why, sizeof(s->why), "the cluster cannot be asked: %s",
				 strerror(-a->rc));
		return;
	}
	text = malloc((size_t)a->rc);
	if (!text || pread(fd, text, (size_t)a->rc, 0) != a->rc || text[a->rc - 1]) {
		free(text);
		return;
	}
	if (s->state == SOURCE_MISSING) {
		s->state = SOURCE_ASKED;
		s->why[0] = '\0';
	}
	free(s->parameters);
	s->parameters = text;
	s->parameters_len = (size_t)a->rc;
	fencing = source_parameter(s, "fencing-enabled");
	s->d->fencing = fencing && !strcmp(fencing, "true");
	source_consider(s);
}

/* receive() - One answer, and the descriptor that came with it (-1: none).  False: there is no more. */
static bool receive(struct poold *d, struct reporter_answer *a, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {a, sizeof(*a)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	*fd = -1;
	if (recvmsg(d->reporter, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(*a))
		return false;
	a->node[sizeof(a->node) - 1] = '\0';
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return true;
}

static int32_t answers_ready(int32_t unused, int32_t events, void *data)
{
	struct poold *d = data;
	struct reporter_answer a = {0};
	int fd;

	while (receive(d, &a, &fd)) {
		struct source *s = d->sources;

		if (a.node[0])
			memcpy(d->node, a.node, sizeof(d->node));
		while (s && s->id != a.id)
			s = s->next;
		if (a.id == REPORTER_BORN) {
			watch_all(d);
			publish_again(d);
		} else if (s) {
			told(s, &a, fd);
		} else {
			publish_answered(d, a.id, a.rc);
		}
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

int source_start(struct poold *d)
{
	return qb_loop_poll_add(d->loop, QB_LOOP_MED, d->reporter, POLLIN, d, answers_ready);
}

/* --- the list --- */

void source_free(struct source *s)
{
	for (struct source **at = &s->d->sources; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	for (struct place *p = s->d->places; p; p = p->next)
		if (p->source == s)
			p->source = NULL;
	if (s->pidfd_of) {
		poller_del(&s->end);
		close(s->end.fd);
	}
	if (s->has_config)
		hv_config_free(&s->config);
	free(s->resource);
	free(s->parameters);
	free(s->stamp);
	free(s->json);
	free(s->text);
	free(s);
}

static void want(struct poold *d, const char *resource)
{
	struct source *s = d->sources, **at = &d->sources;

	while (s && (s->dropped || !s->resource != !resource ||
		     (resource && strcmp(s->resource, resource) != 0)))
		s = s->next;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s || (resource && !(s->resource = strdup(resource)))) {
			free(s);
			hv_log_line(LOG_ERR, "out of memory");
			return;
		}
		s->d = d;
		while (*at)
			at = &(*at)->next;
		*at = s;
	}
	s->id = UINT32_MAX; /* marked: wanted */
}

void sources_apply(struct poold *d)
{
	struct source *next;

	for (struct source *s = d->sources; s; s = s->next)
		s->id = 0;
	for (unsigned i = 0; i < d->settings.ndomains; i++)
		want(d, d->settings.domain[i]);
	if (d->settings.spares)
		want(d, NULL);
	for (struct source *s = d->sources; s; s = next) {
		next = s->next;
		s->dropped = s->id != UINT32_MAX;
		if (s->dropped && !job_runs(&s->resolving))
			source_free(s);
	}
	watch_all(d);
	for (struct source *s = d->sources; s; s = s->next)
		if (!s->resource && !s->dropped)
			source_consider(s);
	pool_stir(d);
}

void sources_look(struct poold *d)
{
	request(d, REPORTER_LOOK, "");
	for (struct source *s = d->sources; s; s = s->next)
		if (!s->dropped && (s->parameters || !s->resource))
			source_consider(s); /* a file does not tell of its changes */
}

bool sources_pending(const struct poold *d)
{
	for (const struct source *s = d->sources; s; s = s->next)
		if (!s->dropped && !s->has_config && s->state != SOURCE_MISSING)
			return true;
	return false;
}

static void domain_ended(void *data)
{
	struct source *s = data;

	poller_del(&s->end);
	close(s->end.fd);
	s->pidfd_of = 0;
	pool_stir(s->d);
}

void source_see(struct source *s)
{
	pid_t pid;

	if (!s->resource || !s->has_config)
		return;
	watch_dir(s->d, s->config.name);
	switch (hv_presence(s->config.name, &pid, NULL)) {
	case HV_PRESENT: s->domain = POOL_HERE; break;
	case HV_UNKNOWN: s->domain = POOL_STARTING; break;
	case HV_ABSENT:
		s->domain = hv_turn_taken(s->config.name) ? POOL_STARTING : POOL_AWAY;
		break;
	}
	if (s->domain != POOL_HERE || !pid || s->pidfd_of == pid)
		return;
	if (s->pidfd_of)
		domain_ended(s);
	s->end = (struct poller_entry){.fd = pidfd_open(pid, 0), .ready = domain_ended, .data = s};
	if (s->end.fd >= 0 && !poller_add(&s->end))
		s->pidfd_of = pid;
	else if (s->end.fd >= 0)
		close(s->end.fd);
}

const char *source_state_text(enum source_state s)
{
	static const char *const texts[] = {"asked", "known", "broken", "missing"};

	return texts[s];
}
