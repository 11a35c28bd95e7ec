// SPDX-License-Identifier: GPL-2.0-or-later
/* Which links of a bond work, what that makes of it, and what its parameters mean. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bond_host.h"

/* ---- health ---- */

enum { SYNC = 0x08, BOTH = 0x30 };

static void links_that_work(void **state)
{
	static const struct {
		const char *what;
		bool in, carrier, monitor;
		enum link_duplex duplex;
		uint32_t speed;
		const char *why; /* NULL: it works */
	} row[] = {
		{"all is well", true, true, true, LINK_DUPLEX_FULL, 1000, NULL},
		{"its driver does not know", true, true, true, 0, 0, NULL},
		{"not in the bond", false, true, true, LINK_DUPLEX_FULL, 1000, "not a link"},
		{"no cable", true, false, false, LINK_DUPLEX_FULL, 1000, "carrier"},
		{"no answer", true, true, false, LINK_DUPLEX_FULL, 1000, "monitor"},
		{"half duplex", true, true, true, LINK_DUPLEX_HALF, 1000, "half"},
		{"slow", true, true, true, LINK_DUPLEX_FULL, 100, "slower"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct bond_settings s = settings();
		struct bond_health h;
		struct bond_step o;
		struct link *l;

		two_links(NULL);
		follow(&s, &o, false);
		s.speed = 1000;
		l = mine(named("eth0"));
		l->master = row[i].in ? named("bond0")->index : 0;
		l->carrier = row[i].carrier;
		l->port.up = row[i].monitor;
		l->duplex = row[i].duplex;
		l->speed = row[i].speed;
		bond_look(&s, &all, &h);
		assert_int_equal(h.n, 2);
		assert_int_equal(h.wanted, 2);
		if (h.works != (row[i].why ? 1 : 2) || h.link[0].works != !row[i].why ||
		    (row[i].why && !strstr(h.link[0].why, row[i].why)))
			fail_msg("%s: %u work, %s", row[i].what, h.works, h.link[0].why);
	}
}

static void links_of_lacp(void **state)
{
	static const struct {
		const char *what;
		uint8_t partner;        /* of the bond, 0: nobody */
		uint16_t aggregator[2]; /* of each link; the bond's is 1 */
		uint8_t actor, port;    /* states of the second link's ends */
		unsigned works;
		const char *why; /* of the second link */
	} row[] = {
		{"both", 7, {1, 1}, BOTH, SYNC, 2, ""},
		{"the second is at another switch", 7, {1, 2}, BOTH, SYNC, 1, "not that of"},
		{"not in sync", 7, {1, 1}, BOTH, 0, 1, "does not take"},
		{"not distributing", 7, {1, 1}, 0x10, SYNC, 1, "does not take"},
		{"nobody answers", 0, {1, 2}, BOTH, 0, 1, "no LACP partner"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct bond_settings s = settings();
		struct bond_health h;
		struct bond_step o;

		two_links(NULL);
		s.bond.value[LINK_MODE] = LINK_MODE_8023AD;
		follow(&s, &o, false);
		mine(named("bond0"))->bond.aggregator = 1;
		mine(named("bond0"))->bond.partner[5] = row[i].partner;
		for (int k = 0; k < 2; k++) {
			struct link_port *p = &mine(named(s.link[k]))->port;

			p->aggregator = row[i].aggregator[k];
			p->actor = k ? row[i].actor : BOTH;
			p->partner = k ? row[i].port : SYNC;
		}
		bond_look(&s, &all, &h);
		if (h.works != row[i].works || !strstr(h.link[1].why, row[i].why))
			fail_msg("%s: %u work, %s", row[i].what, h.works, h.link[1].why);
	}
}

static void verdicts(void **state)
{
	static const struct {
		unsigned works, counts, wanted, minimum;
		enum ocf_rc rc;
	} row[] = {
		{2, 2, 2, 1, OCF_SUCCESS},     {1, 1, 2, 1, OCF_DEGRADED},
		{0, 0, 2, 1, OCF_ERR_GENERIC}, {0, 0, 2, 0, OCF_DEGRADED},
		{2, 1, 2, 1, OCF_DEGRADED},    {1, 0, 2, 1, OCF_DEGRADED},
		{1, 1, 2, 2, OCF_ERR_GENERIC}, {1, 1, 1, 1, OCF_SUCCESS},
	};
	struct bond_settings s = settings();
	char text[BOND_TEXT];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct bond_health h = {.n = 2,
					.works = row[i].works,
					.counts = row[i].counts,
					.wanted = row[i].wanted};

		s.minimum = row[i].minimum;
		if (bond_judge(&s, &h, text) != row[i].rc || !!*text != (row[i].rc != OCF_SUCCESS))
			fail_msg("row %zu: %s", i, text);
	}
}

static void an_adopted_ones_links_are_those_it_has(void **state)
{
	struct bond_settings s = settings();
	struct bond_health h;

	s.links = 0;
	bond_look(&s, &all, &h);
	assert_int_equal(h.n, 0);
	enslave(mine(named("eth0")), add("bond0", "bond", ""));
	bond_look(&s, &all, &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.works, 1);
}

static void failures_are_those_of_both_counters(void **state)
{
	struct bond_settings s = settings();
	struct bond_health h;

	mine(named("eth0"))->carrier_downs = 3;
	mine(named("eth0"))->port.failures = UINT32_MAX;
	bond_look(&s, &all, &h);
	assert_true(h.link[0].failures == 3 + (uint64_t)UINT32_MAX);
}

/* ---- parameters ---- */

static void words(void **state)
{
	static const struct {
		const char *text;
		int n;
	} row[] = {
		{"eth0 eth1", 2}, {" eth0,eth1 ,", 2},
		{"", 0},          {"eth0 eth0", -EINVAL},
		{"e/0", -EINVAL}, {"a b c d", -EINVAL},
		{"-a", -EINVAL},  {"abcdefghijklmnop", -EINVAL},
		{"..", -EINVAL},  {"enp1s0f0np0.10 x", 2},
	};
	char out[3][IFNAMSIZ];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (bond_words(row[i].text, out, 3) != row[i].n)
			fail_msg("\"%s\"", row[i].text);
}

static void vlans(void **state)
{
	static const struct {
		const char *text;
		int rc;
		unsigned n;
	} row[] = {
		{"10=br10 20", 0, 2},
		{"4094=b", 0, 1},
		{"", 0, 0},
		{"0=br0", -EINVAL, 0},
		{"4095=b", -EINVAL, 0},
		{"10=", -EINVAL, 0},
		{"10=br10 10=br11", -EINVAL, 0},
		{"10=br10 11=br10", -EINVAL, 0},
		{"x=br10", -EINVAL, 0},
		{"10x", -EINVAL, 0},
		{"-1=br", -EINVAL, 0},
		{"99999999999999999999=br", -EINVAL, 0},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct bond_settings s = {.name = "bond0"};
		int rc = bond_vlans(&s, row[i].text);

		if (rc != row[i].rc || (!rc && s.bridges != row[i].n))
			fail_msg("\"%s\": %d, %u", row[i].text, rc, s.bridges);
	}
	struct bond_settings longest = {.name = "abcdefghijkl"};

	assert_int_equal(bond_vlans(&longest, "10=b"), 0);
	assert_int_equal(bond_vlans(&longest, "1000=c"), -EINVAL);
}

static void options(void **state)
{
	static const struct {
		enum link_option o;
		const char *text;
		int64_t value; /* -1: refused */
	} row[] = {
		{LINK_MODE, "802.3ad", 4},      {LINK_MODE, "4", -1},
		{LINK_MODE, "active", -1},      {LINK_MIIMON, "100", 100},
		{LINK_MIIMON, "-1", -1},        {LINK_MIIMON, "1s", -1},
		{LINK_MIIMON, "", -1},          {LINK_MIIMON, "99999999999999999999", -1},
		{LINK_LACP_RATE, "fast", 1},    {LINK_XMIT_HASH_POLICY, "layer3+4", 1},
		{LINK_NUM_GRAT_ARP, "256", -1}, {LINK_ARP_VALIDATE, "all", 3},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint32_t v = 0;
		int rc = link_option_parse(row[i].o, row[i].text, &v);

		if (row[i].value < 0 ? !rc : rc || v != row[i].value)
			fail_msg("%s=%s", link_options[row[i].o].name, row[i].text);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, two_links)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links_that_work),
		TEST(links_of_lacp),
		TEST(verdicts),
		TEST(an_adopted_ones_links_are_those_it_has),
		TEST(failures_are_those_of_both_counters),
		cmocka_unit_test(words),
		cmocka_unit_test(vlans),
		cmocka_unit_test(options),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
