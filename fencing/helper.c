// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "fencing/helper.h"
#include "hv/daemon.h"

enum { QUESTIONS_MAX = 128, GRACE_MS = 1000 };

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
static int worker(int fd, pid_t keeper)
{
	struct hv_error err;

	prctl(PR_SET_NAME, "fence-helper");
	if (hv_become("hacluster", keeper, &err)) {
		hv_log_line(LOG_ERR, "the helper cannot work: %s; is Pacemaker installed?",
			    err.text);
		return 1;
	}
	return helper_worker(fd);
}

int helper_start(void)
{
	static const struct hv_keeper keeper = {"fence-keeper", "helper", worker};

	h.fd = hv_keeper_start(&keeper);
	return h.fd < 0 ? h.fd : 0;
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
	hv_log_line(LOG_ERR,
		    "the helper's keeper has gone: nothing can be written to the cluster's "
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
