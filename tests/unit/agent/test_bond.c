// SPDX-License-Identifier: GPL-2.0-or-later
/* What is done next about a bond, on a host that takes the steps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bond_host.h"

static void made_and_removed(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;

	assert_true(follow(&s, &o, false) > 0);
	assert_int_equal(o.what, BOND_DONE);
	assert_int_equal(named("eth0")->master, named("bond0")->index);
	assert_int_equal(named("eth1")->master, named("bond0")->index);
	assert_int_equal(named("bond0")->master, named("br0")->index);
	assert_int_equal(named("bond0.10")->master, named("br10")->index);
	assert_int_equal(named("bond0")->bond.primary, named("eth1")->index);
	assert_int_equal(named("bond0")->mtu, 9000);
	assert_true(named("bond0")->up && named("br0")->up && named("bond0.10")->up &&
		    named("br10")->up);
	assert_int_equal(follow(&s, &o, false), 0);
	assert_int_equal(follow(&s, &o, true), 4);
	assert_int_equal(all.n, 3);
	assert_int_equal(follow(&s, &o, true), 0);
}

static void from_wherever_it_was_left(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;
	unsigned steps = follow(&s, &o, false);

	for (unsigned stop_at = 0; stop_at < steps; stop_at++) {
		two_links(NULL);
		for (unsigned i = 0; i < stop_at; i++) {
			bond_next(&s, &all, &o);
			take(&s, &o);
		}
		assert_int_equal(follow(&s, &o, false), steps - stop_at);
		assert_int_equal(o.what, BOND_DONE);
	}
}

static void an_adopted_one_is_never_touched(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;
	struct link *b = add("bond0", "bond", "");

	/* Another mode, links outside: all of it is its maker's. */
	b->bond.value[LINK_MODE] = LINK_MODE_8023AD;
	b->bond.given[LINK_MODE] = true;
	b->up = true;
	s.bridges = 0;
	assert_int_equal(follow(&s, &o, false), 0);
	assert_int_equal(o.what, BOND_DONE);
	assert_int_equal(follow(&s, &o, true), 0);
	/* A VLAN on it changes nothing of it; to be a bridge's port would. */
	s = settings();
	follow(&s, &o, false);
	assert_int_equal(o.what, BOND_REFUSE);
	assert_int_equal(named("bond0")->master, 0);
	s.bridge[0] = s.bridge[1];
	s.bridges = 1;
	follow(&s, &o, false);
	assert_int_equal(o.what, BOND_DONE);
	assert_int_equal(named("br10")->index, named("bond0.10")->master);
	follow(&s, &o, true);
	assert_int_equal(named("bond0")->index, b->index);
	assert_int_equal(all.n, 4);
}

static void an_adopted_bridge_stays(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;

	add("br0", "bridge", "somebody's");
	follow(&s, &o, false);
	assert_int_equal(o.what, BOND_DONE);
	assert_int_equal(named("bond0")->master, named("br0")->index);
	follow(&s, &o, true);
	assert_non_null(link_named(&all, "br0"));
	assert_null(link_named(&all, "bond0"));
}

static void other_options_make_it_anew(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;

	follow(&s, &o, false);
	s.bond.value[LINK_MODE] = LINK_MODE_8023AD;
	bond_next(&s, &all, &o);
	assert_int_equal(o.what, BOND_REMOVE);
	follow(&s, &o, false);
	assert_int_equal(named("bond0")->bond.value[LINK_MODE], LINK_MODE_8023AD);
	/* The driver rounds a delay to what it measures. */
	s.bond.given[LINK_UPDELAY] = true;
	s.bond.value[LINK_UPDELAY] = 150;
	assert_int_equal(follow(&s, &o, false), 0);
}

static void a_missing_link_is_not_waited_for(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;

	strcpy(s.link[1], "eth7");
	follow(&s, &o, false);
	assert_int_equal(o.what, BOND_DONE);
	assert_int_equal(named("eth0")->master, named("bond0")->index);
}

static void a_link_that_comes_back_is_taken_in(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;

	follow(&s, &o, false);
	mine(named("eth0"))->master = 0;
	bond_next(&s, &all, &o);
	assert_int_equal(o.what, BOND_DOWN);
	assert_true(o.repair);
	follow(&s, &o, false);
	assert_int_equal(named("eth0")->master, named("bond0")->index);
	/* A bridge that has gone is no repair: what was on it is cut off. */
	remove_link(named("br10"));
	bond_next(&s, &all, &o);
	assert_int_equal(o.what, BOND_MAKE_BRIDGE);
	assert_false(o.repair);
}

/* What cannot be, and the word of the reason that says why. */
static void refusals(void **state)
{
	static const struct {
		const char *name, *kind, *word;
	} row[] = {
		{"bond0", "bridge", "no bond"},
		{"br0", "bond", "no bridge"},
		{"bond0.10", "bridge", "not VLAN 10"},
	};
	struct bond_settings s = settings();
	struct bond_step o;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		two_links(NULL);
		add(row[i].name, row[i].kind, "");
		follow(&s, &o, false);
		assert_int_equal(o.what, BOND_REFUSE);
		if (!strstr(o.why, row[i].word))
			fail_msg("%s: %s", row[i].name, o.why);
	}
	two_links(NULL);
	enslave(mine(named("eth0")), add("br9", "bridge", ""));
	follow(&s, &o, false);
	assert_int_equal(o.what, BOND_REFUSE);
	assert_non_null(strstr(o.why, "port of br9"));
	all.n = 1;
	follow(&s, &o, false);
	assert_non_null(strstr(o.why, "none of the links"));
	s.links = 0;
	follow(&s, &o, false);
	assert_non_null(strstr(o.why, "to adopt"));
}

static void what_the_driver_made_by_itself_is_no_bond_to_adopt(void **state)
{
	struct bond_settings s = settings();
	struct bond_step o;
	struct link *b = add("bond0", "bond", "");

	follow(&s, &o, false);
	assert_int_equal(o.what, BOND_REFUSE);
	assert_non_null(strstr(o.why, "max_bonds=0"));
	enslave(mine(named("eth0")), b);
	s.bridges = 0;
	follow(&s, &o, false);
	assert_int_equal(o.what, BOND_DONE);
}

static void nothing_unmarked_is_ours(void **state)
{
	struct bond_settings s = {.name = "bond0"};
	struct bond_step o;

	/* Parameters that could not be read at all have no mark: an interface without an alias is not ours. */
	add("bond0", "bond", "");
	assert_int_equal(follow(&s, &o, true), 0);
}

#define TEST(f) cmocka_unit_test_setup(f, two_links)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(made_and_removed),
		TEST(from_wherever_it_was_left),
		TEST(an_adopted_one_is_never_touched),
		TEST(an_adopted_bridge_stays),
		TEST(other_options_make_it_anew),
		TEST(a_missing_link_is_not_waited_for),
		TEST(a_link_that_comes_back_is_taken_in),
		TEST(refusals),
		TEST(what_the_driver_made_by_itself_is_no_bond_to_adopt),
		TEST(nothing_unmarked_is_ours),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
