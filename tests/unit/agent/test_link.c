// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtnetlink with this kernel, in a network namespace of the test's own; and the messages that it cannot
 * make here (there is no bonding driver everywhere) made by hand.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "resource-agents/link.h"

static struct hv_error err;

static int own_network(void **state)
{
	return unshare(CLONE_NEWNET) || system("ip link add v0 type veth peer name v1") ? -1 : 0;
}

/* look() - The interface as it is now; .index 0: there is none. */
static struct link look(const char *name)
{
	struct link_list all;
	struct link l = {0};

	assert_int_equal(link_dump(&all, &err), 0);
	if (link_named(&all, name)) {
		l = *link_named(&all, name);
		assert_string_equal(link_indexed(&all, l.index)->name, name);
	}
	link_list_free(&all);
	return l;
}

static void a_bridge_and_its_port(void **state)
{
	struct link br, v;

	assert_int_equal(link_make_bridge("br0", "taiki:x", &err), 0);
	assert_int_equal(link_make_bridge("br0", "taiki:y", &err), -EEXIST);
	br = look("br0");
	assert_string_equal(br.kind, "bridge");
	assert_string_equal(br.alias, "taiki:x");
	assert_false(br.up);
	v = look("v0");
	assert_string_equal(v.kind, "veth");
	assert_int_equal(link_set_mtu(&v, 1400, &err), 0);
	assert_int_equal(link_set_up(&v, true, &err), 0);
	assert_int_equal(link_set_master(&v, br.index, &err), 0);
	v = look("v0");
	assert_int_equal(v.mtu, 1400);
	assert_int_equal(v.master, br.index);
	assert_string_equal(v.port_kind, "bridge");
	assert_true(v.up);
	assert_int_equal(link_set_master(&v, 0, &err), 0);
	assert_int_equal(look("v0").master, 0);
	assert_int_equal(link_remove(&br, &err), 0);
	assert_int_equal(look("br0").index, 0);
	assert_int_equal(link_remove(&br, &err), -ENODEV);
	assert_non_null(strstr(err.text, "br0"));
}

static void a_cable_that_is_lost_is_counted(void **state)
{
	struct link v0 = look("v0"), v1 = look("v1");

	assert_int_equal(link_set_up(&v0, true, &err), 0);
	assert_int_equal(link_set_up(&v1, true, &err), 0);
	assert_true(look("v0").carrier);
	assert_int_equal(link_set_up(&v1, false, &err), 0);
	assert_false(look("v0").carrier);
	assert_true(look("v0").carrier_downs > 0);
}

static void its_speed(void **state)
{
	struct link v = look("v0"), none = {.name = "nothing"};

	link_speed(&v);
	assert_int_equal(v.speed, 10000);
	assert_int_equal(v.duplex, LINK_DUPLEX_FULL);
	link_speed(&none);
	assert_int_equal(none.speed, LINK_SPEED_UNKNOWN);
	assert_int_equal(none.duplex, LINK_DUPLEX_UNKNOWN);
}

/* Where the kernel can make one it is made; where it cannot, the message says what to load. */
static void a_bond_or_what_to_load(void **state)
{
	struct link_bond b = {.given = {[LINK_MODE] = true, [LINK_MIIMON] = true},
			      .value = {[LINK_MODE] = LINK_MODE_ACTIVE_BACKUP, [LINK_MIIMON] = 50}};
	int rc = link_make_bond("bond7", "taiki:x", &b, &err);

	if (rc == -EOPNOTSUPP) {
		assert_non_null(strstr(err.text, "modprobe bonding"));
		assert_int_equal(look("bond7").index, 0);
		return;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(look("bond7").bond.value[LINK_MIIMON], 50);
	assert_string_equal(look("bond7").alias, "taiki:x");
}

/* ---- messages made by hand ---- */

static struct nl_msg *bond_message(void)
{
	struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct ifinfomsg i = {.ifi_index = 7, .ifi_flags = 1};
	struct nlattr *info, *data, *nest;

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, "bond0");
	nla_put_string(m, IFLA_IFALIAS, "taiki:net");
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "bond");
	data = nla_nest_start(m, IFLA_INFO_DATA);
	nla_put_u8(m, IFLA_BOND_MODE, LINK_MODE_8023AD);
	nla_put_u32(m, IFLA_BOND_MIIMON, 100);
	nla_put_u32(m, IFLA_BOND_PRIMARY, 3);
	nest = nla_nest_start(m, IFLA_BOND_ARP_IP_TARGET);
	nla_put_u32(m, 0, 0x0100000a);
	nla_nest_end(m, nest);
	nest = nla_nest_start(m, IFLA_BOND_AD_INFO);
	nla_put_u16(m, IFLA_BOND_AD_INFO_AGGREGATOR, 5);
	nla_put(m, IFLA_BOND_AD_INFO_PARTNER_MAC, 6, "\1\2\3\4\5\6");
	nla_nest_end(m, nest);
	/* A kernel that is newer than we are. */
	nla_put_u32(m, 60000, 1);
	nla_nest_end(m, data);
	nla_put_string(m, IFLA_INFO_SLAVE_KIND, "bond");
	data = nla_nest_start(m, IFLA_INFO_SLAVE_DATA);
	nla_put_u8(m, IFLA_BOND_SLAVE_STATE, 0);
	nla_put_u8(m, IFLA_BOND_SLAVE_MII_STATUS, 0);
	nla_put_u32(m, IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, 9);
	nla_put_u16(m, IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, 5);
	nla_put_u8(m, IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE, 0x3d);
	nla_put_u16(m, IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, 0x3c);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return m;
}

static void a_bond_as_the_kernel_tells_it(void **state)
{
	struct nl_msg *m = bond_message();
	struct link l;

	assert_int_equal(link_parse(&l, nlmsg_hdr(m)), 0);
	nlmsg_free(m);
	assert_int_equal(l.index, 7);
	assert_string_equal(l.alias, "taiki:net");
	assert_int_equal(l.bond.value[LINK_MODE], LINK_MODE_8023AD);
	assert_true(l.bond.given[LINK_MIIMON] && !l.bond.given[LINK_UPDELAY]);
	assert_int_equal(l.bond.primary, 3);
	assert_int_equal(l.bond.arp_targets, 1);
	assert_int_equal(l.bond.aggregator, 5);
	assert_memory_equal(l.bond.partner, "\1\2\3\4\5\6", 6);
	assert_true(l.port.up && l.port.active);
	assert_int_equal(l.port.failures, 9);
	assert_int_equal(l.port.actor, 0x3d);
	assert_int_equal(l.port.partner, 0x3c);
}

/* Cut short anywhere, and with any byte another: an answer or none, and never beyond its end (ASan). */
static void spoilt(void **state)
{
	struct nl_msg *m = bond_message();
	size_t len = nlmsg_hdr(m)->nlmsg_len;
	struct link l;

	for (size_t i = 0; i < len; i++) {
		struct nlmsghdr *h = malloc(len);

		memcpy(h, nlmsg_hdr(m), len);
		((uint8_t *)h)[i] ^= 0xff;
		if (h->nlmsg_len <= len)
			link_parse(&l, h);
		free(h);
		h = malloc(i + sizeof(*h));
		memcpy(h, nlmsg_hdr(m), i + sizeof(*h) < len ? i + sizeof(*h) : len);
		h->nlmsg_len = (uint32_t)(i + sizeof(*h) < len ? i + sizeof(*h) : len);
		link_parse(&l, h);
		free(h);
	}
	nlmsg_hdr(m)->nlmsg_type = RTM_DELLINK;
	assert_int_equal(link_parse(&l, nlmsg_hdr(m)), -EINVAL);
	nlmsg_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bridge_and_its_port),
		cmocka_unit_test(a_cable_that_is_lost_is_counted),
		cmocka_unit_test(its_speed),
		cmocka_unit_test(a_bond_or_what_to_load),
		cmocka_unit_test(a_bond_as_the_kernel_tells_it),
		cmocka_unit_test(spoilt),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, own_network, NULL);
}
