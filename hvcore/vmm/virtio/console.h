/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the console share: console.c (device, control queue), console_port.c (data),
 * role.h (the port that hv-domain serves itself).
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "hvcore/vmm/chardev.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/virtio.h"

enum {
	CONSOLE_PORTS_MAX = 1 + HV_CHANNELS_MAX,
	CONSOLE_CONTROL_RX = 2,
	CONSOLE_CONTROL_TX = 3,
};

struct console;
struct role;

struct port {
	struct console *console;
	unsigned id;
	char *name;   /* channels only */
	char *socket; /* path, or NULL */
	struct chardev *chardev;
	struct role *role;     /* in place of chardev */
	struct virtq *rx, *tx; /* to the guest, from the guest */
	bool guest_open;       /* a process in the guest has it open */
	bool told_open;        /* what the last VSERPORT_CHANGE said */
	uint64_t sent;         /* bytes of the chain at the front of tx that were accepted */
	uint8_t owed;          /* control messages to the guest: a bit for each in console.c */
};

struct console {
	struct virtio v;
	struct port port[CONSOLE_PORTS_MAX];
	unsigned nports;
	struct loop_timer event; /* VSERPORT_CHANGE held back */
	uint64_t event_at;       /* host ns of the last one */
};

/* port_kick() - The driver rang for one of the port's queues. */
void port_kick(struct port *p, struct virtq *q);
/* port_reset() - The driver starts over. */
void port_reset(struct port *p);
/* port_open() - Open the host's side. */
int port_open(struct port *p, struct hv_error *err);

/* console_port_connected() - console.c: a client came or went. */
void console_port_connected(struct port *p);

#endif
