/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port org.taiki.role.0 between its queues and the control connection; see role.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/vmm/virtio/devices.h"
#include "hvcore/vmm/virtio/role.h"

enum {
	PIECE = 4096,
	CHAIN_MAX = 4 *
		    PIECE, /* of one buffer that are looked at; a line is a quarter of a piece */
	TURN_MAX = 64,
	LATER_NS = 50 * 1000 * 1000,
};

static struct role *served; /* the domain's, or NULL */

/* --- the console's side --- */

static void look_again(struct loop_timer *t)
{
	struct role *r = (struct role *)((char *)t - offsetof(struct role, later));

	virtq_again(r->port->tx);
}

struct role *role_create(struct port *p)
{
	struct role *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->port = p;
	r->later.expired = look_again;
	served = r;
	return r;
}

void role_pump(struct role *r)
{
	struct port *p = r->port;
	struct virtq_chain c;
	unsigned turns = 0;
	char piece[PIECE];
	size_t n;

	while (p->guest_open && virtio_live(&p->console->v) && role_next(r, piece, 1)) {
		if (virtq_pop(p->rx, &c) <= 0) {
			if (virtq_listen(p->rx))
				continue;
			return;
		}
		n = role_next(r, piece, c.in_len < sizeof(piece) ? c.in_len : sizeof(piece));
		n = virtq_in(&c, 0, piece, n);
		virtq_push(p->rx, c.head, n);
		role_sent(r, n);
		/* Buffers without room could go on for ever. */
		if (++turns == TURN_MAX) {
			virtq_again(p->rx);
			return;
		}
	}
}

bool role_may_hear(struct role *r)
{
	if (role_credit(&r->work, loop_host_now(), ROLE_WORK_NS, ROLE_WORK_BURST) >= PIECE)
		return true;
	loop_host_timer_arm(&r->later, loop_host_now() + LATER_NS);
	return false;
}

void role_chain(struct role *r, const struct virtq_chain *c)
{
	uint64_t len = c->out_len < CHAIN_MAX ? c->out_len : CHAIN_MAX, cost;
	uint8_t piece[PIECE];
	size_t n;

	for (uint64_t off = 0; off < len; off += n) {
		n = virtq_out(c, off, piece, len - off < PIECE ? len - off : PIECE);
		if (!n)
			break;
		role_hear(r, piece, n, loop_host_now());
	}
	if (c->out_len > CHAIN_MAX)
		r->skip = true; /* what is not looked at may have been the rest of a line */
	cost = len > ROLE_WORK_MIN ? len : ROLE_WORK_MIN;
	r->work.left -= cost < r->work.left ? cost : r->work.left;
}

/* --- control's side --- */

static int check(const char *text, struct hv_error *err)
{
	size_t len = strlen(text);

	if (!served)
		return hv_err(err, -ENODEV,
			      "the domain has no port " HV_CHANNEL_ROLE
			      "; one with <taiki:standby> has");
	if (!len || len > ROLE_TEXT_MAX)
		return hv_err(err, -EINVAL, "a line has 1 to %d bytes, and this one %zu",
			      ROLE_TEXT_MAX, len);
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return hv_err(err, -EINVAL, "a line is printable ASCII");
	return 0;
}

bool virtio_role_served(void)
{
	return served;
}

int virtio_role_say(const char *text, bool keep, struct hv_error *err)
{
	struct role *r = served;
	int rc = check(text, err);

	if (rc)
		return rc;
	/* Kept while the port is closed, it is said when that opens, and not twice. */
	if (!keep || r->port->guest_open)
		rc = role_queue(r, text, keep);
	if (rc)
		return hv_err(err, rc, "%d lines wait already; the guest does not read them",
			      ROLE_QUEUE_MAX);
	if (keep) {
		memcpy(r->kept, text, strlen(text) + 1);
		r->told = loop_host_now();
	}
	role_pump(r);
	return 0;
}

json_t *virtio_role_query(void)
{
	const struct role *r = served;

	if (!r)
		return NULL;
	return json_pack(
		"{s:b, s:s?, s:s?, s:I, s:i, s:I, s:I}", "open", r->port->guest_open, "last",
		r->last[0] ? r->last : NULL, "kept", r->kept[0] ? r->kept : NULL, "told-ms",
		(json_int_t)(r->kept[0] ? (loop_host_now() - r->told) / 1000000 : 0), "queued",
		(int)r->nout, "heard", (json_int_t)r->heard, "dropped", (json_int_t)r->dropped);
}
