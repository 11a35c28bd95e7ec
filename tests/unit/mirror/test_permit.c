// SPDX-License-Identifier: GPL-2.0-or-later
/* Which changes of state may be: what a promotion needs above all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mirror/engine/permit.h"

#define STATE(role_, peer_, conn_, disk_, pdsk_)                                  \
	{                                                                         \
		.role = ROLE_##role_, .peer = ROLE_##peer_, .conn = CONN_##conn_, \
		.disk = DISK_##disk_, .pdsk = DISK_##pdsk_                        \
	}

static void promotions(void **state)
{
	static const struct {
		struct drbd_state now;
		bool fencing;
		enum state_result result;
	} row[] = {
		{STATE(SECONDARY, SECONDARY, CONNECTED, UP_TO_DATE, UP_TO_DATE), true, STATE_OK},
		{STATE(SECONDARY, SECONDARY, SYNC_SOURCE, UP_TO_DATE, INCONSISTENT), true,
		 STATE_OK},
		{STATE(SECONDARY, PRIMARY, CONNECTED, UP_TO_DATE, UP_TO_DATE), true,
		 STATE_TWO_PRIMARIES},
		/* the data it would serve is not here, whatever the peer has */
		{STATE(SECONDARY, SECONDARY, SYNC_TARGET, INCONSISTENT, UP_TO_DATE), false,
		 STATE_NO_UP_TO_DATE},
		{STATE(SECONDARY, SECONDARY, CONNECTED, DISKLESS, UP_TO_DATE), false,
		 STATE_NO_UP_TO_DATE},
		{STATE(SECONDARY, UNKNOWN, WF_CONNECTION, OUTDATED, UNKNOWN), false,
		 STATE_NO_UP_TO_DATE},
		{STATE(SECONDARY, UNKNOWN, WF_CONNECTION, CONSISTENT, OUTDATED), true,
		 STATE_NO_UP_TO_DATE},
		/* without the peer */
		{STATE(SECONDARY, UNKNOWN, WF_CONNECTION, UP_TO_DATE, UNKNOWN), false, STATE_OK},
		{STATE(SECONDARY, UNKNOWN, WF_CONNECTION, UP_TO_DATE, UNKNOWN), true,
		 STATE_PRIMARY_NOP},
		{STATE(SECONDARY, UNKNOWN, WF_CONNECTION, UP_TO_DATE, OUTDATED), true, STATE_OK},
		{STATE(SECONDARY, UNKNOWN, STANDALONE, UP_TO_DATE, INCONSISTENT), true, STATE_OK},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct permit_context c = {.fencing = row[i].fencing};
		struct drbd_state next = row[i].now;

		next.role = ROLE_PRIMARY;
		if (permit(&row[i].now, &next, &c) != row[i].result)
			fail_msg("row %zu: %d", i, permit(&row[i].now, &next, &c));
	}
}

/* A Primary whose own disk fails stays one while the peer has everything. */
static void a_primary_loses_its_disk(void **state)
{
	static const struct drbd_state now = STATE(PRIMARY, SECONDARY, CONNECTED, UP_TO_DATE,
						   UP_TO_DATE);
	struct permit_context c = {0};
	struct drbd_state next = now;

	next.disk = DISK_DISKLESS;
	assert_int_equal(permit(&now, &next, &c), STATE_OK);
	next.pdsk = DISK_INCONSISTENT;
	assert_int_equal(permit(&now, &next, &c), STATE_NO_UP_TO_DATE);
}

/* Without any data in reach it gets its disk back. */
static void a_primary_gets_its_disk_back(void **state)
{
	struct drbd_state now = STATE(PRIMARY, UNKNOWN, WF_CONNECTION, DISKLESS, UNKNOWN),
			  next = now;
	struct permit_context c = {0};

	next.disk = DISK_ATTACHING;
	assert_int_equal(permit(&now, &next, &c), STATE_OK);
	c.fencing = true;
	assert_int_equal(permit(&now, &next, &c), STATE_OK);
}

/* And a Secondary's disk is let go, unless a Primary lives from it. */
static void a_secondary_loses_its_disk(void **state)
{
	static const struct {
		struct drbd_state now;
		enum state_result result;
	} row[] = {
		{STATE(SECONDARY, PRIMARY, CONNECTED, UP_TO_DATE, UP_TO_DATE), STATE_OK},
		{STATE(SECONDARY, SECONDARY, CONNECTED, UP_TO_DATE, DISKLESS), STATE_OK},
		{STATE(SECONDARY, UNKNOWN, STANDALONE, UP_TO_DATE, UNKNOWN), STATE_OK},
		{STATE(SECONDARY, PRIMARY, CONNECTED, UP_TO_DATE, DISKLESS), STATE_NO_UP_TO_DATE},
		{STATE(SECONDARY, PRIMARY, CONNECTED, UP_TO_DATE, FAILED), STATE_NO_UP_TO_DATE},
	};
	struct permit_context c = {0};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct drbd_state next = row[i].now;

		next.disk = DISK_FAILED;
		if (permit(&row[i].now, &next, &c) != row[i].result)
			fail_msg("row %zu: %d", i, permit(&row[i].now, &next, &c));
	}
}

static void others(void **state)
{
	static const struct drbd_state primary = STATE(PRIMARY, SECONDARY, CONNECTED, UP_TO_DATE,
						       UP_TO_DATE);
	struct permit_context used = {.in_use = true}, fencing = {.fencing = true};
	struct drbd_state next = primary;

	assert_int_equal(permit(&primary, &next, &used), STATE_NOTHING);
	next.role = ROLE_SECONDARY;
	assert_int_equal(permit(&primary, &next, &used), STATE_DEVICE_IN_USE);
	assert_int_equal(permit(&primary, &next, &fencing), STATE_OK);
	/* who is let go by a Primary that fences says of itself that it is outdated */
	next = primary;
	next.conn = CONN_TEAR_DOWN;
	assert_int_equal(permit(&primary, &next, &fencing), STATE_PRIMARY_NOP);
	next.pdsk = DISK_OUTDATED;
	assert_int_equal(permit(&primary, &next, &fencing), STATE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promotions),
		cmocka_unit_test(a_primary_loses_its_disk),
		cmocka_unit_test(a_primary_gets_its_disk_back),
		cmocka_unit_test(a_secondary_loses_its_disk),
		cmocka_unit_test(others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
