// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fencing/helper.h"
#include "heartbeat/log.h"
#include "heartbeat/privilege.h"

enum { RESPAWN_MS = 200, QUESTIONS_MAX = 128, GRACE_MS = 1000 };

static struct {
	int fd;
	qb_loop_t *loop;
	const struct helper_ops *ops;
	uint32_t seq;
	struct question {
		uint32_t seq; /* 0: free */
		qb_loop_timer_handle timer;
	} question[QUESTIONS_MAX];
} h = {.fd = -1};

/* Pacemaker's user may change the configuration and hear the fencer: the worker needs no more. */
static void become_hacluster(void)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return;
	pw = getpwnam("hacluster");
	if (!pw) {
		log_line(LOG_ERR, "there is no user hacluster; is Pacemaker installed?");
		_exit(1);
	}
	if (setgroups(0, NULL) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
		log_line(LOG_ERR, "the helper cannot become hacluster: %s", strerror(errno));
		_exit(1);
	}
}

/* Be killed when @parent ends, also if it has ended already. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static pid_t make_worker(int fd)
{
	pid_t keeper = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "fence-helper");
	become_hacluster();
	privilege_drop(NULL, 0);
	die_with(keeper); /* after setuid, which clears it */
	_exit(helper_worker(fd));
}

static void keep(int fd)
{
	static const int needs[] = {CAP_SETUID, CAP_SETGID}; /* to make workers hacluster */
	int status;

	prctl(PR_SET_NAME, "fence-keeper");
	privilege_drop(needs, 2);
	for (;;) {
		pid_t pid = make_worker(fd);

		if (pid > 0 && waitpid(pid, &status, 0) == pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
				_exit(0); /* the daemon has closed its end */
			log_line(LOG_WARNING, "the helper ended (%s %d); another one is made",
				 WIFSIGNALED(status) ? "signal" : "status",
				 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		}
		poll(NULL, 0, RESPAWN_MS);
	}
}

int helper_start(void)
{
	pid_t daemon = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		die_with(daemon);
		keep(pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -errno;
	}
	h.fd = pair[0];
	return 0;
}

static struct question *find(uint32_t seq)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		if (h.question[i].seq == seq)
			return &h.question[i];
	return NULL;
}

static void lost(void *data)
{
	struct question *q = data;
	struct helper_message m = {
		.seq = q->seq, .rc = -ETIMEDOUT, .text = "Pacemaker did not answer in time"};

	q->seq = 0;
	q->timer = 0;
	h.ops->answer(&m);
}

static void answered(struct helper_message *m)
{
	struct question *q = m->seq ? find(m->seq) : NULL;

	if (!q)
		return; /* it was lost before */
	qb_loop_timer_del(h.loop, q->timer);
	q->seq = 0;
	q->timer = 0;
	h.ops->answer(m);
}

static int readable(int fd, int revents, void *data)
{
	struct helper_message m;
	ssize_t n;

	while ((n = recv(fd, &m, sizeof(m), MSG_DONTWAIT)) == (ssize_t)sizeof(m)) {
		m.text[sizeof(m.text) - 1] = '\0';
		if (m.what == HELPER_FENCED)
			h.ops->fenced(&m.entry);
		else if (m.what == HELPER_CONNECTED)
			h.ops->connected(!m.rc);
		else
			answered(&m);
	}
	if (n != 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	log_line(LOG_ERR, "the helper's keeper has gone: nothing can be written to the cluster's "
			  "configuration any more; restart taiki-fenced");
	h.ops->connected(false);
	return -1;
}

int helper_open(struct qb_loop *loop, const struct helper_ops *ops)
{
	h.loop = loop;
	h.ops = ops;
	return qb_loop_poll_add(loop, QB_LOOP_MED, h.fd, POLLIN, NULL, readable);
}

int helper_ask(struct helper_message *m)
{
	struct question *q = find(0);

	if (!q)
		return -EAGAIN;
	m->seq = ++h.seq ? h.seq : ++h.seq;
	if (send(h.fd, m, sizeof(*m), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(*m))
		return errno == EAGAIN ? -EAGAIN : -ENOTCONN;
	q->seq = m->seq;
	qb_loop_timer_add(h.loop, QB_LOOP_MED,
			  (uint64_t)(m->timeout_ms + GRACE_MS) * QB_TIME_NS_IN_MSEC, q, lost,
			  &q->timer);
	return (int)m->seq;
}
