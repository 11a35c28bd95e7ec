/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The buckets of rate limits, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hvcore/vmm/virtio/throttle.h"

#define S 1000000000ULL

static struct throttle t;
static uint64_t now;

static void fresh(const struct hv_limits *l)
{
	memset(&t, 0, sizeof(t));
	now = 1000 * S;
	throttle_set(&t, l, now);
}

/* As many things of @bytes as may pass in @time, one after the other without a pause. */
static uint64_t flood(enum throttle_way way, uint64_t bytes, uint64_t time)
{
	uint64_t end = now + time, n = 0;

	for (;;) {
		uint64_t at = throttle_wait(&t, way, now);

		assert_true(at >= now);
		if (at >= end)
			break;
		now = at;
		/* Who was told a time may pass at that time. */
		assert_int_equal(throttle_wait(&t, way, now), now);
		throttle_take(&t, way, bytes, now);
		n++;
	}
	now = end;
	return n;
}

static void nothing_is_limited(void **state)
{
	fresh(&(struct hv_limits){0});
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(throttle_wait(&t, THROTTLE_READ, now), now);
		throttle_take(&t, THROTTLE_READ, UINT64_MAX, now);
	}
}

/* rate × t + burst + the last one; and no less than that without the last one. */
static void the_cap_is_never_passed(void **state)
{
	static const struct {
		uint64_t rate, size;
	} row[] = {{1000, 1}, {1000, 512},     {1 << 20, 4096}, {10 << 20, 65536},
		   {3, 1},    {4096, 1 << 20}, {7777777, 1500}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct hv_limits l = {.rate[HV_BPS].avg = row[i].rate};
		uint64_t burst = hv_rate_burst(&l.rate[HV_BPS]), most = row[i].rate * 3 + burst;
		uint64_t had;

		fresh(&l);
		had = flood(THROTTLE_READ, row[i].size, 3 * S) * row[i].size;
		assert_true(had <= most + row[i].size);
		assert_true(had + row[i].size >= most);
	}
}

static void a_long_silence_saves_no_more_than_the_burst(void **state)
{
	fresh(&(struct hv_limits){.rate[HV_IOPS] = {.avg = 100, .burst = 30}});
	now += 1000000 * S;
	assert_in_range(flood(THROTTLE_WRITE, 0, 1), 30, 31);
	now += S / 10; /* ten more */
	assert_in_range(flood(THROTTLE_WRITE, 0, 1), 9, 11);
}

/* A burst's own maximum, and the average afterwards. */
static void bursts(void **state)
{
	fresh(&(struct hv_limits){.rate[HV_IOPS] = {.avg = 100, .max = 1000, .burst = 5000}});
	assert_in_range(flood(THROTTLE_READ, 0, S), 1000, 1101);
	assert_in_range(flood(THROTTLE_READ, 0, S), 999, 1001);
	flood(THROTTLE_READ, 0, 10 * S);
	assert_in_range(flood(THROTTLE_READ, 0, 10 * S), 999, 1001);
}

static void directions(void **state)
{
	struct hv_limits l = {.rate[HV_IOPS_RD].avg = 10, .rate[HV_BPS_WR].avg = 1000};

	fresh(&l);
	assert_in_range(flood(THROTTLE_READ, 1 << 20, S), 10, 12);
	assert_int_equal(throttle_wait(&t, THROTTLE_WRITE, now), now);
	assert_in_range(flood(THROTTLE_WRITE, 10, S), 109, 111);
	/* A total is one for both. */
	fresh(&(struct hv_limits){.rate[HV_IOPS].avg = 10});
	flood(THROTTLE_READ, 0, S / 100);
	assert_true(throttle_wait(&t, THROTTLE_WRITE, now) > now);
}

static void the_tighter_of_two_limits(void **state)
{
	fresh(&(struct hv_limits){.rate[HV_IOPS].avg = 1000, .rate[HV_BPS].avg = 50000});
	assert_in_range(flood(THROTTLE_READ, 4096, 10 * S), 122, 125);
	fresh(&(struct hv_limits){.rate[HV_IOPS].avg = 10, .rate[HV_BPS].avg = 50000000});
	assert_in_range(flood(THROTTLE_READ, 4096, 10 * S), 101, 102);
}

static void long_requests_are_several(void **state)
{
	fresh(&(struct hv_limits){.rate[HV_IOPS].avg = 100, .iops_size = 4096});
	assert_in_range(flood(THROTTLE_READ, 16384, 10 * S), 252, 254);
	fresh(&(struct hv_limits){.rate[HV_IOPS].avg = 100, .iops_size = 4096});
	assert_in_range(flood(THROTTLE_READ, 4095, 10 * S), 1010, 1011);
}

/* A change is in force at once, whatever is owed; what a bucket holds is not refilled by it. */
static void changes(void **state)
{
	struct hv_limits slow = {.rate[HV_BPS].avg = 1}, fast = {.rate[HV_BPS].avg = 1000};

	fresh(&slow);
	throttle_take(&t, THROTTLE_READ, 1 << 20, now);
	assert_true(throttle_wait(&t, THROTTLE_READ, now) > now + 1000000 * S);
	throttle_set(&t, &fast, now);
	assert_in_range(throttle_wait(&t, THROTTLE_READ, now), now, now + 1);
	flood(THROTTLE_READ, 1, S);
	for (unsigned i = 0; i < 100; i++) {
		throttle_set(&t, &fast, now);
		assert_true(flood(THROTTLE_READ, 1, 1000) <= 2);
	}
	throttle_set(&t, &(struct hv_limits){0}, now);
	assert_int_equal(throttle_wait(&t, THROTTLE_READ, now), now);
	throttle_set(&t, &slow, now);
	assert_int_equal(throttle_wait(&t, THROTTLE_READ, now), now);
}

/* The ends of the numbers: nothing wraps, no wait is in the past, time moves on. */
static void extremes(void **state)
{
	static const uint64_t v[] = {1, 2, 999, S, S + 1, HV_RATE_MAX};
	const size_t n = sizeof(v) / sizeof(v[0]);

	for (size_t i = 0; i < n * n * n; i++) {
		struct hv_rate r = {.avg = v[i % n], .burst = v[i / n % n]};
		struct hv_limits l = {.rate[HV_BPS] = r, .rate[HV_IOPS] = {v[i / n / n], 0, 1}};

		fresh(&l);
		for (unsigned k = 0; k < 50; k++) {
			uint64_t at = throttle_wait(&t, k % 2, now);

			assert_true(at >= now && at < UINT64_MAX / 2);
			/* Who waits for years, waits in vain: the clock stays where clocks are. */
			if (at < now + 1000000 * S)
				now = at;
			throttle_take(&t, k % 2, k % 3 ? UINT64_MAX : k, now);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_limited),
		cmocka_unit_test(the_cap_is_never_passed),
		cmocka_unit_test(a_long_silence_saves_no_more_than_the_burst),
		cmocka_unit_test(bursts),
		cmocka_unit_test(directions),
		cmocka_unit_test(the_tighter_of_two_limits),
		cmocka_unit_test(long_requests_are_several),
		cmocka_unit_test(changes),
		cmocka_unit_test(extremes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rate limits", tests, NULL, NULL);
}
