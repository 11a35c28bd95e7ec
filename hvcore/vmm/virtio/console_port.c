/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data of one port: between its two queues and its character device. */
#include "hvcore/vmm/virtio/console.h"

#include <linux/virtio_console.h>

#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/devices.h"
#include "hvcore/vmm/virtio/role.h"

enum { COPY = 4096, TURN_MAX = 32 };

/* Port 0 is the console: open from the start, and with no reader it goes on. */
static bool is_console(const struct port *p)
{
	return p->id == 0;
}

/* --- from the guest --- */

/* Hand the rest of a chain on.  True when all of it is taken or thrown away. */
static bool send_chain(struct port *p, const struct virtq_chain *c)
{
	uint8_t buf[COPY];
	size_t n;

	if (p->role) {
		role_chain(p->role, c);
		return true;
	}
	/* Nobody reads: as on an unplugged line, what is sent is lost. */
	if (!p->chardev || (!is_console(p) && !chardev_connected(p->chardev)))
		return true;
	while ((n = virtq_out(c, p->sent, buf, sizeof(buf))) > 0) {
		size_t took = chardev_write(p->chardev, buf, n);

		p->sent += took;
		if (is_console(p))
			progress_console(took);
		if (took < n)
			return false;
	}
	return true;
}

static void send(struct port *p)
{
	unsigned budget = TURN_MAX;
	struct virtq_chain c;

	while (virtio_live(&p->console->v) && (!p->role || role_may_hear(p->role)) &&
	       virtq_take(p->tx, &c, &budget)) {
		/* The chain stays in the ring while its reader is slow: p->sent remembers. */
		if (!send_chain(p, &c)) {
			virtq_unpop(p->tx, 1);
			break;
		}
		p->sent = 0;
		virtq_fill(p->tx, c.head, 0);
	}
	virtq_flush(p->tx);
}

static void writable(void *dev)
{
	send(dev);
}

/* --- to the guest --- */

static size_t room(void *dev)
{
	struct port *p = dev;
	struct virtq_chain c;

	if (!virtio_live(&p->console->v) || (!is_console(p) && !p->guest_open))
		return 0;
	do {
		if (virtq_pop(p->rx, &c) > 0) {
			virtq_unpop(p->rx, 1);
			return c.in_len;
		}
	} while (virtq_listen(p->rx));
	return 0;
}

static void receive(void *dev, const uint8_t *data, size_t len)
{
	struct port *p = dev;
	struct virtq_chain c;

	/* room() saw a buffer; a guest that takes it away again loses what was for it. */
	if (virtq_pop(p->rx, &c) > 0)
		virtq_push(p->rx, c.head, virtq_in(&c, 0, data, len));
}

static void connected(void *dev, bool yes)
{
	struct port *p = dev;

	console_port_connected(p);
	if (!yes)
		send(p); /* what waited for the reader */
}

static const struct chardev_ops port_ops = {
	.room = room, .receive = receive, .connected = connected, .writable = writable};

/* --- the device's --- */

void port_kick(struct port *p, struct virtq *q)
{
	if (q == p->tx)
		send(p);
	else if (p->role)
		role_pump(p->role);
	else if (p->chardev)
		chardev_accept_input(p->chardev);
}

void port_reset(struct port *p)
{
	p->guest_open = false;
	p->sent = 0;
	p->owed = 0;
	if (p->role)
		role_opened(p->role, false, loop_host_now());
}

int port_open(struct port *p, struct hv_error *err)
{
	struct chardev_config cfg = {.socket = p->socket, .lossless = !is_console(p)};

	if (!p->socket)
		return 0;
	return chardev_open(&cfg, &port_ops, p, &p->chardev, err);
}
