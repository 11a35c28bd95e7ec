// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a door lets in: requests that are well-formed, not too many of them, each once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "fencing/door_address.h"
#include "fencing/door_policy.h"
#include "fencing/door_replay.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HOUR     INT64_C(3600000)

static struct fence_request request(unsigned number, unsigned op, const char *target)
{
	struct fence_request r = {.op = (uint16_t)op, .timeout_ms = 20000};

	r.id[0] = (uint8_t)(number >> 8 | 0x80);
	r.id[15] = (uint8_t)number;
	snprintf(r.target, sizeof(r.target), "%s", target);
	return r;
}

static void test_validity(void **state)
{
	static const struct {
		unsigned op, timeout_ms;
		const char *target, *wrong;
	} cases[] = {
		{FENCE_OP_OFF, 20000, "db2", NULL},
		{FENCE_OP_ON, 100, "db2", NULL},
		{FENCE_OP_REBOOT, 3600000, "a.b_c-9", NULL},
		{FENCE_OP_STATUS, 20000, "db2", NULL},
		{FENCE_OP_LIST, 20000, "", NULL},
		{FENCE_OP_MONITOR, 20000, "", NULL},
		{0, 20000, "db2", "operation"},
		{7, 20000, "db2", "operation"},
		{65535, 20000, "", "operation"},
		{FENCE_OP_OFF, 99, "db2", "timeout"},
		{FENCE_OP_OFF, 0, "db2", "timeout"},
		{FENCE_OP_OFF, 3600001, "db2", "timeout"},
		{FENCE_OP_OFF, 0xffffffff, "db2", "timeout"},
		{FENCE_OP_OFF, 20000, "", "name"},
		{FENCE_OP_STATUS, 20000, "../db2", "name"},
		{FENCE_OP_STATUS, 20000, ".", "name"},
		{FENCE_OP_ON, 20000, "a b", "name"},
		{FENCE_OP_ON, 20000, "a\nb", "name"},
		{FENCE_OP_LIST, 20000, "db2", "no target"},
		{FENCE_OP_MONITOR, 20000, "db2", "no target"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fence_request r = request(1, cases[i].op, cases[i].target);
		const char *wrong;

		r.timeout_ms = cases[i].timeout_ms;
		wrong = policy_malformed(&r);
		if (!cases[i].wrong)
			assert_null(wrong);
		else
			assert_non_null(wrong && strstr(wrong, cases[i].wrong) ? wrong : NULL);
		memset(r.id, 0, sizeof(r.id));
		assert_non_null(policy_malformed(&r));
	}
}

static void test_what_changes_power(void **state)
{
	static const bool power[] = {false, true, true, true, false, false, false, false};

	for (unsigned op = 0; op < COUNT(power); op++)
		assert_int_equal(policy_changes_power(op), power[op]);
	assert_false(policy_changes_power(65535));
}

/* Steps in time, and how many may be taken at each. */
static void test_bucket(void **state)
{
	static const struct policy_limit limit = {.burst = 3, .interval_ms = 1000};
	static const struct {
		const char *what;
		struct {
			int64_t at_ms;
			unsigned taken;
		} step[5];
	} cases[] = {
		{"a burst, then one each interval", {{5000, 3}, {5999, 0}, {6000, 1}, {8000, 2}}},
		{"full again after the whole burst", {{5000, 3}, {8000, 3}, {8001, 0}}},
		{"never more than the burst", {{5000, 3}, {1000 * HOUR, 3}}},
		{"from the first millisecond on", {{0, 3}, {1, 0}, {1000, 1}}},
		{"time that stands still", {{5000, 3}, {5000, 0}, {5000, 0}}},
		{"a clock that went back gives nothing", {{900000, 3}, {1000, 0}, {1999, 0}}},
		{"but recovers in the time of a burst",
		 {{900000, 3}, {1000, 0}, {2000, 1}, {4000, 2}}},
		{"however far it went", {{INT64_MAX / 2, 3}, {0, 0}, {1000, 1}, {3000, 2}}},
		{"and forward again", {{5000, 3}, {100, 0}, {INT64_MAX / 2, 3}}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy_bucket b = {0};

		for (size_t s = 0; s < 5 && (!s || cases[i].step[s].at_ms); s++) {
			unsigned taken = 0;

			while (taken < 100 && policy_take(&b, &limit, cases[i].step[s].at_ms))
				taken++;
			if (taken != cases[i].step[s].taken)
				print_error("%s: step %zu\n", cases[i].what, s);
			assert_int_equal(taken, cases[i].step[s].taken);
		}
	}
}

static void test_limits_are_said(void **state)
{
	struct policy_bucket b = {0};
	unsigned n = 0;

	while (policy_take(&b, &policy_power, HOUR))
		n++;
	assert_int_equal(n, 10);
	assert_false(policy_take(&b, &policy_power, HOUR + 999));
	assert_true(policy_take(&b, &policy_power, HOUR + 1000));
}

static void answer(struct replay *c, const struct fence_request *r, enum fence_result result,
		   int64_t now)
{
	struct fence_reply reply = {.result = (uint16_t)result, .text = "so it went"};
	struct replay_entry *e = replay_open(c, r->id);

	assert_non_null(e);
	replay_close(e, &reply, now);
}

static void test_replay(void **state)
{
	struct fence_request off = request(1, FENCE_OP_OFF, "db2");
	struct fence_request again = off, other_op = off, other_target = off;
	struct replay *c = calloc(1, sizeof(*c));
	struct replay_entry *e;

	assert_non_null(c);
	again.timeout_ms = 500; /* less is left on the second try */
	other_op.op = FENCE_OP_ON;
	strcpy(other_target.target, "db3");
	assert_int_equal(replay_ask(c, &off, HOUR, &e), REPLAY_IS_NEW);
	assert_int_equal(replay_ask(c, &again, HOUR + 1, &e), REPLAY_IS_OPEN);
	assert_int_equal(replay_ask(c, &other_op, HOUR + 1, &e), REPLAY_IS_ANOTHER);
	assert_int_equal(replay_ask(c, &other_target, HOUR + 1, &e), REPLAY_IS_ANOTHER);
	assert_int_equal(replay_pending(c), 1);
	answer(c, &off, FENCE_DONE, HOUR + 2);
	assert_null(replay_open(c, off.id));
	assert_int_equal(replay_ask(c, &again, HOUR + 3, &e), REPLAY_IS_ANSWERED);
	assert_int_equal(e->result, FENCE_DONE);
	assert_string_equal(e->text, "so it went");
	assert_int_equal(replay_ask(c, &other_op, HOUR + 3, &e), REPLAY_IS_ANOTHER);
	/* Remembered to the end of its age, and also by a clock that went back. */
	assert_int_equal(replay_ask(c, &again, HOUR + 2 + REPLAY_AGE_MS - 1, &e),
			 REPLAY_IS_ANSWERED);
	assert_int_equal(replay_ask(c, &again, 0, &e), REPLAY_IS_ANSWERED);
	assert_int_equal(replay_ask(c, &again, HOUR + 2 + REPLAY_AGE_MS, &e), REPLAY_IS_NEW);
	free(c);
}

/* What changes nothing is done again as often as it is asked. */
static void test_reads_are_not_remembered(void **state)
{
	static const unsigned ops[] = {FENCE_OP_STATUS, FENCE_OP_LIST, FENCE_OP_MONITOR};
	struct replay *c = calloc(1, sizeof(*c));
	struct replay_entry *e;

	assert_non_null(c);
	for (size_t i = 0; i < COUNT(ops); i++) {
		struct fence_request r = request(1, ops[i], ops[i] == FENCE_OP_STATUS ? "db2" : "");

		assert_int_equal(replay_ask(c, &r, HOUR, &e), REPLAY_IS_NEW);
		answer(c, &r, FENCE_DONE, HOUR);
		assert_int_equal(replay_ask(c, &r, HOUR, &e), REPLAY_IS_NEW);
		answer(c, &r, FENCE_DONE, HOUR);
	}
	free(c);
}

static void test_replay_is_bounded(void **state)
{
	struct replay *c = calloc(1, sizeof(*c));
	struct replay_entry *e;
	struct fence_request r;
	unsigned n;

	assert_non_null(c);
	for (n = 0; n < REPLAY_OPEN_MAX; n++) {
		r = request(n, FENCE_OP_OFF, "db2");
		assert_int_equal(replay_ask(c, &r, HOUR, &e), REPLAY_IS_NEW);
	}
	r = request(n, FENCE_OP_OFF, "db2");
	assert_int_equal(replay_ask(c, &r, HOUR, &e), REPLAY_IS_FULL);
	r = request(0, FENCE_OP_OFF, "db2");
	answer(c, &r, FENCE_FAILED, HOUR);
	/* Far more than there is room for: the oldest answers go, the open ones stay. */
	for (n = 1000; n < 1000 + 3 * REPLAY_MAX; n++) {
		r = request(n, FENCE_OP_OFF, "db2");
		assert_int_equal(replay_ask(c, &r, HOUR + n, &e), REPLAY_IS_NEW);
		answer(c, &r, FENCE_DONE, HOUR + n);
	}
	assert_int_equal(replay_pending(c), REPLAY_OPEN_MAX - 1);
	r = request(1000 + 3 * REPLAY_MAX - 1, FENCE_OP_OFF, "db2");
	assert_int_equal(replay_ask(c, &r, HOUR + n, &e), REPLAY_IS_ANSWERED);
	r = request(1001, FENCE_OP_OFF, "db2");
	assert_int_equal(replay_ask(c, &r, HOUR + n, &e), REPLAY_IS_NEW);
	free(c);
}

static void test_lapse_and_routes(void **state)
{
	struct fence_request a = request(1, FENCE_OP_OFF, "db2");
	struct fence_request b = request(2, FENCE_OP_STATUS, "db2");
	struct replay *c = calloc(1, sizeof(*c));
	struct replay_entry *ea, *eb;
	int one, two;

	assert_non_null(c);
	b.timeout_ms = 1000;
	replay_ask(c, &a, HOUR, &ea);
	replay_ask(c, &b, HOUR, &eb);
	ea->route = &one;
	eb->route = &two;
	replay_unroute(c, &one);
	assert_null(ea->route);
	assert_ptr_equal(eb->route, &two);
	assert_null(replay_lapsed(c, HOUR + 1000 + REPLAY_GRACE_MS));
	assert_ptr_equal(replay_lapsed(c, HOUR + 1001 + REPLAY_GRACE_MS), eb);
	answer(c, &b, FENCE_FAILED, HOUR);
	assert_null(replay_lapsed(c, HOUR + 20000 + REPLAY_GRACE_MS));
	assert_ptr_equal(replay_lapsed(c, HOUR + 20001 + REPLAY_GRACE_MS), ea);
	assert_null(replay_lapsed(c, 0));
	free(c);
}

static struct door_address *enter(struct door_addresses *t, const char *text, int64_t now,
				  const char **why)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return door_address_enter(t, (struct sockaddr *)&four, now, why);
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return door_address_enter(t, (struct sockaddr *)&six, now, why);
}

static void test_addresses(void **state)
{
	struct door_addresses *t = calloc(1, sizeof(*t));
	struct door_address *a = NULL;
	const char *why;

	assert_non_null(t);
	for (unsigned i = 0; i < DOOR_ADDRESS_CONNECTIONS_MAX; i++)
		assert_non_null(a = enter(t, i % 2 ? "10.0.0.1" : "::ffff:10.0.0.1", HOUR, &why));
	assert_null(enter(t, "10.0.0.1", HOUR, &why));
	assert_string_equal(why, "too many connections from this address");
	assert_non_null(enter(t, "10.0.0.2", HOUR, &why));
	door_address_leave(a);
	assert_non_null(enter(t, "10.0.0.1", HOUR, &why));
	/* One /64 is one host. */
	a = enter(t, "fd00::1", HOUR, &why);
	assert_ptr_equal(a, enter(t, "fd00::2", HOUR, &why));
	assert_ptr_not_equal(a, enter(t, "fd00:0:0:1::1", HOUR, &why));
	free(t);
}

static void test_attempts_of_an_address(void **state)
{
	struct door_addresses *t = calloc(1, sizeof(*t));
	struct door_address *a;
	unsigned n = 0;
	const char *why;
	char text[32];

	assert_non_null(t);
	while ((a = enter(t, "10.0.0.1", HOUR, &why))) {
		door_address_leave(a);
		n++;
	}
	assert_int_equal(n, policy_handshakes.burst);
	assert_string_equal(why, "too many attempts from this address");
	/* So many others that it is forgotten: memory is bounded, and they all come in. */
	for (unsigned i = 0; i < 2 * DOOR_ADDRESSES_MAX; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 256, i % 256);
		assert_non_null(a = enter(t, text, HOUR + 1 + i, &why));
		door_address_leave(a);
	}
	assert_non_null(enter(t, "10.0.0.1", HOUR + 1, &why));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_what_changes_power),
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_limits_are_said),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_reads_are_not_remembered),
		cmocka_unit_test(test_replay_is_bounded),
		cmocka_unit_test(test_lapse_and_routes),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_attempts_of_an_address),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
