// SPDX-License-Identifier: GPL-2.0-or-later
/* The judgement, on histories written out by hand: each names what must be found in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "history.h"

enum { A, B, INO = 7 };

/* A small history: two openings of one image, on two hosts, and some operations. */
struct scene {
	struct opening opening[2];
	struct op op[4];
	size_t nops;
	struct ack ack;
	size_t nacks;
};

static const char host1[] = "node1", host2[] = "node2", boot1[] = "b1", boot2[] = "b2";

static struct opening opening(int who, uint64_t opened, uint64_t closed)
{
	return (struct opening){.node = who == A ? host1 : host2,
				.boot = who == A ? boot1 : boot2,
				.path = "/disk",
				.label = who == A ? "A" : "B",
				.pid = (uint64_t)who + 1,
				.start = 1,
				.ino = INO,
				.writable = true,
				.opened = opened,
				.closed = closed};
}

static struct op write_op(int who, uint64_t off, uint64_t submitted, uint64_t completed)
{
	return (struct op){.opening = (size_t)who,
			   .off = off,
			   .len = RECORD_SIZE,
			   .submitted = submitted,
			   .completed = completed,
			   .rc = RECORD_SIZE};
}

static struct op flush_op(int who, uint64_t submitted, uint64_t completed, uint64_t destaged)
{
	return (struct op){.opening = (size_t)who,
			   .flush = true,
			   .submitted = submitted,
			   .completed = completed,
			   .destaged = destaged};
}

/* Counts per opening, as the reader makes them. */
static struct history history_of(struct scene *s)
{
	for (size_t i = 0; i < s->nops; i++) {
		if (s->op[i].flush)
			s->opening[s->op[i].opening].flushes++;
		else
			s->opening[s->op[i].opening].writes++;
	}
	return (struct history){.opening = s->opening,
				.nopenings = 2,
				.op = s->op,
				.nops = s->nops,
				.ack = &s->ack,
				.nacks = s->nacks};
}

static size_t writers(struct scene *s)
{
	struct history h = history_of(s);
	FILE *null = fopen("/dev/null", "we");
	size_t n = check_writers(&h, null);

	fclose(null);
	return n;
}

static void one_after_the_other(void **state)
{
	struct scene s = {
		{opening(A, 10, 30), opening(B, 40, NEVER)},
		{write_op(A, 4096, 15, 20), flush_op(A, 21, 25, 4096), write_op(B, 8192, 45, 50)},
		3};

	assert_int_equal(writers(&s), 0);
}

static void a_write_after_the_successor_opened(void **state)
{
	struct scene s = {
		{opening(A, 10, NEVER), opening(B, 40, NEVER)}, {write_op(A, 4096, 35, 41)}, 1};

	assert_int_equal(writers(&s), 1);
}

static void a_late_flush_brings_old_data(void **state)
{
	struct scene s = {{opening(A, 10, NEVER), opening(B, 40, NEVER)},
			  {write_op(A, 4096, 15, 20), flush_op(A, 41, 45, 4096)},
			  2};

	assert_int_equal(writers(&s), 1);
	s.op[1].destaged = 0;
	assert_int_equal(writers(&s), 0);
}

static void a_power_cut_ends_a_write(void **state)
{
	struct scene s = {{opening(A, 10, NEVER), opening(B, 40, NEVER)},
			  {write_op(A, 4096, 35, NEVER), write_op(B, 4096, 45, 50)},
			  2};

	assert_int_equal(writers(&s), 0);
}

static void a_refused_opening_is_no_writer(void **state)
{
	struct scene s = {
		{opening(A, 10, NEVER), opening(B, 40, 41)}, {write_op(A, 4096, 50, 55)}, 1};

	assert_int_equal(writers(&s), 0);
	s.opening[B].closed = NEVER;
	assert_int_equal(writers(&s), 1);
}

static void a_failed_write_has_no_effect(void **state)
{
	struct scene s = {
		{opening(A, 10, NEVER), opening(B, 40, NEVER)}, {write_op(A, 4096, 50, 55)}, 1};

	s.op[0].rc = -5;
	assert_int_equal(writers(&s), 0);
}

static void other_images_do_not_matter(void **state)
{
	struct scene s = {
		{opening(A, 10, NEVER), opening(B, 40, NEVER)}, {write_op(A, 4096, 50, 55)}, 1};

	s.opening[B].ino = INO + 1;
	assert_int_equal(writers(&s), 0);
}

static void a_lockspace_is_everybodys(void **state)
{
	struct scene s = {
		{opening(A, 10, NEVER), opening(B, 40, NEVER)}, {write_op(A, 4096, 50, 55)}, 1};
	struct history h = history_of(&s);

	FILE *null = fopen("/dev/null", "we");

	h.shared = "/leases";
	assert_int_equal(check_writers(&h, null), 1);
	h.shared = "/disk";
	assert_int_equal(check_writers(&h, null), 0);
	fclose(null);
}

static void one_process_may_open_twice(void **state)
{
	struct scene s = {
		{opening(A, 10, NEVER), opening(A, 40, NEVER)}, {write_op(A, 4096, 50, 55)}, 1};

	assert_int_equal(writers(&s), 0);
	s.opening[1].start = 2; /* the id was used again by another */
	assert_int_equal(writers(&s), 1);
}

/* An image whose block 1 holds record @number of boot @boot. */
static struct image image_with(unsigned number, const char *boot)
{
	struct image im = {.ino = INO, .size = 4UL * RECORD_SIZE};
	char path[] = "/tmp/history-XXXXXX", block[RECORD_SIZE] = "";

	im.fd = mkstemp(path);
	assert_true(im.fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(im.fd, (off_t)im.size), 0);
	snprintf(block, sizeof(block), "taiki-record %u %s\n", number, boot);
	assert_int_equal(pwrite(im.fd, block, sizeof(block), RECORD_SIZE), sizeof(block));
	return im;
}

static size_t image_violations(struct scene *s, const char *held)
{
	struct history h = history_of(s);
	struct image im = image_with(1, held);
	FILE *null = fopen("/dev/null", "we");
	size_t n = check_image(&h, &im, null);

	fclose(null);
	close(im.fd);
	return n;
}

static struct scene acked(void)
{
	return (struct scene){{opening(A, 10, NEVER), opening(B, 100, NEVER)},
			      {write_op(A, RECORD_SIZE, 15, 20), flush_op(A, 21, 25, RECORD_SIZE)},
			      2,
			      {.when = 30, .number = 1, .boot = "boot"},
			      1};
}

static void an_acknowledged_record_is_there(void **state)
{
	struct scene s = acked();

	assert_int_equal(image_violations(&s, "boot"), 0);
}

static void what_the_other_side_flushed_counts(void **state)
{
	struct scene s = acked();
	struct history h;
	struct image im = image_with(1, "boot");
	FILE *null = fopen("/dev/null", "we");

	s.opening[0].ino = INO + 1;
	h = history_of(&s);
	assert_int_equal(check_image(&h, &im, null), 1);
	im.mirror = INO + 1;
	assert_int_equal(check_image(&h, &im, null), 0);
	im.mirror = INO + 2;
	assert_int_equal(check_image(&h, &im, null), 1);
	fclose(null);
	close(im.fd);
}

static void an_acknowledged_record_is_lost(void **state)
{
	struct scene s = acked();

	assert_int_equal(image_violations(&s, "other-boot"), 1);
}

static void a_disk_behind_a_partition_table(void **state)
{
	struct scene s = acked();
	struct image im = image_with(0, "boot");
	FILE *null = fopen("/dev/null", "we");
	struct history h;

	s.ack.number = 0;
	h = history_of(&s);
	assert_int_equal(check_image(&h, &im, null), 2); /* neither held nor written */
	im.at = RECORD_SIZE;
	assert_int_equal(check_image(&h, &im, null), 0);
	fclose(null);
	close(im.fd);
}

static void acknowledged_before_the_flush(void **state)
{
	struct scene s = acked();

	s.op[1].completed = 31;
	assert_int_equal(image_violations(&s, "boot"), 1);
	s = acked();
	s.nops = 1; /* the flush was skipped */
	assert_int_equal(image_violations(&s, "boot"), 1);
	s.op[0].destaged = RECORD_SIZE; /* but an O_DSYNC write needs none */
	assert_int_equal(image_violations(&s, "boot"), 0);
}

static void a_flush_before_the_write_is_not_its(void **state)
{
	struct scene s = acked();

	s.op[1] = s.op[0];
	s.op[0] = flush_op(A, 11, 14, 0);
	assert_int_equal(image_violations(&s, "boot"), 1);
}

static void another_hosts_flush_is_not_its(void **state)
{
	struct scene s = acked();

	s.op[1].opening = B;
	assert_int_equal(image_violations(&s, "boot"), 1);
}

static void a_flushed_write_is_altered(void **state)
{
	struct scene s = acked();
	char block[RECORD_SIZE] = "taiki-record 1 boot\n";

	s.nacks = 0;
	s.op[0].hash = history_hash(block, sizeof(block));
	assert_int_equal(image_violations(&s, "boot"), 0);
	assert_int_equal(image_violations(&s, "toob"), 1);
	s.op[2] = write_op(B, RECORD_SIZE, 110, 120); /* written over: nothing can be said */
	s.nops = 3;
	assert_int_equal(image_violations(&s, "toob"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(a_write_after_the_successor_opened),
		cmocka_unit_test(a_late_flush_brings_old_data),
		cmocka_unit_test(a_power_cut_ends_a_write),
		cmocka_unit_test(a_refused_opening_is_no_writer),
		cmocka_unit_test(a_failed_write_has_no_effect),
		cmocka_unit_test(other_images_do_not_matter),
		cmocka_unit_test(a_lockspace_is_everybodys),
		cmocka_unit_test(one_process_may_open_twice),
		cmocka_unit_test(an_acknowledged_record_is_there),
		cmocka_unit_test(what_the_other_side_flushed_counts),
		cmocka_unit_test(an_acknowledged_record_is_lost),
		cmocka_unit_test(a_disk_behind_a_partition_table),
		cmocka_unit_test(acknowledged_before_the_flush),
		cmocka_unit_test(a_flush_before_the_write_is_not_its),
		cmocka_unit_test(another_hosts_flush_is_not_its),
		cmocka_unit_test(a_flushed_write_is_altered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
