// SPDX-License-Identifier: GPL-2.0-or-later
/* A volume behind vhost-user: what a guest may do, what it may not, and what becomes of it when either side ends. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "vhost_front.h"

static struct front f;

static int begin(void **state)
{
	back_new();
	back_start(true);
	front_connect(&f);
	front_begin(&f);
	return 0;
}

static int end(void **state)
{
	front_end(&f);
	back_end();
	return 0;
}

static void fill(uint64_t gpa, uint8_t with, size_t len)
{
	memset(f.mem + gpa, with, len);
}

static bool is_all(uint64_t gpa, uint8_t with, size_t len)
{
	return f.mem[gpa] == with && !memcmp(f.mem + gpa, f.mem + gpa + 1, len - 1);
}

/* ---- what a guest may do ---- */

static void reads_what_it_wrote(void **state)
{
	enum { BACK = 0x500000 };

	for (size_t i = 0; i < 3 << 20; i++)
		f.mem[FRONT_DATA + i] = (uint8_t)(i * 7 + i / 509);
	/* in one piece, longer than a request of the volume */
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, 8, FRONT_DATA, 3 << 20, 1, 0), 0);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_FLUSH, 0, 0, 0, 0, 0), 0);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 8, BACK, 3 << 20 >> 1, 1, 0), 0);
	assert_memory_equal(f.mem + FRONT_DATA, f.mem + BACK, 3 << 20 >> 1);
	/* in pages that are not beside one another, and where no disk would take it */
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 8, BACK, 4096, 16, 8192), 0);
	for (int i = 0; i < 16; i++)
		assert_memory_equal(f.mem + BACK + i * 8192, f.mem + FRONT_DATA + i * 4096, 4096);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 8, BACK + 13, 1024, 33, 1031), 0);
	for (int i = 0; i < 33; i++)
		assert_memory_equal(f.mem + BACK + 13 + i * 1031, f.mem + FRONT_DATA + i * 1024,
				    1024);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, 16384, FRONT_DATA + 1, 512 * 3, 5, 4099),
			 0);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 16384, BACK, 512 * 15, 1, 0), 0);
	for (int i = 0; i < 5; i++)
		assert_memory_equal(f.mem + BACK + i * 1536, f.mem + FRONT_DATA + 1 + i * 4099,
				    1536);
}

static void discards_and_zeroes(void **state)
{
	struct virtio_blk_discard_write_zeroes r = {.sector = 8, .num_sectors = 16};

	fill(FRONT_DATA, 'x', 65536);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, 0, FRONT_DATA, 65536, 1, 0), 0);
	memcpy(f.mem + FRONT_TABLE, &r, sizeof(r));
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_DISCARD, 0, FRONT_TABLE, sizeof(r), 1, 0), 0);
	r = (struct virtio_blk_discard_write_zeroes){.sector = 65, .num_sectors = 3, .flags = 1};
	memcpy(f.mem + FRONT_TABLE, &r, sizeof(r));
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_WRITE_ZEROES, 0, FRONT_TABLE, sizeof(r), 1, 0),
			 0);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 0, FRONT_DATA, 65536, 1, 0), 0);
	assert_true(is_all(FRONT_DATA, 'x', 4096) && is_all(FRONT_DATA + 4096, 0, 8192));
	assert_true(is_all(FRONT_DATA + 12288, 'x', 65 * 512 - 12288));
	assert_true(is_all(FRONT_DATA + 65 * 512, 0, 1536));
	r.flags = 2;
	memcpy(f.mem + FRONT_TABLE, &r, sizeof(r));
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_WRITE_ZEROES, 0, FRONT_TABLE, sizeof(r), 1, 0),
			 VIRTIO_BLK_S_UNSUPP);
}

static void is_told_what_the_device_is(void **state)
{
	struct vhost_wire_config c = {.size = 96};
	struct virtio_blk_config *is = (struct virtio_blk_config *)(void *)c.data;
	uint32_t len = offsetof(struct vhost_wire_config, data) + 96;

	assert_int_equal(front_do(&f, VIRTIO_BLK_T_GET_ID, 0, FRONT_DATA, 20, 1, 0), 0);
	assert_memory_equal(f.mem + FRONT_DATA, "r0\0\0\0", 5);
	front_say(&f, VHOST_GET_CONFIG, 0, &c, len, NULL, 0);
	assert_true(front_hear(&f, VHOST_GET_CONFIG, &c, len, NULL));
	assert_true(is->capacity * 512 >= VOLUME_BYTES && is->seg_max == 126);
	assert_int_equal(is->num_queues, front_ask(&f, VHOST_GET_QUEUE_NUM));
	c.offset = 300;
	front_say(&f, VHOST_GET_CONFIG, 0, &c, len, NULL, 0);
	assert_true(front_hear(&f, VHOST_GET_CONFIG, &c, 0, NULL));
}

static void is_refused_what_is_not_there(void **state)
{
	uint64_t end = (VOLUME_BYTES + (4 << 20)) / 512;

	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, end, FRONT_DATA, 512, 1, 0), 1);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, UINT64_MAX, FRONT_DATA, 512, 1, 0), 1);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, 0, FRONT_DATA, 100, 1, 0), 1);
	assert_int_equal(front_do(&f, 77, 0, FRONT_DATA, 512, 1, 0), VIRTIO_BLK_S_UNSUPP);
	/* and goes on */
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 0, FRONT_DATA, 512, 1, 0), 0);
}

static void puts_its_chain_into_a_table(void **state)
{
	struct vring_desc *table = (struct vring_desc *)(void *)(f.mem + FRONT_TABLE);

	front_chain(&f, 0, VIRTIO_BLK_T_IN, 0, FRONT_DATA, 4096, 3, 4096);
	memcpy(table, front_desc(&f, 0), 5 * sizeof(*table));
	*front_desc(&f, 7) = (struct vring_desc){FRONT_TABLE, 80, VRING_DESC_F_INDIRECT, 0};
	front_offer(&f, 7);
	front_kick(&f);
	assert_int_equal(front_wait(&f), 7);
	assert_int_equal(f.mem[FRONT_STATUS], 0);
}

/* The last of its rings, after the first; it has no records of what is in flight. */
static void has_other_rings(void **state)
{
	struct front second;

	fill(FRONT_DATA, 'q', 8192);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, 0, FRONT_DATA, 4096, 1, 0), 0);
	second = f;
	second.index = VHOST_QUEUES_MAX - 1;
	second.avail = second.used = 0;
	front_stop(&f);
	memset(f.mem + FRONT_AVAIL, 0, 4);
	memset(f.mem + FRONT_USED, 0, 4);
	front_ring(&second, 0);
	assert_int_equal(front_do(&second, VIRTIO_BLK_T_OUT, 8, FRONT_DATA, 4096, 1, 0), 0);
	fill(FRONT_DATA, 0, 8192);
	assert_int_equal(front_do(&second, VIRTIO_BLK_T_IN, 0, FRONT_DATA, 8192, 1, 0), 0);
	assert_true(is_all(FRONT_DATA, 'q', 8192));
	assert_int_equal(front_stop(&second), 2);
}

/* ---- when the back-end is killed ---- */

/* Three writes to one place that were under way, the last of them the first in the ring. */
static void is_begun_again_in_order(void **state)
{
	const uint16_t head[] = {8, 0, 4};

	assert_int_equal(front_do(&f, VIRTIO_BLK_T_FLUSH, 0, 0, 0, 0, 0), 0);
	back_kill();
	for (int i = 0; i < 3; i++) {
		fill(FRONT_DATA + i * 4096, (uint8_t)(i + 1), 4096);
		front_chain(&f, head[i], VIRTIO_BLK_T_OUT, 64, FRONT_DATA + i * 4096, 4096, 1, 0);
		front_offer(&f, head[i]);
		f.seen->record[head[i]].counter = 100 + (uint64_t)i;
		f.seen->record[head[i]].inflight = 1;
	}
	/* and one that nobody has taken yet */
	front_chain(&f, 12, VIRTIO_BLK_T_IN, 64, FRONT_DATA + 0x10000, 4096, 1, 0);
	front_offer(&f, 12);
	front_leave(&f);
	back_start(true);
	front_connect(&f);
	front_begin(&f);
	for (unsigned seen = 0, i = 0; i < 4; i++) {
		seen |= 1U << front_wait(&f);
		assert_true(i < 3 || seen == (1 << 0 | 1 << 4 | 1 << 8 | 1 << 12));
	}
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 64, FRONT_DATA, 4096, 1, 0), 0);
	assert_true(is_all(FRONT_DATA, 3, 4096));
	/* each was answered once */
	assert_int_equal(*(uint16_t *)(void *)(f.mem + FRONT_USED + 2), f.used);
	assert_int_equal(front_stop(&f), f.used);
	assert_int_equal(f.avail, f.used);
}

/* It was killed between the answer and clearing its record. */
static void is_not_done_twice(void **state)
{
	fill(FRONT_DATA, 1, 4096);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, 64, FRONT_DATA, 4096, 1, 0), 0);
	back_kill();
	fill(FRONT_DATA, 2, 4096); /* the guest's again: this is never to be written */
	f.seen->record[0].inflight = 1;
	f.seen->used_idx--;
	front_leave(&f);
	back_start(true);
	front_connect(&f);
	front_begin(&f);
	front_chain(&f, 4, VIRTIO_BLK_T_IN, 64, FRONT_DATA + 8192, 4096, 1, 0);
	front_offer(&f, 4);
	front_kick(&f);
	assert_int_equal(front_wait(&f), 4);
	assert_true(is_all(FRONT_DATA + 8192, 1, 4096));
	assert_int_equal(front_stop(&f), f.used);
}

/* ---- who is let in ---- */

static void one_front_end_at_a_time(void **state)
{
	struct front other = {0};
	uint64_t features;

	front_connect(&other);
	front_say(&other, VHOST_GET_FEATURES, 0, NULL, 0, NULL, 0);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_FLUSH, 0, 0, 0, 0, 0), 0);
	front_leave(&f);
	/* it was waiting */
	assert_true(front_hear(&other, VHOST_GET_FEATURES, &features, 8, NULL));
	front_end(&other);
	front_connect(&f);
	assert_int_equal(front_ask(&f, VHOST_GET_FEATURES), features);
}

static void nobody_while_it_is_not_primary(void **state)
{
	back_kill();
	front_leave(&f);
	back_start(false);
	front_connect(&f);
	assert_true(front_is_hung_up(&f));
}

/* ---- rings that are wrong ---- */

static void head_that_is_none(void)
{
	front_offer(&f, FRONT_RING);
}

static void outside_of_memory(void)
{
	front_desc(&f, 1)->addr = FRONT_MEMORY - 100;
	front_offer(&f, 0);
}

static void around_the_end_of_addresses(void)
{
	front_desc(&f, 1)->addr = UINT64_MAX - 100;
	front_offer(&f, 0);
}

static void without_an_end(void)
{
	front_desc(&f, 2)->flags |= VRING_DESC_F_NEXT;
	front_desc(&f, 2)->next = 2;
	front_offer(&f, 0);
}

static void out_of_the_table(void)
{
	front_desc(&f, 0)->next = 60000;
	front_offer(&f, 0);
}

static void read_after_written(void)
{
	front_desc(&f, 1)->flags |= VRING_DESC_F_WRITE;
	front_desc(&f, 2)->flags = 0;
	front_offer(&f, 0);
}

static void no_status(void)
{
	front_desc(&f, 1)->flags = 0;
	front_offer(&f, 0);
}

static void no_header(void)
{
	front_desc(&f, 0)->len = 15;
	front_desc(&f, 0)->flags = 0;
	front_offer(&f, 0);
}

static void indirect(uint64_t at, uint32_t len, uint16_t flags)
{
	memcpy(f.mem + FRONT_TABLE, front_desc(&f, 0), 64);
	*front_desc(&f, 9) = (struct vring_desc){at, len, VRING_DESC_F_INDIRECT | flags, 0};
	front_offer(&f, 9);
}

static void table_of_half_a_descriptor(void)
{
	indirect(FRONT_TABLE, 40, 0);
}

static void table_that_is_not_there(void)
{
	indirect(FRONT_MEMORY - 16, 48, 0);
}

static void table_that_is_too_long(void)
{
	indirect(FRONT_TABLE, 16 * 1025, 0);
}

static void table_and_more(void)
{
	indirect(FRONT_TABLE, 48, VRING_DESC_F_NEXT);
}

static void table_in_a_table(void)
{
	*front_desc(&f, 1) = (struct vring_desc){FRONT_TABLE, 48, VRING_DESC_F_INDIRECT, 0};
	indirect(FRONT_TABLE, 48, 0);
}

static void more_than_the_ring_has(void)
{
	f.avail += FRONT_RING;
	front_offer(&f, 0);
	f.avail -= FRONT_RING;
}

static void (*const wrongs[])(void) = {
	head_that_is_none,
	outside_of_memory,
	around_the_end_of_addresses,
	without_an_end,
	out_of_the_table,
	read_after_written,
	no_status,
	no_header,
	table_of_half_a_descriptor,
	table_that_is_not_there,
	table_that_is_too_long,
	table_and_more,
	table_in_a_table,
	more_than_the_ring_has,
};

static void a_wrong_ring_is_stopped_and_no_more(void **state)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		front_chain(&f, 0, VIRTIO_BLK_T_OUT, 0, FRONT_DATA, 512, 1, 0);
		wrongs[i]();
		front_kick(&f);
		if (!front_is_stopped(&f))
			fail_msg("ring %zu goes on", i);
		front_stop(&f);
		/* the driver resets it; nothing of before is left */
		f.avail = f.used = 0;
		memset(f.mem + FRONT_AVAIL, 0, 4);
		memset(f.mem + FRONT_USED, 0, 4);
		memset(f.seen, 0, vhost_records_size(FRONT_RING));
		front_ring(&f, 0);
		assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 0, FRONT_DATA, 512, 1, 0), 0);
	}
	assert_true(back_lives());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_what_it_wrote, begin, end),
		cmocka_unit_test_setup_teardown(discards_and_zeroes, begin, end),
		cmocka_unit_test_setup_teardown(is_told_what_the_device_is, begin, end),
		cmocka_unit_test_setup_teardown(is_refused_what_is_not_there, begin, end),
		cmocka_unit_test_setup_teardown(puts_its_chain_into_a_table, begin, end),
		cmocka_unit_test_setup_teardown(has_other_rings, begin, end),
		cmocka_unit_test_setup_teardown(is_begun_again_in_order, begin, end),
		cmocka_unit_test_setup_teardown(is_not_done_twice, begin, end),
		cmocka_unit_test_setup_teardown(one_front_end_at_a_time, begin, end),
		cmocka_unit_test_setup_teardown(nobody_while_it_is_not_primary, begin, end),
		cmocka_unit_test_setup_teardown(a_wrong_ring_is_stopped_and_no_more, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("vhost", tests, NULL, NULL);
}
