/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtqueue, under a device that reads and answers every chain. */
#include <stdlib.h>

#include "tests/fuzz/virtio_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void kick(struct virtio *v, struct virtq *q)
{
	static struct virtq_chain c;
	unsigned budget = 32;
	uint8_t buf[512];

	while (virtq_take(q, &c, &budget)) {
		size_t n = virtq_out(&c, 0, buf, sizeof(buf));

		/* Where one byte is allowed, every byte is: ASan and the host's guard pages tell. */
		for (unsigned i = 0; i < c.nout + c.nin; i++)
			if (c.seg[i].len)
				*(volatile uint8_t *)(c.seg[i].at + c.seg[i].len - 1);
		virtq_fill(q, c.head, virtq_in(&c, n / 2, buf, n));
	}
	virtq_flush(q);
}

static const struct virtio_device_ops ops = {.id = 4, .kick = kick};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtio v = {.ops = &ops, .name = "fuzz", .nqueues = 2, .config_len = 8};

	if (!v.queue) {
		rig_init();
		if (virtio_add(&v, 64, NULL))
			abort();
	}
	program_run(&v, data, size);
	return 0;
}
