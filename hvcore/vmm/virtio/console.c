/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console device with several ports (virtio 1.2 §5.3).
 *
 *   queue 0, 1          port 0: to the guest, from the guest
 *   queue 2, 3          control messages, the same way round
 *   queue 2n+2, 2n+3    port n
 *
 * Control messages to the guest are not queued: each port remembers which it
 * owes, and says the current state when the driver has a buffer for it.
 */
#include "hvcore/vmm/virtio/console.h"

#include <errno.h>
#include <linux/virtio_console.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/vmm/moved.h"
#include "hvcore/vmm/virtio/devices.h"
#include "hvcore/vmm/virtio/role.h"

enum {
	QUEUE_SIZE = 64,
	TURN_MAX = 64,
	EVENT_INTERVAL_NS = 100 * 1000 * 1000,
};

/* What a port owes the guest, in the order it has to be said. */
enum { OWE_ADD = 1, OWE_CONSOLE = 2, OWE_NAME = 4, OWE_OPEN = 8 };

static struct console *console_device;

static bool host_open(const struct port *p)
{
	return p->id == 0 || p->role || (p->chardev && chardev_connected(p->chardev));
}

/* --- control messages to the guest --- */

static const struct {
	uint8_t owe;
	uint16_t event;
} messages[] = {
	{OWE_ADD, VIRTIO_CONSOLE_PORT_ADD},
	{OWE_CONSOLE, VIRTIO_CONSOLE_CONSOLE_PORT},
	{OWE_NAME, VIRTIO_CONSOLE_PORT_NAME},
	{OWE_OPEN, VIRTIO_CONSOLE_PORT_OPEN},
};

/* Say one thing.  False: the driver has no buffer for it now. */
static bool say(struct port *p, uint16_t event)
{
	struct virtq *q = &p->console->v.queue[CONSOLE_CONTROL_RX];
	struct virtio_console_control m = {.id = p->id, .event = event, .value = 1};
	struct virtq_chain c;
	uint32_t len;

	if (event == VIRTIO_CONSOLE_PORT_OPEN)
		m.value = host_open(p);
	do {
		if (virtq_pop(q, &c) <= 0)
			continue;
		len = virtq_in(&c, 0, &m, sizeof(m));
		if (event == VIRTIO_CONSOLE_PORT_NAME)
			len += virtq_in(&c, sizeof(m), p->name, strlen(p->name));
		virtq_push(q, c.head, len);
		return true;
	} while (virtq_listen(q));
	return false;
}

static void say_owed(struct console *con)
{
	if (!virtio_live(&con->v) || !virtio_has(&con->v, VIRTIO_CONSOLE_F_MULTIPORT))
		return;
	for (unsigned i = 0; i < con->nports; i++) {
		struct port *p = &con->port[i];

		for (size_t k = 0; k < sizeof(messages) / sizeof(messages[0]); k++) {
			if (!(p->owed & messages[k].owe))
				continue;
			if (!say(p, messages[k].event))
				return;
			p->owed &= ~messages[k].owe;
		}
	}
}

static void owe(struct port *p, uint8_t what)
{
	p->owed |= what;
	say_owed(p->console);
}

void console_port_connected(struct port *p)
{
	/* The console stays open: its log goes on without clients. */
	if (p->id && (p->console->v.status & 4 /* DRIVER_OK */))
		owe(p, OWE_OPEN);
}

/* --- control messages from the guest --- */

static void tell_changes(struct console *con)
{
	con->event_at = loop_host_now();
	for (unsigned i = 1; i < con->nports; i++) {
		struct port *p = &con->port[i];

		if (p->told_open == p->guest_open)
			continue;
		p->told_open = p->guest_open;
		event_emit("VSERPORT_CHANGE",
			   json_pack("{s:s, s:b}", "id", p->name, "open", p->guest_open));
	}
}

static void tell_later(struct loop_timer *t)
{
	tell_changes((struct console *)((char *)t - offsetof(struct console, event)));
}

/* A guest may open and close as often as it likes: events are spaced, the last state counts. */
static void changed(struct console *con)
{
	if (con->event_at && loop_host_now() - con->event_at < EVENT_INTERVAL_NS)
		loop_host_timer_arm(&con->event, con->event_at + EVENT_INTERVAL_NS);
	else
		tell_changes(con);
}

static void guest_opened(struct port *p, bool open)
{
	p->guest_open = open;
	changed(p->console);
	if (p->role) {
		role_opened(p->role, open, loop_host_now());
		role_pump(p->role);
	}
	if (open && p->chardev)
		chardev_accept_input(p->chardev);
}

static void hear(struct console *con, const struct virtio_console_control *m)
{
	struct port *p = m->id < con->nports ? &con->port[m->id] : NULL;

	if (m->event == VIRTIO_CONSOLE_DEVICE_READY) {
		for (unsigned i = 0; m->value && i < con->nports; i++)
			con->port[i].owed = OWE_ADD;
		return;
	}
	if (!p) {
		guest_fault(con->v.name, "message %u for port %u of %u", m->event, m->id,
			    con->nports);
		return;
	}
	switch (m->event) {
	case VIRTIO_CONSOLE_PORT_READY:
		if (m->value)
			p->owed = p->id ? OWE_NAME | OWE_OPEN : OWE_CONSOLE | OWE_OPEN;
		break;
	case VIRTIO_CONSOLE_PORT_OPEN: guest_opened(p, m->value); break;
	default: guest_fault(con->v.name, "unknown message %u", m->event); break;
	}
}

static void hear_all(struct console *con, struct virtq *q)
{
	struct virtio_console_control m;
	unsigned budget = TURN_MAX;
	struct virtq_chain c;

	while (virtq_take(q, &c, &budget)) {
		if (virtq_out(&c, 0, &m, sizeof(m)) != sizeof(m)) {
			virtio_broken(&con->v, "a control message of %llu bytes",
				      (unsigned long long)c.out_len);
			return;
		}
		virtq_push(q, c.head, 0);
		hear(con, &m);
	}
	say_owed(con);
}

/* --- the device --- */

static void console_kick(struct virtio *v, struct virtq *q)
{
	struct console *con = (struct console *)v;

	if (q->index == CONSOLE_CONTROL_RX)
		say_owed(con);
	else if (q->index == CONSOLE_CONTROL_TX)
		hear_all(con, q);
	else
		port_kick(&con->port[q->index < 2 ? 0 : q->index / 2 - 1], q);
}

static void console_reset(struct virtio *v)
{
	struct console *con = (struct console *)v;

	for (unsigned i = 0; i < con->nports; i++)
		port_reset(&con->port[i]);
	changed(con);
}

static const struct virtio_device_ops console_ops = {
	.id = 3,
	.class_code = 0x078000, /* simple communication, other */
	.features = 1ULL << VIRTIO_CONSOLE_F_MULTIPORT,
	.kick = console_kick,
	.reset = console_reset,
};

static int add_port(struct console *con, const char *name, const char *socket, struct hv_error *err)
{
	struct port *p = &con->port[con->nports];
	unsigned first = p->id = con->nports++;

	p->console = con;
	p->name = name ? strdup(name) : NULL;
	p->socket = socket ? strdup(socket) : NULL;
	if ((name && !p->name) || (socket && !p->socket))
		return hv_err(err, -ENOMEM, "console: no memory for port %u", first);
	first = first ? 2 * first + 2 : 0;
	p->rx = &con->v.queue[first];
	p->tx = &con->v.queue[first + 1];
	return port_open(p, err);
}

/* No socket: hv-domain is at the other end itself. */
static int add_role(struct console *con, const char *name, struct hv_error *err)
{
	struct port *p = &con->port[con->nports];
	int rc = add_port(con, name, NULL, err);

	if (rc)
		return rc;
	p->role = role_create(p);
	return p->role ? 0 : hv_err(err, -ENOMEM, "channel %s: no memory for it", name);
}

static int add_ports(struct console *con, const struct hv_config *c, const char *console,
		     const char *channel_dir, struct hv_error *err)
{
	int rc = add_port(con, NULL, console, err);

	for (unsigned i = 0; !rc && i < c->nchannels; i++) {
		const struct hv_channel *ch = &c->channel[i];
		char path[4096];
		int n = snprintf(path, sizeof(path), "%s/%s.sock", channel_dir, ch->name);

		if (!ch->socket && (n < 0 || (size_t)n >= sizeof(path)))
			return hv_err(err, -ENAMETOOLONG,
				      "channel %s: the path of its socket is "
				      "too long; give it one",
				      ch->name);
		if (!strcmp(ch->name, HV_CHANNEL_ROLE))
			rc = add_role(con, ch->name, err);
		else
			rc = add_port(con, ch->name, ch->socket ? ch->socket : path, err);
	}
	return rc;
}

int virtio_console_create(const struct hv_config *c, const char *console, const char *channel_dir,
			  struct hv_error *err)
{
	struct console *con = calloc(1, sizeof(*con));
	struct virtio_console_config cfg = {.max_nr_ports = 1 + c->nchannels};
	int rc;

	if (!con)
		return hv_err(err, -ENOMEM, "console: no memory for the device");
	con->v.ops = &console_ops;
	con->v.name = "console0";
	con->v.nqueues = 2 * (1 + c->nchannels) + 2;
	con->v.config_len = sizeof(cfg);
	memcpy(con->v.config, &cfg, sizeof(cfg));
	con->event.expired = tell_later;
	rc = virtio_add(&con->v, QUEUE_SIZE, err);
	if (!rc)
		rc = add_ports(con, c, console, channel_dir, err);
	if (!rc)
		console_device = con;
	return rc;
}

void virtio_console_moved(const char *from, const char *to)
{
	struct console *con = console_device;

	for (unsigned i = 0; con && i < con->nports; i++)
		con->port[i].socket = path_moved(con->port[i].socket, from, to);
}

json_t *virtio_console_query(void)
{
	struct console *con = console_device;
	json_t *all = json_array();

	for (unsigned i = 0; con && i < con->nports; i++) {
		const struct port *p = &con->port[i];

		json_array_append_new(
			all,
			json_pack("{s:s, s:s?, s:b, s:b}", "name", p->name ? p->name : "console",
				  "socket", p->socket, "open", p->guest_open, "connected",
				  p->role || (p->chardev && chardev_connected(p->chardev))));
	}
	return all;
}
