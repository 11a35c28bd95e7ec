// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is decided at a request's place in the order: a script of messages a case, and
 * the outcome that every host must come to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fencing/authorise.h"
#include "fencing/order.h"
#include "fencing/order_table.h"

static struct order_state *s;

static int fresh(void **state)
{
	s = calloc(1, sizeof(*s));
	order_member(s, 1, "node1", "boot1");
	order_member(s, 2, "node2", "boot2");
	order_member(s, 3, "node3", "boot3");
	return 0;
}

static int done(void **state)
{
	free(s);
	return 0;
}

static void up(uint32_t host, const char *name, const char *incarnation, const char *group,
	       const char *resource)
{
	struct order_message m = {.kind = ORDER_MSG_UP};

	order_copy(m.name, sizeof(m.name), name);
	order_copy(m.incarnation, sizeof(m.incarnation), incarnation);
	order_copy(m.group, sizeof(m.group), group);
	order_copy(m.resource, sizeof(m.resource), resource);
	order_apply(s, host, &m);
}

static void down(uint32_t host, const char *incarnation)
{
	struct order_message m = {.kind = ORDER_MSG_DOWN};

	order_copy(m.incarnation, sizeof(m.incarnation), incarnation);
	order_apply(s, host, &m);
}

static void put_id(struct order_message *m, uint8_t id)
{
	memset(m->id, id, sizeof(m->id));
}

static void request(uint32_t from, uint8_t id, uint16_t op, const char *sender, const char *target)
{
	struct order_message m = {.kind = ORDER_MSG_REQUEST, .op = op, .timeout_ms = 1000};
	const struct order_domain *d = order_find_domain(s, sender);

	put_id(&m, id);
	order_copy(m.target, sizeof(m.target), target);
	order_copy(m.sender, sizeof(m.sender), sender);
	if (d && d->up)
		order_copy(m.sender_incarnation, sizeof(m.sender_incarnation), d->incarnation);
	order_apply(s, from, &m);
}

static void step(uint32_t from, uint8_t id, uint16_t kind, uint16_t result)
{
	struct order_message m = {.kind = kind, .result = result};

	put_id(&m, id);
	order_apply(s, from, &m);
}

static void proof(uint32_t from, uint8_t id, const char *incarnation, bool alive)
{
	struct order_message m = {.kind = ORDER_MSG_PROOF, .alive = alive};

	put_id(&m, id);
	order_copy(m.incarnation, sizeof(m.incarnation), incarnation);
	order_apply(s, from, &m);
}

static void host_dead(uint32_t from, uint32_t nodeid, const char *boot)
{
	struct order_message m = {.kind = ORDER_MSG_HOST_DEAD, .nodeid = nodeid};

	order_copy(m.boot, sizeof(m.boot), boot);
	order_apply(s, from, &m);
}

/* The result of request @id; -1: it is under way; -2: nobody knows it. */
static int result(uint8_t id)
{
	uint8_t full[ORDER_ID];
	const struct order_outcome *o;

	memset(full, id, sizeof(full));
	o = order_find_outcome(s, full);
	return o ? o->result : order_find_pending(s, full) ? -1 : -2;
}

static enum order_duty_kind duty(uint8_t id, uint32_t me)
{
	uint8_t full[ORDER_ID];
	const struct order_pending *p;
	unsigned instance;

	memset(full, id, sizeof(full));
	p = order_find_pending(s, full);
	return p ? order_duty(s, p, me, &instance) : ORDER_NOTHING;
}

static void pair(void)
{
	up(1, "a", "a1", "g", "ra");
	up(2, "b", "b1", "g", "rb");
}

static void test_authorise(void **state)
{
	static const struct {
		const char *sender, *target;
		enum fence_right right;
	} cases[] = {
		{"g", "g", FENCE_MAY},
		{"g", "h", FENCE_OTHER_GROUP},
		{"", "g", FENCE_SENDER_HAS_NO_GROUP},
		{NULL, "g", FENCE_SENDER_HAS_NO_GROUP},
		{"", "", FENCE_SENDER_HAS_NO_GROUP},
		{"g", "", FENCE_TARGET_HAS_NO_GROUP},
		{"g", NULL, FENCE_TARGET_HAS_NO_GROUP},
		{"g", "G", FENCE_OTHER_GROUP},
		{"g", "gg", FENCE_OTHER_GROUP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(fence_authorise(cases[i].sender, cases[i].target), cases[i].right);
}

static void test_off_marks_first_then_kills(void **state)
{
	pair();
	request(1, 1, FENCE_OP_OFF, "a", "b");
	assert_int_equal(duty(1, 1), ORDER_DO_MARK);
	assert_int_equal(duty(1, 2), ORDER_NOTHING);
	step(1, 1, ORDER_MSG_MARKED, FENCE_DONE);
	assert_int_equal(duty(1, 1), ORDER_NOTHING);
	assert_int_equal(duty(1, 2), ORDER_DO_KILL);
	proof(2, 1, "b1", true);
	assert_int_equal(result(1), FENCE_DONE);
	assert_int_equal(order_power(s, "b"), FENCE_POWER_OFF);
}

static void test_off_of_what_had_ended_waits_for_the_cluster(void **state)
{
	pair();
	request(1, 1, FENCE_OP_OFF, "a", "b");
	step(1, 1, ORDER_MSG_MARKED, FENCE_DONE);
	proof(2, 1, "b1", false);
	assert_int_equal(result(1), -1);
	assert_int_equal(duty(1, 1), ORDER_DO_SETTLE);
	/* The start that was under way: off is not true before that one has ended. */
	up(3, "b", "b2", "g", "rb");
	step(1, 1, ORDER_MSG_SETTLED, FENCE_DONE);
	assert_int_equal(result(1), -1);
	assert_int_equal(duty(1, 3), ORDER_NOTHING);
	down(3, "b2");
	assert_int_equal(result(1), FENCE_DONE);
}

static void test_off_fails_without_its_mark_and_kills_nobody(void **state)
{
	pair();
	request(1, 1, FENCE_OP_OFF, "a", "b");
	step(1, 1, ORDER_MSG_MARKED, FENCE_FAILED);
	assert_int_equal(result(1), FENCE_FAILED);
	assert_int_equal(duty(1, 2), ORDER_NOTHING);
	assert_int_equal(order_power(s, "b"), FENCE_POWER_ON);
}

static void test_reboot_kills_at_once(void **state)
{
	pair();
	request(1, 1, FENCE_OP_REBOOT, "a", "b");
	assert_int_equal(duty(1, 2), ORDER_DO_KILL);
	proof(2, 1, "b1", true);
	assert_int_equal(result(1), FENCE_DONE);
}

static void test_by_hand(void **state)
{
	up(1, "a", "a1", "g", "ra");
	up(2, "c", "c1", "g", "");
	request(1, 1, FENCE_OP_OFF, "a", "c");
	assert_int_equal(duty(1, 2), ORDER_DO_KILL);
	proof(2, 1, "c1", true);
	assert_int_equal(result(1), FENCE_DONE);
	request(1, 2, FENCE_OP_ON, "a", "c");
	assert_int_equal(result(2), FENCE_FAILED);
}

static void test_on_waits_until_it_runs(void **state)
{
	pair();
	down(2, "b1");
	request(1, 1, FENCE_OP_ON, "a", "b");
	assert_int_equal(duty(1, 1), ORDER_DO_MARK);
	step(1, 1, ORDER_MSG_MARKED, FENCE_DONE);
	assert_int_equal(result(1), -1);
	up(3, "b", "b2", "g", "rb");
	assert_int_equal(result(1), FENCE_DONE);
}

static void test_who_fence_each_other(void **state)
{
	pair();
	request(1, 1, FENCE_OP_OFF, "a", "b");
	request(2, 2, FENCE_OP_OFF, "b", "a");
	assert_int_equal(result(1), -1);
	assert_int_equal(result(2), FENCE_CONDEMNED);
	assert_int_equal(duty(2, 1), ORDER_NOTHING);
}

/* A request that the victim sent, and that came to its turn after it was killed. */
static void test_a_request_of_the_dead_is_void(void **state)
{
	struct order_message m = {.kind = ORDER_MSG_REQUEST, .op = FENCE_OP_REBOOT};

	pair();
	request(1, 1, FENCE_OP_REBOOT, "a", "b");
	proof(2, 1, "b1", true);
	up(2, "b", "b2", "g", "rb");
	put_id(&m, 2);
	order_copy(m.target, sizeof(m.target), "a");
	order_copy(m.sender, sizeof(m.sender), "b");
	order_copy(m.sender_incarnation, sizeof(m.sender_incarnation), "b1");
	order_apply(s, 2, &m);
	assert_int_equal(result(2), FENCE_CONDEMNED);
	/* Who has started again may fence again. */
	request(2, 3, FENCE_OP_REBOOT, "b", "a");
	assert_int_equal(result(3), -1);
}

static void test_a_newer_incarnation_is_left_alone(void **state)
{
	uint8_t id[ORDER_ID];

	pair();
	request(1, 1, FENCE_OP_REBOOT, "a", "b");
	down(2, "b1");
	up(3, "b", "b2", "g", "rb");
	assert_int_equal(duty(1, 3), ORDER_NOTHING);
	/* The host of the old one proves that it is gone; the new one runs on. */
	assert_int_equal(duty(1, 2), ORDER_DO_KILL);
	memset(id, 1, sizeof(id));
	assert_string_equal(order_find_pending(s, id)->instance[0].incarnation, "b1");
	proof(2, 1, "b1", false);
	assert_int_equal(result(1), FENCE_DONE);
	assert_int_equal(order_power(s, "b"), FENCE_POWER_ON);
}

static void test_the_same_id_is_answered_not_done_again(void **state)
{
	pair();
	request(1, 1, FENCE_OP_REBOOT, "a", "b");
	proof(2, 1, "b1", true);
	up(2, "b", "b2", "g", "rb");
	request(1, 1, FENCE_OP_REBOOT, "a", "b");
	assert_int_equal(result(1), FENCE_DONE);
	assert_int_equal(s->npending, 0);
	assert_int_equal(duty(1, 2), ORDER_NOTHING);
}

static void test_refusals(void **state)
{
	pair();
	up(3, "x", "x1", "h", "rx");
	up(3, "n", "n1", "", "rn");
	request(1, 1, FENCE_OP_OFF, "a", "x");
	request(1, 2, FENCE_OP_OFF, "a", "n");
	request(1, 3, FENCE_OP_OFF, "n", "a");
	request(1, 4, FENCE_OP_OFF, "a", "nobody");
	request(1, 5, FENCE_OP_OFF, "a", "a");
	assert_int_equal(result(1), FENCE_DENIED);
	assert_int_equal(result(2), FENCE_DENIED);
	assert_int_equal(result(3), FENCE_DENIED);
	assert_int_equal(result(4), FENCE_NO_TARGET);
	assert_int_equal(result(5), -1); /* oneself is allowed */
}

static void test_a_lost_host_must_be_confirmed(void **state)
{
	static const uint32_t left[] = {1, 3};

	pair();
	order_absent(s, left, 2);
	assert_int_equal(order_power(s, "b"), FENCE_POWER_UNKNOWN);
	request(1, 1, FENCE_OP_REBOOT, "a", "b");
	for (uint32_t me = 1; me <= 3; me++)
		assert_int_equal(duty(1, me), me == 2 ? ORDER_DO_KILL : ORDER_NOTHING);
	host_dead(3, 2, "another boot");
	assert_int_equal(result(1), -1);
	host_dead(3, 2, "boot2");
	assert_int_equal(result(1), FENCE_DONE);
	assert_int_equal(order_power(s, "b"), FENCE_POWER_OFF);
}

static void test_a_host_that_is_back(void **state)
{
	static const uint32_t left[] = {1, 3};
	struct order_message none = {.kind = ORDER_MSG_ANNOUNCE};
	uint8_t empty[4] = {0};

	pair();
	order_absent(s, left, 2);
	request(1, 1, FENCE_OP_REBOOT, "a", "b");
	/* Its daemon was started again: it may run there still. */
	order_member(s, 2, "node2", "boot2");
	assert_int_equal(result(1), -1);
	assert_int_equal(duty(1, 2), ORDER_DO_KILL);
	/* The machine was: nothing does. */
	order_absent(s, left, 2);
	order_member(s, 2, "node2", "boot2b");
	assert_int_equal(result(1), FENCE_DONE);
	none.blob = empty;
	none.blob_len = sizeof(empty);
	order_apply(s, 1, &none);
	assert_int_equal(order_power(s, "a"), FENCE_POWER_OFF);
}

/* A member is not dead, whatever somebody has heard of it. */
static void test_a_member_is_not_buried(void **state)
{
	pair();
	host_dead(3, 2, "boot2");
	assert_int_equal(order_power(s, "b"), FENCE_POWER_ON);
}

static void test_the_coordinator_is_lost(void **state)
{
	static const uint32_t left[] = {2, 3};

	pair();
	up(3, "c", "c1", "g", "rc");
	request(1, 1, FENCE_OP_OFF, "a", "c");
	order_absent(s, left, 2);
	assert_int_equal(duty(1, 2), ORDER_DO_MARK);
	assert_int_equal(duty(1, 3), ORDER_NOTHING);
}

static void test_one_after_the_other(void **state)
{
	pair();
	up(3, "c", "c1", "g", "rc");
	request(1, 1, FENCE_OP_OFF, "a", "c");
	request(2, 2, FENCE_OP_ON, "b", "c");
	assert_int_equal(duty(2, 2), ORDER_NOTHING);
	step(1, 1, ORDER_MSG_GIVE_UP, FENCE_FAILED);
	assert_int_equal(result(1), FENCE_FAILED);
	assert_int_equal(duty(2, 2), ORDER_DO_MARK);
}

/* Whatever is sent, the tables stay within their bounds, and what runs is not forgotten. */
static void test_bounds(void **state)
{
	char name[32], inc[32];

	pair();
	for (int i = 0; i < 3 * ORDER_DOMAINS_MAX; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		snprintf(inc, sizeof(inc), "i%d", i);
		up(3, name, inc, "g", "r");
		down(3, inc);
		order_condemn(s, inc, (const uint8_t *)"0123456789abcdef");
		step(1, 7, ORDER_MSG_GIVE_UP, 0);
		request(1, (uint8_t)i, FENCE_OP_REBOOT, "a", i & 1 ? "b" : "nobody");
	}
	assert_true(s->ndomains <= ORDER_DOMAINS_MAX && s->noutcomes <= ORDER_OUTCOMES_MAX &&
		    s->npending <= ORDER_PENDING_MAX && s->ncondemned <= ORDER_CONDEMNED_MAX);
	assert_int_equal(order_power(s, "a"), FENCE_POWER_ON);
	assert_non_null(order_find_domain(s, "a"));
}

static void test_state_as_bytes(void **state)
{
	uint8_t *bytes = malloc(ORDER_WIRE_MAX);
	struct order_state *copy = calloc(1, sizeof(*copy));
	int len;

	pair();
	request(1, 1, FENCE_OP_OFF, "a", "b");
	request(2, 2, FENCE_OP_OFF, "b", "a");
	len = order_state_encode(bytes, ORDER_WIRE_MAX, s);
	assert_true(len > 0);
	assert_int_equal(order_state_decode(bytes, (size_t)len, copy), 0);
	assert_int_equal(order_state_digest(copy), order_state_digest(s));
	for (int cut = 0; cut < len; cut++)
		assert_int_not_equal(order_state_decode(bytes, (size_t)cut, copy), 0);
	assert_int_equal(order_state_digest(copy), order_state_digest(s));
	free(copy);
	free(bytes);
}

static void test_messages_as_bytes(void **state)
{
	uint8_t bytes[8192], blob[8] = {0};

	for (uint16_t kind = 1; kind < ORDER_MSG_KINDS; kind++) {
		struct order_message m = {.kind = kind,
					  .time_ms = 77,
					  .view = 5,
					  .op = 2,
					  .blob = blob,
					  .blob_len = sizeof(blob)};
		struct order_message back;
		int len;

		strcpy(m.name, "web");
		strcpy(m.incarnation, "i");
		len = order_encode(bytes, sizeof(bytes), &m);
		assert_true(len > 0);
		assert_int_equal(order_decode(bytes, (size_t)len, &back), 0);
		assert_int_equal(back.kind, kind);
		assert_int_equal(back.time_ms, 77);
		for (int i = 0; i < len; i++) {
			/* The time is not covered by the checksum of the body. */
			if (i >= 16 && i < 24)
				continue;
			bytes[i] ^= 1;
			assert_int_not_equal(
				order_decode(bytes, (size_t)len, &back) ? 0 : back.kind, kind);
			bytes[i] ^= 1;
		}
		assert_int_equal(order_decode(bytes, (size_t)len - 1, &back), -22);
		assert_int_equal(order_encode(bytes, (size_t)len - 1, &m), -28);
	}
}

#define T(t) cmocka_unit_test_setup_teardown(t, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_authorise),
		T(test_off_marks_first_then_kills),
		T(test_off_of_what_had_ended_waits_for_the_cluster),
		T(test_off_fails_without_its_mark_and_kills_nobody),
		T(test_reboot_kills_at_once),
		T(test_by_hand),
		T(test_on_waits_until_it_runs),
		T(test_who_fence_each_other),
		T(test_a_request_of_the_dead_is_void),
		T(test_a_newer_incarnation_is_left_alone),
		T(test_the_same_id_is_answered_not_done_again),
		T(test_refusals),
		T(test_a_lost_host_must_be_confirmed),
		T(test_a_host_that_is_back),
		T(test_a_member_is_not_buried),
		T(test_the_coordinator_is_lost),
		T(test_one_after_the_other),
		T(test_bounds),
		T(test_state_as_bytes),
		T(test_messages_as_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
