/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The balloon and the entropy device. */
#include <errno.h>
#include <linux/virtio_balloon.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hvcore/vmm/virtio/balloon.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/unit/virtio/driver.h"

enum { RINGS = 0x10000, DATA = 0x40000, PAGES = 0x100000 };

static struct hv_config config;
static struct drv inflate, deflate, stats, reporting;
static struct balloon *b;

/* One device for all tests, started over by each: a domain has one. */
static void start(uint64_t features)
{
	struct virtio *v;

	if (!b) {
		rig_init();
		config.memory = RIG_RAM;
		config.current_memory = RIG_RAM / 2;
		config.balloon_stats_period = 2;
		config.free_page_reporting = true;
		config.balloon_autodeflate = true;
		assert_int_equal(virtio_balloon_create(&config, NULL), 0);
		b = balloon_device;
	}
	rig_init();
	v = &b->v;
	assert_true(drv_negotiate(v, features));
	drv_queue(&inflate, v, 0, 16, RINGS);
	drv_queue(&deflate, v, 1, 16, RINGS + 0x4000);
	drv_queue(&stats, v, 2, 16, RINGS + 0x8000);
	drv_queue(&reporting, v, 3, 16, RINGS + 0xc000);
	drv_ok(v);
	b->event_at = 0;
}

#define ALL (F(VIRTIO_BALLOON_F_STATS_VQ) | F(VIRTIO_BALLOON_F_REPORTING))

static void touch(uint64_t gpa, uint64_t len)
{
	memset(rig.ram.base + gpa, 0x77, len);
	memset(rig.shadow + gpa, 0x77, len);
}

static void target_and_actual(void **state)
{
	uint64_t actual;

	start(ALL);
	/* What it may do unasked is for the driver to know; for us it is a page that comes back. */
	assert_true(b->v.features & F(VIRTIO_BALLOON_F_DEFLATE_ON_OOM));
	assert_int_equal(reg_read(&b->v, R_CONFIG, 4), RIG_RAM / 2 / 4096);
	assert_true(virtio_balloon_actual(&actual));
	assert_int_equal(actual, RIG_RAM);
	reg_write(&b->v, R_CONFIG + 4, 4, 256);
	assert_true(virtio_balloon_actual(&actual));
	assert_int_equal(actual, RIG_RAM - 256 * 4096);
	assert_string_equal(rig.event, "BALLOON_CHANGE");
	assert_int_equal(rig.events, 1);
	/* Steps are spaced; the last one is told. */
	reg_write(&b->v, R_CONFIG + 4, 4, 300);
	reg_write(&b->v, R_CONFIG + 4, 4, 400);
	assert_int_equal(rig.events, 1);
	rig_timers(1000000000);
	assert_int_equal(rig.events, 2);
	assert_int_equal(json_integer_value(json_object_get(rig.event_data, "actual")),
			 RIG_RAM - 400 * 4096);
	/* The target is not the driver's to write. */
	reg_write(&b->v, R_CONFIG, 4, 0);
	assert_int_equal(reg_read(&b->v, R_CONFIG, 4), RIG_RAM / 2 / 4096);
	/* A lie does not go below nothing. */
	reg_write(&b->v, R_CONFIG + 4, 4, 0xffffffff);
	assert_true(virtio_balloon_actual(&actual));
	assert_int_equal(actual, 0);
	/* A guest that starts over has all its memory. */
	start(ALL);
	assert_true(virtio_balloon_actual(&actual));
	assert_int_equal(actual, RIG_RAM);
}

static void setting(void **state)
{
	struct hv_error err;

	start(ALL);
	assert_int_equal(virtio_balloon_set(0, &err), -EINVAL);
	assert_int_equal(virtio_balloon_set(RIG_RAM + 1, &err), -EINVAL);
	assert_int_equal(virtio_balloon_set(RIG_RAM - 8192, &err), 0);
	assert_int_equal(reg_read(&b->v, R_CONFIG, 4), 2);
	assert_int_equal(reg_read(&b->v, R_ISR, 1), 2);
	assert_int_equal(virtio_balloon_set(RIG_RAM / 2, &err), 0);
}

static void inflating_gives_memory_back(void **state)
{
	uint32_t pfn[] = {PAGES / 4096 + 3, PAGES / 4096 + 2, PAGES / 4096 + 7, 0xffffffff,
			  RIG_RAM / 4096};
	struct piece p = {DATA, sizeof(pfn), false};

	start(ALL);
	touch(PAGES, 16 * 4096);
	drv_put(DATA, pfn, sizeof(pfn));
	drv_add(&inflate, &p, 1);
	drv_kick(&inflate);
	assert_true(drv_wait(&inflate, NULL, NULL));
	assert_int_equal(rig.given_back, 3 * 4096);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 2 * 4096), 0);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 3 * 4096 + 4095), 0);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 7 * 4096), 0);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 4 * 4096), 0x77);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 6 * 4096 + 4095), 0x77);
	/* What is not memory is the guest's fault, and the rest is done. */
	assert_int_equal(rig.faults, 2);
	assert_int_equal(rig_unreported(), -1);
	/* Deflating only answers. */
	drv_add(&deflate, &p, 1);
	drv_kick(&deflate);
	assert_true(drv_wait(&deflate, NULL, NULL));
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 4 * 4096), 0x77);
}

static void too_many_at_once(void **state)
{
	struct piece p = {0, RIG_RAM, false};

	start(ALL);
	drv_add(&inflate, &p, 1);
	drv_kick(&inflate);
	rig_run(0);
	assert_true(reg_read(&b->v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static void reported_pages(void **state)
{
	struct piece p[] = {{PAGES + 100, 3 * 4096, true}, {PAGES + 8 * 4096, 4096, true}};

	start(ALL);
	touch(PAGES, 16 * 4096);
	drv_add(&reporting, p, 2);
	drv_kick(&reporting);
	assert_true(drv_wait(&reporting, NULL, NULL));
	/* Whole pages only. */
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 4095), 0x77);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 4096), 0);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 2 * 4096), 0);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 3 * 4096), 0x77);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 8 * 4096), 0);
	assert_int_equal(*(uint8_t *)drv_at(PAGES + 9 * 4096), 0x77);
	assert_int_equal(rig_unreported(), -1);
}

static void statistics(void **state)
{
	struct virtio_balloon_stat s[] = {
		{VIRTIO_BALLOON_S_MEMFREE, 12345}, {99, 1}, {VIRTIO_BALLOON_S_MEMTOT, 99999}};
	struct piece p = {DATA, sizeof(s), false};
	json_t *o;

	start(ALL);
	drv_put(DATA, s, sizeof(s));
	drv_add(&stats, &p, 1);
	drv_kick(&stats);
	rig_run(0);
	/* Kept until the next question. */
	assert_false(drv_used(&stats, NULL, NULL));
	o = virtio_balloon_stats();
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(o, "stats"), "stat-free-memory")),
			 12345);
	assert_int_equal(json_object_size(json_object_get(o, "stats")), 2);
	json_decref(o);
	rig_timers(1999999999);
	assert_false(drv_used(&stats, NULL, NULL));
	rig_timers(1);
	assert_true(drv_used(&stats, NULL, NULL));
	/* The driver is slow: it is not asked twice. */
	rig_timers(2000000000);
	assert_false(drv_used(&stats, NULL, NULL));
	drv_add(&stats, &p, 1);
	drv_kick(&stats);
	rig_run(0);
	assert_int_equal(virtio_balloon_stats_period(0, NULL), 0);
	rig_timers(10000000000);
	assert_false(drv_used(&stats, NULL, NULL));
	assert_int_equal(virtio_balloon_stats_period(2, NULL), 0);
}

static void entropy(void **state)
{
	struct piece p[] = {{DATA, 64, true}, {DATA + 4096, 64, true}};
	struct piece none = {DATA, 64, false};
	static const uint8_t zero[64];
	struct drv d;
	uint32_t len;

	rig_init();
	assert_int_equal(virtio_rng_create(NULL), 0);
	drv_negotiate(rig.device, 0);
	drv_queue(&d, rig.device, 0, 16, RINGS);
	drv_ok(rig.device);
	drv_add(&d, p, 1);
	drv_add(&d, p + 1, 1);
	drv_kick(&d);
	assert_true(drv_wait(&d, NULL, &len));
	assert_int_equal(len, 64);
	assert_true(drv_wait(&d, NULL, &len));
	assert_memory_not_equal(drv_at(DATA), zero, 64);
	assert_memory_not_equal(drv_at(DATA), drv_at(DATA + 4096), 64);
	assert_int_equal(rig_unreported(), -1);
	drv_add(&d, &none, 1);
	drv_kick(&d);
	rig_run(0);
	assert_true(reg_read(rig.device, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static int end(void **state)
{
	json_decref(rig.event_data);
	rig.event_data = NULL;
	return 0;
}

static json_int_t memory_is(const char *key)
{
	json_t *o = virtio_balloon_query();
	json_int_t v = json_integer_value(json_object_get(o, key));

	json_decref(o);
	return v;
}

static void state_is(const char *state)
{
	json_t *o = virtio_balloon_query();

	assert_string_equal(json_string_value(json_object_get(o, "state")), state);
	json_decref(o);
}

/* What is asked, what is reached, and how fast it gets there. */
static void asked_and_reached(void **state)
{
	const unsigned pages = RIG_RAM / 4096;

	start(ALL);
	assert_int_equal(virtio_balloon_set(RIG_RAM, NULL), 0);
	state_is("reached");
	assert_int_equal(memory_is("maximum"), RIG_RAM);
	assert_int_equal(virtio_balloon_set(RIG_RAM / 2, NULL), 0);
	assert_int_equal(memory_is("asked"), RIG_RAM / 2);
	assert_int_equal(memory_is("reached"), RIG_RAM);
	assert_int_equal(memory_is("rate"), 0);
	state_is("moving");
	/* 10 pages every tenth of a second */
	for (unsigned i = 1; i <= 30; i++) {
		rig.now += 100000000;
		reg_write(&b->v, R_CONFIG + 4, 4, 10 * i);
	}
	assert_int_equal(memory_is("rate"), -100 * 4096);
	state_is("moving");
	/* It has met something it cannot give. */
	rig.now += 2500000000;
	assert_int_equal(memory_is("rate"), 0);
	state_is("stalled");
	reg_write(&b->v, R_CONFIG + 4, 4, pages / 2);
	state_is("reached");
	assert_int_equal(virtio_balloon_set(RIG_RAM, NULL), 0);
	rig.now += 1000000000;
	reg_write(&b->v, R_CONFIG + 4, 4, pages / 2 - 256);
	assert_int_equal(memory_is("rate"), 256 * 4096);
	reg_write(&b->v, R_STATUS, 1, 0);
	reg_write(&b->v, R_STATUS, 1, 1);
	state_is("reached"); /* a guest that starts over has all of it */
	assert_int_equal(virtio_balloon_set(RIG_RAM / 2, NULL), 0);
	state_is("no-driver");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_and_actual), cmocka_unit_test(asked_and_reached),
		cmocka_unit_test(setting),           cmocka_unit_test(inflating_gives_memory_back),
		cmocka_unit_test(too_many_at_once),  cmocka_unit_test(reported_pages),
		cmocka_unit_test(statistics),        cmocka_unit_test(entropy),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("balloon and entropy", tests, NULL, end);
}
