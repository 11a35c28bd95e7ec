// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory, clock, timers and the loop. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hvcore/vmm/ram.h"
#include "hvcore/vmm/timers.h"
#include "rig.h"

static uint64_t told_gpa, told_len;

static void told(void *opaque, uint64_t gpa, uint64_t len)
{
	told_gpa = gpa;
	told_len = len;
}

static void ram_has_its_hole(void **state)
{
	uint64_t size = 4ULL << 30, low = 3ULL << 30;
	struct hv_error err;
	struct ram r;

	assert_int_equal(ram_create(&r, size, &err), 0);
	assert_int_equal(r.low, low);
	assert_int_equal(r.high, size - low);
	assert_non_null(ram_ptr(&r, 0, low));
	assert_null(ram_ptr(&r, 0, low + 1));
	assert_null(ram_ptr(&r, low - 1, 2));
	assert_null(ram_ptr(&r, low, 1));
	assert_null(ram_ptr(&r, RAM_HIGH_BASE - 1, 1));
	assert_non_null(ram_ptr(&r, RAM_HIGH_BASE, size - low));
	assert_null(ram_ptr(&r, RAM_HIGH_BASE, size - low + 1));
	assert_null(ram_ptr(&r, RAM_HIGH_BASE + size - low, 1));
	assert_null(ram_ptr(&r, 16, ~0ULL));
	assert_null(ram_ptr(&r, ~0ULL, 2));
	/* The two parts are one file. */
	*(uint8_t *)ram_ptr(&r, RAM_HIGH_BASE, 1) = 42;
	uint8_t byte = 0;

	assert_int_equal(pread(r.memfd, &byte, 1, (off_t)ram_offset(&r, RAM_HIGH_BASE)), 1);
	assert_int_equal(byte, 42);
	ram_destroy(&r);
}

static void discarded_pages_are_zero_and_gone(void **state)
{
	struct hv_error err;
	struct ram r;

	assert_int_equal(ram_create(&r, 1 << 20, &err), 0);
	r.written = told;
	memset(r.base, 0xaa, 1 << 20);
	assert_int_equal(ram_discard(&r, 0x3000, 0x2000), 0);
	assert_int_equal(told_gpa, 0x3000);
	assert_int_equal(told_len, 0x2000);
	assert_int_equal(r.base[0x2fff], 0xaa);
	assert_int_equal(lseek(r.memfd, 0, SEEK_HOLE), 0x3000);
	assert_int_equal(r.base[0x3000], 0);
	assert_int_equal(r.base[0x4fff], 0);
	assert_int_equal(r.base[0x5000], 0xaa);
	assert_int_equal(ram_discard(&r, 0x3001, 0x1000), -EINVAL);
	assert_int_equal(ram_discard(&r, 0xff000, 0x2000), -EINVAL);
	assert_int_equal(ram_discard(&r, ~0xfffULL, 0x2000), -EINVAL);
	ram_destroy(&r);
}

static void huge_pages_are_tried_a_few_times_and_never_over_a_hole(void **state)
{
	struct hv_error err;
	unsigned n = 0;
	struct ram r;
	void *at;

	assert_int_equal(ram_create(&r, 7 << 20, &err), 0);
	assert_int_equal((uintptr_t)r.base % RAM_HUGE, 0);
	assert_ptr_equal(ram_huge_begin(&r, 0x3ff000), r.base + RAM_HUGE);
	/* What the last MiB would share with the page behind it is not ours. */
	assert_null(ram_huge_begin(&r, 6 << 20));
	assert_null(ram_huge_begin(&r, 1ULL << 40));
	while ((at = ram_huge_begin(&r, 0)) && n++ < 100)
		ram_huge_end(&r, at, -EAGAIN);
	assert_in_range(n, 2, 20);
	ram_huge_end(&r, ram_huge_begin(&r, RAM_HUGE), 0);
	assert_null(ram_huge_begin(&r, RAM_HUGE));
	assert_non_null(ram_huge_begin(&r, 2 * RAM_HUGE));
	assert_int_equal(ram_discard(&r, 5 << 20, RAM_PAGE), 0);
	assert_null(ram_huge_begin(&r, 2 * RAM_HUGE));
	ram_destroy(&r);
}

static void clock_stands_runs_and_is_set(void **state)
{
	struct clock c;
	uint64_t t;

	clock_init(&c, false);
	assert_int_equal(clock_now(&c), 0);
	assert_int_equal(clock_host_deadline(&c, 5), UINT64_MAX);
	clock_continue(&c);
	usleep(2000);
	t = clock_now(&c);
	assert_true(t >= 2000000);
	clock_stop(&c);
	t = clock_now(&c);
	usleep(2000);
	assert_int_equal(clock_now(&c), t);
	clock_set(&c, 1000000000000ULL);
	assert_int_equal(clock_now(&c), 1000000000000ULL);
	clock_continue(&c);
	assert_true(clock_now(&c) >= 1000000000000ULL);
	assert_true(clock_host_deadline(&c, clock_now(&c) + 1000000) > 0);
	assert_int_equal(clock_host_deadline(&c, UINT64_MAX), UINT64_MAX);
}

enum { N = 200 };
static struct loop_timer many[N];

/* Armed, moved and cancelled at random, they come out in order. */
static void heap_keeps_its_order(void **state)
{
	struct timers h = {.n = 0};
	uint32_t seed = 1;
	unsigned cancelled = 0, popped = 0;
	uint64_t last = 0;
	struct loop_timer *t;

	memset(many, 0, sizeof(many));
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < N; i++) {
			seed = seed * 1103515245 + 12345;
			timers_arm(&h, &many[i], seed >> 8);
		}
	assert_int_equal(h.n, N);
	for (unsigned i = 0; i < N; i += 3, cancelled++)
		timers_cancel(&h, &many[i]);
	timers_cancel(&h, &many[0]); /* again: nothing */
	while ((t = timers_pop(&h, UINT64_MAX - 1))) {
		assert_true(t->deadline >= last);
		assert_int_equal(t->slot, 0);
		last = t->deadline;
		popped++;
	}
	assert_int_equal(popped, N - cancelled);
}

static unsigned fired;
static struct loop_timer mine;

static void again(struct loop_timer *t)
{
	fired++;
	loop_timer_arm(t, 0); /* for the past */
}

static void timer_for_the_past_does_not_hold_the_loop(void **state)
{
	fired = 0;
	mine = (struct loop_timer){.expired = again};
	loop_timer_arm(&mine, 0);
	loop_run_timers();
	assert_int_equal(fired, 1);
	loop_timer_cancel(&mine);
	loop_run_timers();
	assert_int_equal(fired, 1);
}

static struct loop_fd first, second;

static void other_goes(struct loop_fd *w, uint32_t events)
{
	fired++;
	loop_del(w == &first ? &second : &first);
	loop_quit();
}

/* Both are ready in one batch; the one handled first removes the other. */
static void removed_descriptor_is_not_called(void **state)
{
	fired = 0;
	first = (struct loop_fd){.fd = eventfd(1, 0), .ready = other_goes};
	second = (struct loop_fd){.fd = eventfd(1, 0), .ready = other_goes};
	assert_int_equal(loop_add(&first, EPOLLIN), 0);
	assert_int_equal(loop_add(&second, EPOLLIN), 0);
	assert_int_equal(loop_run(), 0);
	assert_int_equal(fired, 1);
	close(first.fd);
	close(second.fd);
}

static uint64_t byte_reads;

static uint64_t count_bytes(void *dev, uint64_t off, unsigned size)
{
	byte_reads += size == 1;
	return off;
}

static void ignore(void *dev, uint64_t off, unsigned size, uint64_t value)
{
}

static void accesses_are_split_at_edges(void **state)
{
	static const struct region_ops bytes = {count_bytes, ignore, true};

	byte_reads = 0;
	assert_int_equal(board_add_io(0x100, 4, &bytes, NULL, "a"), 0);
	assert_int_equal(board_add_io(0x103, 1, &bytes, NULL, "b"), -EBUSY);
	assert_int_equal(board_add_io(0xfffe, 4, &bytes, NULL, "b"), -EINVAL);
	assert_int_equal(in32(0x100), 0x03020100);
	assert_int_equal(byte_reads, 4);
	assert_int_equal(in32(0x102), 0xffff0302); /* half of it is nobody's */
	assert_int_equal(in16(0xffff), 0xffff);
	assert_int_equal(board_add_mmio(0xd0000000, 16, &bytes, NULL, "c"), 0);
	assert_int_equal(board_add_mmio(0xd000000f, 16, &bytes, NULL, "d"), -EBUSY);
	assert_int_equal(board_add_mmio(~0ULL - 3, 16, &bytes, NULL, "d"), -EINVAL);
	assert_int_equal(board_mmio_read(NULL, 0xd000000c, 8), 0xffffffff0f0e0d0cULL);
	assert_int_equal(board_mmio_read(NULL, ~0ULL, 8), ~0ULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ram_has_its_hole),
		T(discarded_pages_are_zero_and_gone),
		T(huge_pages_are_tried_a_few_times_and_never_over_a_hole),
		T(clock_stands_runs_and_is_set),
		T(heap_keeps_its_order),
		T(timer_for_the_past_does_not_hold_the_loop),
		T(removed_descriptor_is_not_called),
		T(accesses_are_split_at_edges),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
