/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network device, with a pair of sockets for a tap that has packets waiting. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/vmm/net/tap.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/fuzz/virtio_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int wire[2];

int tap_open(struct tap *t, const struct hv_nic *nic, struct hv_error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, wire))
		abort();
	*t = (struct tap){.fd = wire[0], .name = "tap", .mtu = 1500};
	return 0;
}

void tap_close(struct tap *t)
{
}

int tap_offload(const struct tap *t, unsigned bits)
{
	return 0;
}

void tap_carrier(const struct tap *t, bool on)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hv_nic nic = {.mac = {2}};
	static uint8_t packet[4096];

	nic.bridge = (char *)"br0";
	if (!rig.device) {
		rig_init();
		if (virtio_net_create(&nic, 0, false, NULL))
			abort();
	}
	for (unsigned i = 0; i < 3; i++)
		if (write(wire[1], packet, i == 1 ? 60 : sizeof(packet)) < 0)
			break;
	program_run(rig.device, data, size);
	while (read(wire[1], packet, sizeof(packet)) > 0)
		;
	memset(packet, 0, sizeof(packet));
	return 0;
}
