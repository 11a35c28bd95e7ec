// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Quorum, by a process of its own: Corosync's library waits, and the loop must not.
 *
 *   child: libquorum ── 'Q' or 'N', whenever it changes ──► loop
 */
#include <corosync/quorum.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/mirrord.h"

enum { RETRY_MS = 500 };

struct quorum {
	struct loop *loop;
	struct volume *volume;
	struct watch said;
	pid_t pid;
	struct timer again;
};

/* ---- the child ---- */

static int out;

static void say(bool have)
{
	if (send(out, have ? "Q" : "N", 1, MSG_NOSIGNAL) != 1)
		_exit(0);
}

static void changed(quorum_handle_t handle, uint32_t quorate, uint64_t ring, uint32_t members,
		    uint32_t *list)
{
	say(quorate);
}

static void track(void)
{
	quorum_callbacks_t callbacks = {.quorum_notify_fn = changed};
	quorum_handle_t h;
	uint32_t type;

	if (quorum_initialize(&h, &callbacks, &type) != CS_OK)
		return;
	if (type == QUORUM_SET &&
	    quorum_trackstart(h, CS_TRACK_CURRENT | CS_TRACK_CHANGES) == CS_OK)
		while (quorum_dispatch(h, CS_DISPATCH_ONE) == CS_OK)
			;
	quorum_finalize(h);
}

__attribute__((noreturn)) static void child(int fd, pid_t parent)
{
	prctl(PR_SET_NAME, "mirror-quorum");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	/* neither the disk nor a client's connection is to be held open here */
	out = dup2(fd, 3);
	close_range(4, ~0U, 0);
	hv_signals_fresh();
	for (;;) {
		track();
		say(false); /* Corosync does not run, or has no quorum provider */
		poll(NULL, 0, RETRY_MS);
	}
}

/* ---- the parent ---- */

static void ended(struct quorum *q)
{
	loop_unwatch(q->loop, &q->said);
	close(q->said.fd);
	q->said.fd = -1;
	kill(q->pid, SIGKILL);
	waitpid(q->pid, NULL, 0);
	q->pid = 0;
	volume_quorum(q->volume, false);
	loop_timer(q->loop, &q->again, RETRY_MS * LOOP_MS);
}

static void said(struct watch *w, uint32_t events)
{
	struct quorum *q = list_entry(w, struct quorum, said);
	char text[64];
	ssize_t n = recv(w->fd, text, sizeof(text), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		ended(q);
	else
		volume_quorum(q->volume, text[n - 1] == 'Q');
}

static int begin(struct quorum *q)
{
	pid_t parent = getpid();
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	q->pid = fork();
	if (!q->pid)
		child(pair[1], parent);
	close(pair[1]);
	if (q->pid < 0) {
		r = -errno;
		close(pair[0]);
		return r;
	}
	q->said = (struct watch){.fd = pair[0], .ready = said};
	r = loop_watch(q->loop, &q->said, EPOLLIN);
	if (r) {
		close(pair[0]);
		kill(q->pid, SIGKILL);
		waitpid(q->pid, NULL, 0);
	}
	return r;
}

static void again(struct timer *t)
{
	struct quorum *q = list_entry(t, struct quorum, again);

	if (begin(q))
		loop_timer(q->loop, t, RETRY_MS * LOOP_MS);
}

int quorum_open(struct quorum **out_q, struct loop *l, struct volume *v)
{
	struct quorum *q = calloc(1, sizeof(*q));
	int r = q ? 0 : -ENOMEM;

	if (!r) {
		q->loop = l;
		q->volume = v;
		timer_init(&q->again, again);
		volume_quorum(v, false);
		r = begin(q);
	}
	if (r)
		free(q);
	else
		*out_q = q;
	return r;
}

void quorum_close(struct quorum *q)
{
	loop_timer_stop(&q->again);
	if (q->pid > 0) {
		loop_unwatch(q->loop, &q->said);
		close(q->said.fd);
		kill(q->pid, SIGKILL);
		waitpid(q->pid, NULL, 0);
	}
	free(q);
}
