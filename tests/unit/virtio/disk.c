/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/virtio/disk.h"

#include <linux/virtio_blk.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct drv d;
struct blk *blk;

void disk_plugged(void)
{
	blk = (struct blk *)rig.device;
	drv_negotiate(rig.device, rig.device->features);
	drv_queue(&d, rig.device, 0, 64, RINGS);
	drv_ok(rig.device);
}

void disk_unplug(void)
{
	struct virtq *q;

	if (!blk)
		return;
	q = blk->v.queue;
	loop_host_timer_cancel(&blk->turn);
	loop_host_timer_cancel(&blk->event);
	loop_del(&q->kick);
	close(q->kick.fd);
	free(q);
	block_close(&blk->block);
	free(blk);
	blk = blk_list = NULL;
	json_decref(rig.event_data);
	rig.event_data = NULL;
}

uint16_t post(unsigned slot, uint32_t type, uint64_t sector, const struct piece *data, unsigned n)
{
	struct virtio_blk_outhdr h = {.type = type, .sector = sector};
	struct piece p[20] = {{HEADER + slot * 16, 16, false}};
	uint8_t unset = 0xee;

	drv_put(HEADER + slot * 16, &h, sizeof(h));
	drv_put(STATUS + slot, &unset, 1);
	if (n)
		memcpy(p + 1, data, n * sizeof(*p));
	p[n + 1] = (struct piece){STATUS + slot, 1, true};
	return drv_add(&d, p, n + 2);
}

bool is_used(void *arg)
{
	return drv_used(&d, ((uint32_t *)arg), ((uint32_t *)arg) + 1);
}

bool answered(uint32_t *id)
{
	uint32_t used[2];

	for (int i = 0; i < RIG_PATIENCE_MS / 50; i++) {
		if (rig_run_until(is_used, used, 50)) {
			*id = used[0];
			return true;
		}
		rig_timers(1000);
	}
	return false;
}

uint8_t request(uint32_t type, uint64_t sector, uint64_t addr, uint32_t len, bool in)
{
	struct piece p = {addr, len, in};
	uint16_t head = post(0, type, sector, &p, len ? 1 : 0);
	uint32_t id;

	drv_kick(&d);
	assert_true(answered(&id));
	assert_int_equal(id, head);
	assert_int_equal(rig_unreported(), -1);
	return *(uint8_t *)drv_at(STATUS);
}

uint8_t range(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes r = {sector, sectors, flags};

	drv_put(DATA, &r, sizeof(r));
	return request(type, 0, DATA, sizeof(r), false);
}
