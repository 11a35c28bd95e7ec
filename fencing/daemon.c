// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The middle of taiki-fenced: what the cluster delivers changes the state, and the parts
 * are told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fencing/cluster.h"
#include "fencing/cluster_name.h"
#include "fencing/door.h"
#include "fencing/fenced.h"
#include "fencing/order_table.h"
#include "hv/daemon.h"

struct fenced fenced;

static char boot[ORDER_UUID];

int64_t fenced_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

bool fenced_able(void)
{
	return fenced.connected && fenced.settled && sync_ready(&fenced.sync) && !fenced.sync.stale;
}

void fenced_send(struct order_message *m)
{
	struct timespec ts;
	uint8_t *bytes = malloc(ORDER_WIRE_MAX);
	int len;

	clock_gettime(CLOCK_REALTIME, &ts);
	m->time_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	len = bytes ? order_encode(bytes, ORDER_WIRE_MAX, m) : -ENOMEM;
	if (len > 0)
		len = cluster_send(bytes, (size_t)len);
	/* Without Corosync there is nobody to tell; that is logged where it is noticed. */
	if (len < 0 && len != -ENOTCONN)
		hv_log_line(LOG_ERR, "a message of kind %u to the other hosts is lost: %s", m->kind,
			    strerror(-len));
	free(bytes);
}

static void send_hello(void)
{
	struct order_message m;

	sync_hello(&fenced.sync, &m);
	fenced_send(&m);
}

static void send_state(void)
{
	uint8_t *blob = malloc(ORDER_WIRE_MAX);
	struct order_message m;

	if (blob && !sync_snapshot(&fenced.sync, &m, blob, ORDER_WIRE_MAX))
		fenced_send(&m);
	else
		hv_log_line(LOG_ERR, "the state cannot be sent to hosts that joined");
	free(blob);
}

static void announce(void)
{
	struct order_domain *d = calloc(ORDER_DOMAINS_MAX, sizeof(*d));
	struct order_message m = {.kind = ORDER_MSG_ANNOUNCE};
	uint8_t *blob = malloc(ORDER_WIRE_MAX);
	int len = d && blob ? order_domains_encode(blob, ORDER_WIRE_MAX - 1024, d, domains_list(d))
			    : -ENOMEM;

	if (len > 0) {
		m.blob = blob;
		m.blob_len = (uint32_t)len;
		fenced_send(&m);
	}
	free(d);
	free(blob);
}

static void resync_if_needed(void)
{
	struct order_message m = {.kind = ORDER_MSG_RESYNC};

	if (fenced.connected && fenced.settled && sync_has_quorum(&fenced.sync))
		fenced_send(&m);
}

/* What the newest event makes possible or necessary. */
static void react(unsigned flags)
{
	if (flags & SYNC_BROKEN) {
		cluster_rejoin();
		return;
	}
	if (flags & SYNC_SAY_HELLO)
		send_hello();
	if (flags & SYNC_SEND_STATE)
		send_state();
	if (flags & SYNC_DONE) {
		hv_log_line(LOG_INFO, "agreed with %zu hosts, led by node %u", fenced.sync.nmembers,
			    fenced.sync.leader);
		announce();
		clients_resend();
		duties_resend();
		hosts_resend();
	}
	if (flags & SYNC_CHANGED)
		keep_changed();
	resync_if_needed();
	hosts_changed();
	duties_changed();
	clients_changed();
}

static void on_up(uint32_t me, const char *name)
{
	sync_again(&fenced.sync, me, name, boot);
	fenced.connected = true;
	hv_log_line(LOG_INFO, "this host is node %u, %s", me, name);
}

static void on_down(void)
{
	fenced.connected = fenced.settled = fenced.quorate = false;
	clients_no_quorum("the connection to the host cluster was lost");
}

static void on_view(const struct sync_member *m, size_t n, bool joined)
{
	react(sync_view(&fenced.sync, m, n, joined));
}

static void on_deliver(uint32_t from, const uint8_t *bytes, size_t len)
{
	unsigned flags = sync_deliver(&fenced.sync, from, bytes, len);

	if (flags & SYNC_BAD)
		hv_log_line(LOG_WARNING, "node %u sent something that is no message of ours", from);
	else if (flags)
		react(flags);
}

static void on_quorum(bool lost, bool settled)
{
	bool had = fenced.quorate;

	fenced.quorate = !lost;
	fenced.settled = settled;
	if (lost) {
		if (had)
			hv_log_line(LOG_WARNING, "the host cluster is not quorate here: "
						 "no request is served until it is");
		sync_lost_quorum(&fenced.sync);
		clients_no_quorum("the host cluster is not quorate here");
	} else if (!had) {
		hv_log_line(LOG_INFO, "the host cluster is quorate");
	}
	react(0);
}

static const struct cluster_ops cluster = {
	.up = on_up,
	.down = on_down,
	.view = on_view,
	.deliver = on_deliver,
	.quorum = on_quorum,
};

static void domain_message(uint16_t kind, const struct order_domain *d)
{
	struct order_message m = {.kind = kind};

	order_copy(m.name, sizeof(m.name), d->name);
	order_copy(m.incarnation, sizeof(m.incarnation), d->incarnation);
	order_copy(m.group, sizeof(m.group), d->group);
	order_copy(m.resource, sizeof(m.resource), d->resource);
	/* Before this host knows everything it is in no message's way: announce() will tell. */
	if (fenced.connected && sync_ready(&fenced.sync))
		fenced_send(&m);
}

static void on_domain_up(const struct order_domain *d)
{
	hv_log_line(LOG_INFO, "domain %s runs, incarnation %s, %s%s", d->name, d->incarnation,
		    *d->group ? "fence group " : "no fence group", d->group);
	if (*d->group)
		door_channel_add(d->name, d->group);
	domain_message(ORDER_MSG_UP, d);
}

static void on_domain_down(const struct order_domain *d)
{
	hv_log_line(LOG_INFO, "domain %s has ended, incarnation %s", d->name, d->incarnation);
	door_channel_remove(d->name);
	domain_message(ORDER_MSG_DOWN, d);
}

static const struct domains_ops domains = {.up = on_domain_up, .down = on_domain_down};

static void on_worked(const struct work_kill *k)
{
	if (!domains_worked(k))
		duties_worked(k);
}

static void on_helper(bool is)
{
	if (is != fenced.helper)
		hv_log_line(is ? LOG_INFO : LOG_WARNING,
			    is ? "Pacemaker's fencer is heard" : "Pacemaker's fencer has gone");
	fenced.helper = is;
}

static const struct helper_ops helper = {
	.answer = duties_answer,
	.fenced = hosts_fenced,
	.connected = on_helper,
};

static int read_boot(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, boot, sizeof(boot) - 1);
	int rc = n == sizeof(boot) - 1 ? 0 : -EIO;

	if (fd >= 0)
		close(fd);
	return rc;
}

int daemon_open(void)
{
	int rc = read_boot();

	if (!rc)
		rc = sync_init(&fenced.sync, 0, "", boot);
	if (!rc)
		rc = keep_open();
	if (!rc)
		rc = work_open(fenced.loop, on_worked);
	if (!rc)
		rc = helper_open(fenced.loop, &helper);
	if (!rc)
		rc = domains_open(fenced.loop, &domains);
	if (!rc)
		rc = cluster_open(fenced.loop, "taiki-fence", &cluster);
	return rc;
}
