/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entropy device (virtio 1.2 §5.4): every buffer comes back with random bytes. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/devices.h"
#include "hvcore/vmm/virtio/virtio.h"

enum {
	QUEUE_SIZE = 64,
	CHAIN_MAX = 256,             /* bytes an answer holds; what getrandom() gives at once */
	TURN_MAX = 64,               /* answers before the loop serves others */
	RETRY_NS = 10 * 1000 * 1000, /* while the host's own pool is not ready */
};

struct rng {
	struct virtio v;
	struct loop_timer retry;
};

static void rng_kick(struct virtio *v, struct virtq *q)
{
	struct rng *r = (struct rng *)v;
	uint8_t bytes[CHAIN_MAX];
	unsigned budget = TURN_MAX;
	struct virtq_chain c;

	while (virtq_take(q, &c, &budget)) {
		size_t len = c.in_len < sizeof(bytes) ? c.in_len : sizeof(bytes);

		if (len == 0) {
			virtio_broken(v, "a buffer without room");
			return;
		}
		/* An answer has at least one byte (§5.4.6.1), so it may have to wait. */
		if (getrandom(bytes, len, GRND_NONBLOCK) != (ssize_t)len) {
			virtq_unpop(q, 1);
			loop_host_timer_arm(&r->retry, loop_host_now() + RETRY_NS);
			return;
		}
		virtq_push(q, c.head, virtq_in(&c, 0, bytes, len));
	}
}

static void rng_retry(struct loop_timer *t)
{
	struct rng *r = (struct rng *)((char *)t - offsetof(struct rng, retry));

	virtq_again(&r->v.queue[0]);
}

static void rng_reset(struct virtio *v)
{
	loop_host_timer_cancel(&((struct rng *)v)->retry);
}

static const struct virtio_device_ops rng_ops = {
	.id = 4,
	.class_code = 0x00ff00, /* no class fits */
	.kick = rng_kick,
	.reset = rng_reset,
};

int virtio_rng_create(struct hv_error *err)
{
	struct rng *r = calloc(1, sizeof(*r));

	if (!r)
		return hv_err(err, -ENOMEM, "rng: no memory for the device");
	r->v.ops = &rng_ops;
	r->v.name = "rng0";
	r->v.nqueues = 1;
	r->retry.expired = rng_retry;
	return virtio_add(&r->v, QUEUE_SIZE, err);
}
