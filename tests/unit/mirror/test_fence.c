// SPDX-License-Identifier: GPL-2.0-or-later
/* What a fence-peer handler's exit status means, and how taiki-fence-peer comes to its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "mirror/engine/fence.h"
#include "mirror/fence/fence.h"

static void outcomes(void **state)
{
	static const struct {
		int status;
		enum disk mine;
		enum fence_outcome outcome;
	} row[] = {
		{3, DISK_UP_TO_DATE, FENCE_PEER_INCONSISTENT},
		{4, DISK_UP_TO_DATE, FENCE_PEER_OUTDATED},
		{4, DISK_CONSISTENT, FENCE_PEER_OUTDATED},
		{5, DISK_UP_TO_DATE, FENCE_PEER_OUTDATED},
		{5, DISK_CONSISTENT, FENCE_FAILED},
		{6, DISK_UP_TO_DATE, FENCE_WE_ARE_OUTDATED},
		{7, DISK_CONSISTENT, FENCE_PEER_OUTDATED},
		{0, DISK_UP_TO_DATE, FENCE_FAILED},
		{1, DISK_UP_TO_DATE, FENCE_FAILED},
		{127, DISK_UP_TO_DATE, FENCE_FAILED},
		{-1, DISK_UP_TO_DATE, FENCE_FAILED},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (fence_outcome(row[i].status, row[i].mine) != row[i].outcome)
			fail_msg("row %zu", i);
}

static void steps(void **state)
{
	static const struct {
		struct fence_facts f;
		enum fence_step step;
	} row[] = {
		{{true, "c", "b", "", PEER_ONLINE, false}, FENCE_PLACE},
		{{true, "c", "b", "a", PEER_ONLINE, false}, FENCE_ASK},
		{{true, "c", "b", "a", PEER_ONLINE, true}, FENCE_SAY_OUTDATED},
		{{true, "c", "b", "a", PEER_UNCLEAN, true}, FENCE_WAIT},
		{{true, "c", "b", "a", PEER_ABSENT, true}, FENCE_WAIT},
		{{true, "c", "b", "a", PEER_DOWN, false}, FENCE_SAY_DOWN},
		/* it is placed before anything is believed */
		{{true, "c", "b", "", PEER_DOWN, false}, FENCE_PLACE},
		{{true, "c", "b", "", PEER_UNCLEAN, false}, FENCE_PLACE},
		/* the peer was first */
		{{true, "c", "b", "b", PEER_DOWN, false}, FENCE_SAY_PRIMARY},
		{{false, "c", "b", "b", PEER_ONLINE, false}, FENCE_SAY_PRIMARY},
		{{true, "c", "b", "?", PEER_ONLINE, true}, FENCE_SAY_PRIMARY},
		/* no quorum */
		{{false, "c", "b", "", PEER_DOWN, false}, FENCE_WAIT},
		{{false, "c", "b", "a", PEER_DOWN, true}, FENCE_WAIT},
		{{false, "c", "b", "a", PEER_ONLINE, true}, FENCE_WAIT},
		/* not one of ours */
		{{true, "", "", "", PEER_ONLINE, false}, FENCE_SAY_UNCONFIGURED},
		{{true, "c", "", "", PEER_ONLINE, false}, FENCE_SAY_UNCONFIGURED},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (fence_decide(&row[i].f, "a") != row[i].step)
			fail_msg("row %zu: %d", i, fence_decide(&row[i].f, "a"));
}

#define CIB(resources_, constraints_)                                                         \
	"<cib><configuration><resources>" resources_ "</resources><constraints>" constraints_ \
	"</constraints></configuration></cib>"
#define DISK(id_, more_)                                                                \
	"<primitive id='" id_ "' class='ocf' provider='taiki' type='mirror'>"           \
	"<instance_attributes id='i'>" more_                                            \
	"<nvpair id='h' name='hosts' value='a=10.0.0.1:7789 b=10.0.0.2:7789'/>"         \
	"</instance_attributes><meta_attributes id='m'><nvpair id='n' name='resource' " \
	"value='other'/></meta_attributes></primitive>"
#define CLONE(p_) "<clone id='c'>" p_ "</clone>"
#define ONLY(who_)                                                                            \
	"<rsc_location rsc='c' id='taiki-mirror-fence-r0'><rule role='Master' "               \
	"score='-INFINITY' id='x'><expression attribute='#uname' operation='ne' value='" who_ \
	"' id='y'/></rule></rsc_location>"

static int cib(struct fence_facts *f, const char *text, const char *me)
{
	return fence_read_cib(f, text, strlen(text), "r0", me);
}

static void configurations(void **state)
{
	struct fence_facts f;

	assert_int_equal(cib(&f, CIB(CLONE(DISK("r0", "")), ""), "a"), 0);
	assert_string_equal(f.clone, "c");
	assert_string_equal(f.peer, "b");
	assert_string_equal(f.only, "");
	assert_int_equal(cib(&f, CIB(CLONE(DISK("r0", "")), ONLY("a")), "b"), 0);
	assert_string_equal(f.peer, "a");
	assert_string_equal(f.only, "a");
	/* by its parameter, not by its id */
	assert_int_equal(cib(&f,
			     CIB(CLONE(DISK("r0", "<nvpair id='q' name='resource' value='r1'/>"))
					 CLONE(DISK("disk", "<nvpair id='q' name='resource' "
							    "value='r0'/>")),
				 ""),
			     "a"),
			 0);
	assert_string_equal(f.peer, "b");
	assert_int_equal(
		cib(&f, CIB(CLONE(DISK("r0", "<nvpair id='q' name='resource' value='r1'/>")), ""),
		    "a"),
		0);
	assert_string_equal(f.clone, "");
	/* no clone; not of this node; another agent's */
	assert_int_equal(cib(&f, CIB(DISK("r0", ""), ""), "a"), 0);
	assert_string_equal(f.clone, "");
	assert_int_equal(cib(&f, CIB(CLONE(DISK("r0", "")), ""), "c"), 0);
	assert_string_equal(f.peer, "");
	assert_int_equal(
		cib(&f, CIB(CLONE("<primitive id='r0' provider='linbit' type='drbd'/>"), ""), "a"),
		0);
	assert_string_equal(f.clone, "");
	/* a part of it, as a peer is asked for */
	assert_int_equal(cib(&f, "<constraints>" ONLY("a") "</constraints>", "a"), 0);
	assert_string_equal(f.only, "a");
	/* changed by hand: nobody's */
	assert_int_equal(
		cib(&f, "<constraints><rsc_location id='taiki-mirror-fence-r0'/></constraints>",
		    "a"),
		0);
	assert_string_equal(f.only, "?");
	assert_int_equal(cib(&f, "", "a"), -EINVAL);
	assert_int_equal(cib(&f, "<cib>", "a"), -EINVAL);
}

/* What drbdadm dump-xml says. */
#define CONF(hosts_) "<resource name='r0'>" hosts_ "<section name='net'/></resource>"
#define HOST(name_) \
	"<host name='" name_ "'><address family='ipv4' port='1'>10.0.0.1</address></host>"

static void hosts_of_a_drbd_conf(void **state)
{
	static const struct {
		const char *text, *peer; /* peer NULL: not told */
	} row[] = {
		{CONF(HOST("a") HOST("b")), "b"},
		{CONF(HOST("b") HOST("a")), "b"},
		{CONF(HOST("a")), NULL},
		{CONF(HOST("b") HOST("c")), NULL},
		{CONF(HOST("a") HOST("b") HOST("c")), NULL},
		{"<resource><x>" HOST("a") HOST("b") "</x></resource>", NULL},
		{"", NULL},
	};
	struct fence_facts f;

	/* the parameter, in place of hosts */
	assert_int_equal(
		cib(&f,
		    CIB(CLONE("<primitive id='r0' provider='taiki' type='mirror'>"
			      "<instance_attributes id='i'><nvpair id='p' name='config' "
			      "value='/etc/drbd.conf'/></instance_attributes></primitive>"),
			""),
		    "a"),
		0);
	assert_string_equal(f.conf, "/etc/drbd.conf");
	assert_string_equal(f.peer, "");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct fence_facts g = {0};
		int rc = fence_read_conf(&g, row[i].text, strlen(row[i].text), "a");

		if (rc != (row[i].peer ? 0 : -EINVAL) ||
		    strcmp(g.peer, row[i].peer ? row[i].peer : "") != 0)
			fail_msg("row %zu: %d %s", i, rc, g.peer);
	}
}

#define MON(quorum_, node_)                                                                     \
	"<pacemaker-result><summary><current_dc present='true' with_quorum='" quorum_ "'/>"     \
	"</summary><nodes><node name='a' online='true' unclean='false' pending='false'/>" node_ \
	"</nodes><resources><resource id='x'><node name='b' id='2'/></resource></resources>"    \
	"</pacemaker-result>"

static void peers_hosts(void **state)
{
	static const struct {
		const char *text;
		bool quorate;
		enum peer_host host;
	} row[] = {
		{MON("true", "<node name='b' online='true' unclean='false' pending='false'/>"),
		 true, PEER_ONLINE},
		{MON("true", "<node name='b' online='false' unclean='false' pending='false'/>"),
		 true, PEER_DOWN},
		{MON("true", "<node name='b' online='false' unclean='true' pending='false'/>"),
		 true, PEER_UNCLEAN},
		{MON("true", "<node name='b' online='true' unclean='true' pending='false'/>"), true,
		 PEER_UNCLEAN},
		{MON("false", "<node name='b' online='true' unclean='false' pending='true'/>"),
		 false, PEER_UNCLEAN},
		{MON("true", ""), true, PEER_ABSENT},
		{"<pacemaker-result/>", false, PEER_ABSENT},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct fence_facts f = {.peer = "b", .quorate = true, .host = PEER_DOWN};

		assert_int_equal(fence_read_status(&f, row[i].text, strlen(row[i].text)), 0);
		if (f.quorate != row[i].quorate || f.host != row[i].host)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes),       cmocka_unit_test(steps),
		cmocka_unit_test(configurations), cmocka_unit_test(hosts_of_a_drbd_conf),
		cmocka_unit_test(peers_hosts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
