// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker: questions from the daemon, what Pacemaker's fencer tells, and glib's
 * main loop around both.
 */
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fencing/helper.h"
#include "fencing/helper_parts.h"
#include "hv/daemon.h"

static GMainLoop *loop;
static int daemon_fd;

void worker_tell(struct helper_message *m)
{
	/* The daemon reads nothing but this: when it does not, it is about to be restarted. */
	if (send(daemon_fd, m, sizeof(*m), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		hv_log_line(LOG_WARNING, "helper: the daemon was not told: %s", strerror(errno));
}

static void question(struct helper_message *m)
{
	m->resource[sizeof(m->resource) - 1] = '\0';
	m->by[sizeof(m->by) - 1] = '\0';
	m->text[0] = '\0';
	switch ((enum helper_what)m->what) {
	case HELPER_MARK:
	case HELPER_LIFT:
		/* A call that hangs in the library ends with us; the keeper makes another. */
		alarm(m->timeout_ms / 1000 + 1);
		m->rc = cib_mark(m->resource, m->by, m->what == HELPER_MARK, m->timeout_ms, m->text,
				 sizeof(m->text));
		alarm(0);
		worker_tell(m);
		break;
	case HELPER_SETTLE: settle(m); break;
	case HELPER_FENCED:
	case HELPER_CONNECTED: break; /* not questions */
	}
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct helper_message m;
	ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT);

	if (n == (ssize_t)sizeof(m)) {
		question(&m);
		return G_SOURCE_CONTINUE;
	}
	if (n != 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

int helper_worker(int fd)
{
	daemon_fd = fd;
	loop = g_main_loop_new(NULL, FALSE);
	g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, readable, NULL);
	history_start();
	g_main_loop_run(loop);
	return 0;
}
