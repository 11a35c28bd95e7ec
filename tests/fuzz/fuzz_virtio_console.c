/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console with two channels, whose reader is slow and whose writer insists, and the role's port. */
#include <stdlib.h>

#include "hvcore/vmm/chardev.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/fuzz/virtio_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct chardev {
	const struct chardev_ops *ops;
	void *dev;
	unsigned turn;
};

static struct chardev chars[3];
static unsigned nchars;

int chardev_open(const struct chardev_config *cfg, const struct chardev_ops *ops, void *dev,
		 struct chardev **out, struct hv_error *err)
{
	*out = &chars[nchars++];
	**out = (struct chardev){.ops = ops, .dev = dev};
	return 0;
}

size_t chardev_write(struct chardev *c, const void *data, size_t len)
{
	static uint8_t sink[4096];

	for (size_t i = 0; i < len; i++)
		sink[i % sizeof(sink)] ^= ((const uint8_t *)data)[i];
	return c->turn++ % 3 ? len : len / 2;
}

void chardev_accept_input(struct chardev *c)
{
	static const uint8_t text[64];
	size_t room;

	for (unsigned i = 0; i < 4 && (room = c->ops->room(c->dev)); i++)
		c->ops->receive(c->dev, text, room < sizeof(text) ? room : sizeof(text));
}

bool chardev_connected(const struct chardev *c)
{
	return c->turn & 4;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hv_config c;

	if (!rig.device) {
		rig_init();
		c.nchannels = 3;
		c.channel[0].name = (char *)"org.fuzz.0";
		c.channel[1].name = (char *)"org.fuzz.1";
		c.channel[2].name = (char *)HV_CHANNEL_ROLE;
		if (virtio_console_create(&c, "/c", "/d", NULL))
			abort();
	}
	/* Clients come and go. */
	for (unsigned i = 0; i < nchars; i++) {
		chars[i].turn += size;
		chars[i].ops->connected(chars[i].dev, chardev_connected(&chars[i]));
		chars[i].ops->writable(chars[i].dev);
	}
	virtio_role_say("TR1 ask", size % 2, NULL);
	program_run(rig.device, data, size);
	json_decref(virtio_role_query());
	rig_timers(1000000000);
	return 0;
}
