/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/virtio_program.h"

#include <stdlib.h>
#include <string.h>

enum {
	STEPS_MAX = 256,
	RINGS = 0x10000, /* 16 KiB for each queue */
	RING_SIZE = 16,
	AREA = 0x80000, /* guest memory that programs write */
};

struct input {
	const uint8_t *at;
	size_t left;
};

static uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t v = 0;

	if (bytes > in->left)
		bytes = in->left;
	memcpy(&v, in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return v;
}

static struct drv queue[VIRTIO_QUEUES_MAX];

static void set_up(struct virtio *v, struct input *in)
{
	/* All features but those the first byte takes away. */
	uint64_t without = take(in, 1);

	drv_negotiate(v, v->features & ~(without & 1 ? F(VIRTIO_RING_F_EVENT_IDX) : 0) &
				 ~(without & 2 ? F(VIRTIO_RING_F_INDIRECT_DESC) : 0) &
				 ~(without & 4 ? 0xffffffULL : 0));
	for (unsigned i = 0; i < v->nqueues; i++)
		drv_queue(&queue[i], v, i, RING_SIZE, RINGS + 0x4000 * i);
	drv_ok(v);
}

/* Addresses that matter: the queue's own rings, data, the edges of memory, anything. */
static uint64_t address(struct input *in)
{
	uint64_t a = take(in, 1);

	switch (a % 8) {
	case 0: return RINGS + take(in, 2);
	case 1: return RIG_RAM - take(in, 1);
	case 2: return take(in, 8);
	case 3: return 0xffffffffffffff00ULL | take(in, 1);
	default: return AREA / 2 + 256 * a;
	}
}

static void write_memory(struct input *in)
{
	uint64_t at = address(in), len = take(in, 1) % 64;

	if (len > in->left)
		len = in->left;
	if (at < RIG_RAM && len <= RIG_RAM - at) {
		drv_put(at, in->at, len);
		take(in, 0);
		in->at += len;
		in->left -= len;
	}
}

/* Lengths that mean something to some device, and any. */
static uint32_t length(struct input *in)
{
	static const uint32_t usual[] = {16, 1, 8, 12, 513, 512, 4096};
	unsigned k = take(in, 1) % 9;

	if (k < 7)
		return usual[k];
	return k == 7 ? take(in, 2) : take(in, 4);
}

static void write_desc(struct drv *d, struct input *in)
{
	unsigned i = take(in, 1) % RING_SIZE;
	uint64_t at = address(in);
	uint32_t len = length(in);
	uint16_t flags = take(in, 1);

	drv_desc(d->desc, i, at, len, flags & 7, take(in, 1) % (RING_SIZE + 1));
}

/*
 * A chain as a good driver makes it, whose first piece begins with bytes of the
 * input: without these, no input would get past a device's first check.
 */
static void good_chain(struct drv *d, struct input *in)
{
	uint8_t shape = take(in, 1);
	unsigned nout = shape % 4, nin = shape / 4 % 3;
	struct piece p[8];
	uint8_t head[16];

	for (unsigned i = 0; i < sizeof(head); i++)
		head[i] = i % 4 < 2 || shape & 0x80 ? take(in, 1) % (shape & 0x40 ? 256 : 16) : 0;
	for (unsigned i = 0; i < nout + nin; i++) {
		p[i] = (struct piece){AREA / 2 + 0x1000 * (d->next_desc + i), length(in),
				      i >= nout};
		if (p[i].len > 0x1000)
			p[i].len = 512;
	}
	if (nout + nin == 0)
		return;
	drv_put(p[0].addr, head, sizeof(head));
	drv_add(d, p, nout + nin);
	drv_kick(d);
}

static void step(struct virtio *v, struct input *in)
{
	unsigned op = take(in, 1);
	struct drv *d = &queue[take(in, 1) % v->nqueues];
	unsigned off, size;

	switch (op % 16) {
	case 0:
	case 1: write_memory(in); break;
	case 2:
	case 3:
	case 4: write_desc(d, in); break;
	case 5: drv_make_available(d, take(in, 1) % (RING_SIZE + 1)); break;
	case 6:
	case 7: good_chain(d, in); break;
	case 8:
		off = take(in, 2) % 0x4000;
		size = 1 << take(in, 1) % 4;
		if (off % size == 0)
			reg_write(v, off, size, take(in, 4));
		break;
	case 9: /* the registers there are, and the device's own */
		off = take(in, 1) % 0x80;
		off = off < 0x40 ? off : R_CONFIG + off - 0x40;
		size = 1 << take(in, 1) % 3;
		if (off % size == 0)
			reg_write(v, off, size, take(in, size));
		break;
	case 10: reg_read(v, take(in, 2) % 0x3ff8, 1 << op / 16 % 4); break;
	case 11: rig_timers(take(in, 1) * 100000000); break;
	case 12: v->device.quiesce(&v->device); break;
	case 13: v->device.resume(&v->device); break;
	case 14:
		if (op == 0xee)
			v->device.reset(&v->device);
		rig.msix = op & 0x80;
		break;
	case 15:
		drv_kick(d);
		rig_run(0);
		break;
	}
}

void program_run(struct virtio *v, const uint8_t *data, size_t size)
{
	struct input in = {.at = data, .left = size};

	memset(rig.ram.base, 0, AREA);
	memset(rig.shadow, 0, AREA);
	set_up(v, &in);
	for (unsigned n = 0; in.left && n < STEPS_MAX; n++)
		step(v, &in);
	rig_run(0);
	if (rig_unreported() >= 0)
		abort(); /* a write the engine was not told of */
	v->device.resume(&v->device);
	reg_write(v, R_STATUS, 1, 0);
	for (unsigned i = 0; i < 10000 && reg_read(v, R_STATUS, 1); i++)
		rig_run(1);
	if (reg_read(v, R_STATUS, 1) || rig.doorbells)
		abort(); /* it does not come back from a reset */
	/* A balloon may have taken any page; the shadow follows what was reported. */
	if (rig_unreported() >= 0)
		abort();
}
