/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/virtio/toy.h"

#include <stdlib.h>
#include <unistd.h>

#include "hvcore/vmm/loop.h"

static void kick(struct virtio *v, struct virtq *q)
{
	((struct toy *)v)->kicks++;
}

static void reset(struct virtio *v)
{
	((struct toy *)v)->resets++;
}

static void start(struct virtio *v)
{
	((struct toy *)v)->starts++;
}

static void negotiated(struct virtio *v)
{
	((struct toy *)v)->negotiations++;
}

static void config_write(struct virtio *v, unsigned off, unsigned size, uint32_t value)
{
	((struct toy *)v)->config_writes++;
}

static bool busy(struct virtio *v)
{
	return ((struct toy *)v)->busy;
}

static const struct virtio_device_ops toy_ops = {
	.id = 4,
	.class_code = 0x00ff00,
	.features = F(5) | F(40),
	.kick = kick,
	.reset = reset,
	.start = start,
	.negotiated = negotiated,
	.config_write = config_write,
	.busy = busy,
};

struct toy *toy_new(void)
{
	struct toy *t = calloc(1, sizeof(*t));
	struct hv_error err;

	rig_init();
	t->v.ops = &toy_ops;
	t->v.name = "toy";
	t->v.nqueues = 2;
	t->v.config_len = 12;
	for (unsigned i = 0; i < 12; i++)
		t->v.config[i] = 0xa0 + i;
	if (virtio_add(&t->v, 64, &err))
		abort();
	return t;
}

void toy_free(struct toy *t)
{
	for (unsigned i = 0; i < t->v.nqueues; i++) {
		loop_del(&t->v.queue[i].kick);
		close(t->v.queue[i].kick.fd);
	}
	free(t->v.queue);
	free(t);
}
