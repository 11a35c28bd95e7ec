// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk whose errors pause the domain: what failed is kept, tried again, and the guest sees none of it. */
#include <linux/virtio_blk.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/unit/virtio/driver.h"

enum { RINGS = 0x10000, HEADER = 0x20000, STATUS = 0x20800, DATA = 0x40000 };
enum { PART = 4096, PARTS = 16, UNSET = 0xee };

static char image[] = "/var/tmp/keep-test-XXXXXX";
static struct drv d;
static struct blk *blk;
static struct hv_progress page;

/* Part n is filled with n + 1, as far as @parts go: the rest of the disk is lost. */
static void make_image(unsigned parts)
{
	uint8_t part[PART];
	FILE *f = fopen(image, "r+");

	assert_non_null(f);
	for (unsigned i = 0; i < parts; i++) {
		memset(part, (int)i + 1, PART);
		assert_int_equal(fwrite(part, PART, 1, f), 1);
	}
	assert_int_equal(fclose(f), 0);
	assert_int_equal(truncate(image, (off_t)parts * PART), 0);
}

static int setup(void **state)
{
	static struct hv_disk disk = {
		.path = image, .target = (char *)"vda", .pause_on_error = true};
	struct hv_error err;
	int fd;

	strcpy(image + sizeof(image) - 7, "XXXXXX");
	fd = mkstemp(image);
	if (fd < 0)
		return -1;
	close(fd);
	rig_init();
	rig.requests = 0;
	memset(&page, 0, sizeof(page));
	board.progress = &page;
	make_image(PARTS);
	if (virtio_blk_create(&disk, "test", true, false, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	blk = (struct blk *)rig.device;
	drv_negotiate(rig.device, rig.device->features);
	drv_queue(&d, rig.device, 0, 64, RINGS);
	drv_ok(rig.device);
	return 0;
}

static int teardown(void **state)
{
	struct virtq *q = blk->v.queue;

	blk_forget(blk);
	loop_host_timer_cancel(&blk->event);
	loop_del(&q->kick);
	close(q->kick.fd);
	free(q);
	block_close(&blk->block);
	free(blk);
	blk_list = NULL;
	json_decref(rig.event_data);
	rig.event_data = NULL;
	unlink(image);
	return 0;
}

static void settle(void)
{
	do
		rig_run(5);
	while (blk->inflight);
}

/* Each part by a request of its own. */
static void read_all(void)
{
	for (unsigned i = 0; i < PARTS; i++) {
		struct virtio_blk_outhdr h = {.type = VIRTIO_BLK_T_IN, .sector = i * PART / 512};
		const struct piece p[] = {{HEADER + i * 16, 16, false},
					  {DATA + i * PART, PART, true},
					  {STATUS + i, 1, true}};

		drv_put(HEADER + i * 16, &h, sizeof(h));
		drv_put(STATUS + i, &(uint8_t){UNSET}, 1);
		drv_add(&d, p, 3);
	}
	drv_kick(&d);
	settle();
}

static unsigned answered(void)
{
	unsigned n = 0;

	while (drv_used(&d, NULL, NULL))
		n++;
	return n;
}

static void check_parts(unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		assert_int_equal(*(uint8_t *)drv_at(STATUS + i), VIRTIO_BLK_S_OK);
		assert_int_equal(*(uint8_t *)drv_at(DATA + i * PART), i + 1);
		assert_int_equal(*(uint8_t *)drv_at(DATA + i * PART + PART - 1), i + 1);
	}
	assert_int_equal(rig_unreported(), -1);
}

/* The upper half of the disk is lost: 8 are answered, 8 are kept. */
static void lose_half(void)
{
	make_image(PARTS / 2);
	read_all();
	assert_int_equal(answered(), PARTS / 2);
	check_parts(0, PARTS / 2);
	assert_int_equal(blk->nkept, PARTS / 2);
}

static void tried_until_done(void **state)
{
	const char *action = NULL;

	lose_half();
	for (unsigned i = PARTS / 2; i < PARTS; i++)
		assert_int_equal(*(uint8_t *)drv_at(STATUS + i), UNSET);
	assert_true(rig.requests & 1 << BOARD_IO_ERROR);
	assert_int_equal(json_unpack(rig.event_data, "{s:s}", "action", &action), 0);
	assert_string_equal(action, "stop");
	/* They are not in flight: a stop does not wait for them. */
	assert_false(blk->v.device.busy(&blk->v.device));
	assert_int_equal(page.disk[0].in_flight, 0);
	assert_int_equal(virtio_blk_owing_ms(&action), 0);
	assert_int_equal(page.disk[0].errors, PARTS / 2);

	/* Still lost: it is asked with one request, and that it fails again is no news. */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(virtio_blk_retry(), BLK_RETRY_UNDER_WAY);
		assert_int_equal(blk->inflight, 1);
		assert_int_equal(virtio_blk_retry(), BLK_RETRY_UNDER_WAY);
		settle();
		assert_int_equal(virtio_blk_retry(), BLK_RETRY_FAILED);
		rig.now += BLK_RETRY_NS - 1;
		assert_int_equal(virtio_blk_retry(), BLK_RETRY_FAILED);
		assert_int_equal(blk->inflight, 0);
		rig.now += 1;
	}
	assert_int_equal(blk->nkept, PARTS / 2);
	assert_int_equal(page.disk[0].errors, PARTS / 2);
	assert_int_equal(answered(), 0);

	/* It is back: one, then all the others. */
	make_image(PARTS);
	assert_int_equal(virtio_blk_retry(), BLK_RETRY_UNDER_WAY);
	settle();
	assert_int_equal(blk->nkept, PARTS / 2 - 1);
	assert_int_equal(virtio_blk_retry(), BLK_RETRY_UNDER_WAY);
	settle();
	assert_int_equal(virtio_blk_retry(), BLK_RETRY_NOTHING);
	assert_int_equal(answered(), PARTS / 2);
	check_parts(0, PARTS);
	assert_int_equal(page.disk[0].done, PARTS);

	/* Lost once more: the first attempt is one. */
	lose_half();
	assert_int_equal(virtio_blk_retry(), BLK_RETRY_UNDER_WAY);
	assert_int_equal(blk->inflight, 1);
	settle();
}

/* cont: whoever says so need not wait for the next attempt. */
static void resumed_by_hand(void **state)
{
	lose_half();
	blk->v.device.quiesce(&blk->v.device);
	make_image(PARTS);
	blk->v.device.resume(&blk->v.device);
	settle();
	assert_int_equal(answered(), PARTS / 2);
	check_parts(0, PARTS);
	assert_int_equal(virtio_blk_retry(), BLK_RETRY_NOTHING);
}

/* And fails again: the domain is to be paused again. */
static void resumed_too_early(void **state)
{
	lose_half();
	blk->v.device.quiesce(&blk->v.device);
	rig.requests = 0;
	blk->v.device.resume(&blk->v.device);
	settle();
	assert_true(rig.requests & 1 << BOARD_IO_ERROR);
	assert_int_equal(blk->nkept, PARTS / 2);
	assert_int_equal(answered(), 0);
}

/* What is kept will never have been: also what is just being tried again. */
static void forgotten_by_a_reset(void **state)
{
	lose_half();
	assert_int_equal(virtio_blk_retry(), BLK_RETRY_UNDER_WAY);
	assert_int_equal(blk->inflight, 1);
	reg_write(&blk->v, R_STATUS, 1, 0);
	settle();
	assert_int_equal(reg_read(&blk->v, R_STATUS, 1), 0);
	assert_int_equal(blk->nkept, 0);
	assert_int_equal(blk->retrying, 0);
	assert_int_equal(virtio_blk_retry(), BLK_RETRY_NOTHING);
	assert_int_equal(answered(), 0);
	assert_int_equal(rig_unreported(), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(tried_until_done),
		TEST(resumed_by_hand),
		TEST(resumed_too_early),
		TEST(forgotten_by_a_reset),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
