// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reporter's worker: requests from the daemon in, Pacemaker's IPC out, its
 * answers back.  Connections are kept, and made anew when they have ended.
 */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <crm/common/ipc.h>
#include <crm/common/ipc_attrd_internal.h>
#include <crm/common/ipc_controld.h>
#include <crm/common/results.h>

#include "hv/daemon.h"

#include "reporter.h"
#include "reporter_capacity.h"
#include "reporter_cib.h"
#include "reporter_watch.h"

enum {
	PENDING_MAX = 1024, /* requests the controller has and has not answered */
	RECONNECT_MS = 1000,
	/* pcmk__node_attr_value, whose header is not installed: set the value (not the delay). */
	ATTR_VALUE = 1 << 3,
};

struct pending {
	bool used;
	struct reporter_answer answer;
	char resource[REPORTER_TEXT];
};

struct worker {
	GMainLoop *loop;
	int fd; /* to the daemon */
	pcmk_ipc_api_t *controld, *attrd;
	char node[sizeof(((struct reporter_answer *)0)->node)]; /* as the cluster calls us */
	struct pending pending[PENDING_MAX];
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void answer(struct worker *w, struct reporter_answer *a, int rc)
{
	a->rc = rc;
	memcpy(a->node, w->node, sizeof(a->node));
	if (send(w->fd, a, sizeof(*a), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		hv_log_line(LOG_WARNING, "reporter: an answer is lost: %s", strerror(errno));
}

/* tell() - What watch.c has found of a resource, its parameters in a descriptor. */
static void tell(void *user, uint32_t id, int rc, const char *text)
{
	struct worker *w = user;
	struct reporter_answer a = {.id = id, .rc = rc};
	struct iovec iov = {&a, sizeof(a)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	int fd = -1;

	memcpy(a.node, w->node, sizeof(a.node));
	if (rc > 0) {
		fd = memfd_create("parameters", MFD_CLOEXEC);
		if (fd < 0 || write(fd, text, (size_t)rc) != rc) {
			a.rc = -errno;
		} else {
			m.msg_control = &control;
			m.msg_controllen = sizeof(control);
			control.align = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
							 .cmsg_level = SOL_SOCKET,
							 .cmsg_type = SCM_RIGHTS};
			memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
		}
	}
	if (sendmsg(w->fd, &m, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		hv_log_line(LOG_WARNING, "reporter: parameters are lost: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void answer_all(struct worker *w, int rc)
{
	for (int i = 0; i < PENDING_MAX; i++)
		if (w->pending[i].used) {
			w->pending[i].used = false;
			answer(w, &w->pending[i].answer, rc);
		}
}

/* The resource a reply is about: node_state/lrm/lrm_resources/lrm_resource/@id. */
static bool names_resource(xmlNode *node, const char *resource)
{
	for (; node; node = node->next) {
		bool hit = false;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (!strcmp((const char *)node->name, "lrm_resource")) {
			xmlChar *id = xmlGetProp(node, (const xmlChar *)"id");

			hit = id && !strcmp((const char *)id, resource);
			xmlFree(id);
		}
		if (hit || names_resource(node->children, resource))
			return true;
	}
	return false;
}

static void resource_reply(struct worker *w, crm_exit_t status, xmlNode *state)
{
	struct pending *hit = NULL;

	for (int i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &w->pending[i];

		/* The oldest of those it can mean. */
		if (p->used && (!hit || p->answer.sent < hit->answer.sent) &&
		    (!state || names_resource(state, p->resource)))
			hit = p;
	}
	if (!hit)
		return;
	hit->used = false;
	answer(w, &hit->answer, status == CRM_EX_OK ? 0 : -EREMOTEIO);
}

static void controld_event(pcmk_ipc_api_t *api, enum pcmk_ipc_event type, crm_exit_t status,
			   void *data, void *user)
{
	const pcmk_controld_api_reply_t *reply = data;
	struct worker *w = user;

	if (type == pcmk_ipc_event_disconnect) {
		hv_log_line(LOG_NOTICE, "reporter: the controller has gone");
		w->node[0] = '\0';
		capacity_forget();
		answer_all(w, -ENOTCONN);
		return;
	}
	if (type != pcmk_ipc_event_reply || !reply)
		return;
	if (reply->reply_type == pcmk_controld_reply_info && status == CRM_EX_OK &&
	    reply->data.node_info.uname)
		snprintf(w->node, sizeof(w->node), "%s", reply->data.node_info.uname);
	else if (reply->reply_type == pcmk_controld_reply_resource)
		resource_reply(w, status, reply->data.resource.node_state);
}

/* connected() - A connection to the controller and our name in the cluster: 0 or -errno. */
static int connected(struct worker *w)
{
	int rc;

	if (!w->controld && pcmk_new_ipc_api(&w->controld, pcmk_ipc_controld))
		return -ENOMEM;
	if (!pcmk_ipc_is_connected(w->controld)) {
		pcmk_register_ipc_callback(w->controld, controld_event, w);
		rc = pcmk_connect_ipc(w->controld, pcmk_ipc_dispatch_main);
		if (rc)
			return rc > 0 ? -rc : -ENOTCONN;
		hv_log_line(LOG_INFO, "reporter: connected to the controller");
	}
	if (w->node[0])
		return 0;
	rc = pcmk_controld_api_node_info(w->controld, 0);
	if (rc)
		return -EAGAIN;
	/* Its answer, or SIGALRM. */
	while (!w->node[0] && pcmk_ipc_is_connected(w->controld))
		g_main_context_iteration(NULL, TRUE);
	return w->node[0] ? 0 : -ENOTCONN;
}

static int fail(struct worker *w, const struct reporter_request *r)
{
	struct pending *p = NULL;
	int rc = connected(w);

	for (int i = 0; i < PENDING_MAX && !p; i++)
		if (!w->pending[i].used)
			p = &w->pending[i];
	if (rc || !p)
		return rc ? rc : -EBUSY;
	/* Where the CIB cannot be asked, Pacemaker decides what it does with the report. */
	if (cib_maintenance(r->name, w->node) == 1)
		return -ESHUTDOWN;
	*p = (struct pending){.used = true, .answer = {.id = r->id, .sent = now_ns()}};
	memcpy(p->resource, r->name, sizeof(p->resource));
	rc = pcmk_controld_api_fail(w->controld, w->node, w->node, r->name, NULL, "ocf", "taiki",
				    "domain");
	if (rc)
		p->used = false;
	return rc > 0 ? -rc : rc;
}

static int attribute(struct worker *w, const struct reporter_request *r)
{
	int rc;

	if (!w->attrd && pcmk_new_ipc_api(&w->attrd, pcmk_ipc_attrd))
		return -ENOMEM;
	rc = r->value[0] ? pcmk__attrd_api_update(w->attrd, NULL, r->name, r->value, NULL, NULL,
						  NULL, ATTR_VALUE)
			 : pcmk__attrd_api_delete(w->attrd, NULL, r->name, 0);
	if (rc) {
		pcmk_free_ipc_api(w->attrd);
		w->attrd = NULL;
	}
	return rc > 0 ? -rc : rc;
}

static int act(struct worker *w, const struct reporter_request *r)
{
	switch (r->kind) {
	case REPORTER_FAIL: return fail(w, r);
	case REPORTER_ATTR: return attribute(w, r);
	case REPORTER_WATCH: return watch_resource(r->id, r->name);
	case REPORTER_LOOK: watch_look(); return 0;
	case REPORTER_FORGET: watch_forget(); return 0;
	default: return -EINVAL;
	}
}

static void one(struct worker *w, const struct reporter_request *r)
{
	struct reporter_answer a = {.id = r->id};
	int rc;

	alarm(REPORTER_CALL_S); /* a call that does not come back ends this process */
	a.sent = now_ns();
	rc = act(w, r);
	alarm(0);
	if (rc || r->kind == REPORTER_ATTR)
		answer(w, &a, rc);
}

static gboolean requests_ready(gint fd, GIOCondition condition, gpointer user)
{
	struct worker *w = user;
	struct reporter_request r;
	ssize_t n;

	while ((n = recv(fd, &r, sizeof(r), MSG_DONTWAIT)) == sizeof(r)) {
		r.name[sizeof(r.name) - 1] = r.value[sizeof(r.value) - 1] = '\0';
		one(w, &r);
	}
	if (n == 0)
		g_main_loop_quit(w->loop);
	return TRUE;
}

/* So that a report need not wait for a connection: it is there, or made again by then. */
static gboolean keep_connected(gpointer user)
{
	struct worker *w = user;

	alarm(REPORTER_CALL_S);
	if (!connected(w)) {
		cib_connect();
		capacity_say();
	}
	alarm(0);
	return TRUE;
}

int reporter_worker(int fd)
{
	struct worker w = {.fd = fd, .loop = g_main_loop_new(NULL, FALSE)};

	watch_start(tell, &w);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, requests_ready, &w);
	answer(&w, &(struct reporter_answer){.id = REPORTER_BORN}, 0);
	keep_connected(&w);
	g_timeout_add(RECONNECT_MS, keep_connected, &w);
	g_main_loop_run(w.loop);
	return 0;
}
