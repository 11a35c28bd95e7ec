// SPDX-License-Identifier: GPL-2.0-or-later
#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <errno.h>
#include <poll.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/cluster.h"
#include "fencing/cluster_name.h"
#include "hv/daemon.h"

enum { CONNECT_AGAIN_MS = 500, SEND_AGAIN_MS = 10, QUEUE_MAX = 4 << 20 };

struct queued {
	struct queued *next;
	size_t len;
	uint8_t bytes[];
};

static struct {
	qb_loop_t *loop;
	const struct cluster_ops *ops;
	struct cpg_name group;
	cpg_handle_t cpg;
	quorum_handle_t quorum;
	int cpg_fd, quorum_fd;
	bool connected, quorate, rejoin;
	uint64_t cpg_ring, quorum_ring;
	qb_loop_timer_handle connect_timer, send_timer;
	struct queued *queue, **queue_end;
	size_t queue_bytes;
} c = {.cpg_fd = -1, .quorum_fd = -1};

static void connect_later(void);

static void drop_queue(void)
{
	while (c.queue) {
		struct queued *q = c.queue;

		c.queue = q->next;
		free(q);
	}
	c.queue_end = &c.queue;
	c.queue_bytes = 0;
}

static void disconnect(void)
{
	bool was = c.connected;

	if (c.cpg_fd >= 0)
		qb_loop_poll_del(c.loop, c.cpg_fd);
	if (c.quorum_fd >= 0)
		qb_loop_poll_del(c.loop, c.quorum_fd);
	c.cpg_fd = c.quorum_fd = -1;
	if (c.cpg)
		cpg_finalize(c.cpg);
	if (c.quorum)
		quorum_finalize(c.quorum);
	c.cpg = 0;
	c.quorum = 0;
	c.connected = c.quorate = c.rejoin = false;
	c.cpg_ring = c.quorum_ring = 0;
	drop_queue();
	if (was)
		c.ops->down();
	connect_later();
}

static void tell_quorum(void)
{
	c.ops->quorum(!c.quorate, c.quorate && c.quorum_ring && c.quorum_ring == c.cpg_ring);
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t nodeid,
		       uint32_t pid, void *msg, size_t len)
{
	c.ops->deliver(nodeid, msg, len);
}

static void on_confchg(cpg_handle_t handle, const struct cpg_name *group,
		       const struct cpg_address *member, size_t n, const struct cpg_address *left,
		       size_t nleft, const struct cpg_address *joined, size_t njoined)
{
	struct sync_member m[CPG_MEMBERS_MAX];

	for (size_t i = 0; i < n && i < CPG_MEMBERS_MAX; i++) {
		m[i].nodeid = member[i].nodeid;
		m[i].pid = member[i].pid;
	}
	c.ops->view(m, n, njoined > 0);
}

static void on_ring(cpg_handle_t handle, struct cpg_ring_id ring, uint32_t n,
		    const uint32_t *member)
{
	c.cpg_ring = ring.seq;
	tell_quorum();
}

static void on_quorum(quorum_handle_t handle, uint32_t quorate, struct quorum_ring_id ring,
		      uint32_t n, const uint32_t *member)
{
	c.quorate = quorate;
	c.quorum_ring = ring.seq;
	tell_quorum();
}

/* The quorum that was lost before a view changed must be known before the view is acted upon. */
static bool dispatch(void)
{
	return quorum_dispatch(c.quorum, CS_DISPATCH_ALL) == CS_OK &&
	       cpg_dispatch(c.cpg, CS_DISPATCH_ALL) == CS_OK && !c.rejoin;
}

static int on_readable(int fd, int revents, void *data)
{
	if (dispatch() && !(revents & (POLLHUP | POLLERR | POLLNVAL)))
		return 0;
	hv_log_line(LOG_WARNING, "%s; connecting again",
		    c.rejoin ? "this host's state is not that of the others" : "Corosync has gone");
	disconnect();
	return -1; /* both were taken from the loop already */
}

static int connect_quorum(void)
{
	quorum_model_v1_data_t model = {.model = QUORUM_MODEL_V1, .quorum_notify_fn = on_quorum};
	uint32_t type;

	if (quorum_model_initialize(&c.quorum, QUORUM_MODEL_V1, (quorum_model_data_t *)&model,
				    &type, NULL) != CS_OK) {
		c.quorum = 0;
		return -ENOTCONN;
	}
	if (type != QUORUM_SET) {
		hv_log_line(LOG_ERR, "Corosync has no quorum provider: set quorum.provider to "
				     "corosync_votequorum in corosync.conf");
		return -ENOTCONN;
	}
	return quorum_trackstart(c.quorum, CS_TRACK_CURRENT | CS_TRACK_CHANGES) == CS_OK &&
			       quorum_fd_get(c.quorum, &c.quorum_fd) == CS_OK
		       ? 0
		       : -ENOTCONN;
}

static int connect_cpg(void)
{
	cpg_model_v1_data_t model = {.model = CPG_MODEL_V1,
				     .cpg_deliver_fn = on_deliver,
				     .cpg_confchg_fn = on_confchg,
				     .cpg_totem_confchg_fn = on_ring,
				     .flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF};
	char name[ORDER_NAME];
	unsigned me;

	if (cpg_model_initialize(&c.cpg, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL) != CS_OK) {
		c.cpg = 0;
		return -ENOTCONN;
	}
	if (cpg_local_get(c.cpg, &me) != CS_OK || cluster_name(me, name, sizeof(name)))
		return -ENOTCONN;
	c.connected = true;
	c.ops->up(me, name);
	return cpg_join(c.cpg, &c.group) == CS_OK && cpg_fd_get(c.cpg, &c.cpg_fd) == CS_OK
		       ? 0
		       : -ENOTCONN;
}

static void try_connect(void *data)
{
	c.connect_timer = 0;
	if (connect_quorum() || connect_cpg()) {
		/* A descriptor that is not on the loop must not be taken from it. */
		c.cpg_fd = c.quorum_fd = -1;
		disconnect();
		return;
	}
	qb_loop_poll_add(c.loop, QB_LOOP_HIGH, c.quorum_fd, POLLIN, NULL, on_readable);
	qb_loop_poll_add(c.loop, QB_LOOP_HIGH, c.cpg_fd, POLLIN, NULL, on_readable);
	hv_log_line(LOG_INFO, "connected to Corosync");
	/* What came with the joining may lie in a buffer already. */
	on_readable(c.cpg_fd, 0, NULL);
}

static void connect_later(void)
{
	/* There is no event that says that Corosync is back. */
	if (!c.connect_timer)
		qb_loop_timer_add(c.loop, QB_LOOP_LOW, CONNECT_AGAIN_MS * QB_TIME_NS_IN_MSEC, NULL,
				  try_connect, &c.connect_timer);
}

static cs_error_t multicast(const uint8_t *bytes, size_t len)
{
	/* It only reads. */
	struct iovec v = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};

	return cpg_mcast_joined(c.cpg, CPG_TYPE_AGREED, &v, 1);
}

static void send_queued(void *data)
{
	c.send_timer = 0;
	while (c.queue) {
		struct queued *q = c.queue;

		if (multicast(q->bytes, q->len) == CS_ERR_TRY_AGAIN) {
			qb_loop_timer_add(c.loop, QB_LOOP_HIGH, SEND_AGAIN_MS * QB_TIME_NS_IN_MSEC,
					  NULL, send_queued, &c.send_timer);
			return;
		}
		c.queue = q->next;
		if (!c.queue)
			c.queue_end = &c.queue;
		c.queue_bytes -= q->len;
		free(q);
	}
}

int cluster_send(const uint8_t *bytes, size_t len)
{
	struct queued *q;

	if (!c.connected)
		return -ENOTCONN;
	if (!c.queue) {
		cs_error_t rc = multicast(bytes, len);

		if (rc != CS_ERR_TRY_AGAIN)
			return rc == CS_OK ? 0 : -ENOTCONN;
	}
	if (c.queue_bytes + len > QUEUE_MAX || !(q = malloc(sizeof(*q) + len)))
		return -ENOMEM;
	q->next = NULL;
	q->len = len;
	memcpy(q->bytes, bytes, len);
	c.queue_bytes += len;
	*c.queue_end = q;
	c.queue_end = &q->next;
	if (!c.send_timer)
		qb_loop_timer_add(c.loop, QB_LOOP_HIGH, SEND_AGAIN_MS * QB_TIME_NS_IN_MSEC, NULL,
				  send_queued, &c.send_timer);
	return 0;
}

void cluster_rejoin(void)
{
	c.rejoin = true;
}

int cluster_open(struct qb_loop *loop, const char *group, const struct cluster_ops *ops)
{
	size_t len = strlen(group);

	if (!len || len >= sizeof(c.group.value))
		return -EINVAL;
	c.loop = loop;
	c.ops = ops;
	c.queue_end = &c.queue;
	memcpy(c.group.value, group, len);
	c.group.length = (uint32_t)len;
	try_connect(NULL);
	return 0;
}

void cluster_close(void)
{
	if (c.cpg)
		cpg_finalize(c.cpg);
	if (c.quorum)
		quorum_finalize(c.quorum);
	drop_queue();
	c.cpg = 0;
	c.quorum = 0;
	c.connected = false;
}
