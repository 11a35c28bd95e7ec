/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio device that does nothing by itself, for the tests of queue and transport. */
#ifndef TESTS_VIRTIO_TOY_H
#define TESTS_VIRTIO_TOY_H

#include "tests/unit/virtio/driver.h"

struct toy {
	struct virtio v;
	unsigned kicks, resets, starts, negotiations, config_writes;
	bool busy;
};

/* toy_new() - Plugged into a fresh rig, with two queues of 64. */
struct toy *toy_new(void);
void toy_free(struct toy *t);

#endif
