// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of rtnetlink's words say that guests have to be announced anew. */
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/net/peers.h"

struct message {
	struct nlmsghdr h;
	struct ifinfomsg i;
	struct rtattr mtu;
	uint32_t mtu_value;
	struct rtattr event;
	uint32_t event_value;
};

static struct message message(uint16_t type, uint32_t event)
{
	return (struct message){
		.h = {.nlmsg_len = sizeof(struct message), .nlmsg_type = type},
		.mtu = {.rta_len = RTA_LENGTH(4), .rta_type = IFLA_MTU},
		.event = {.rta_len = RTA_LENGTH(4), .rta_type = IFLA_EVENT},
		.event_value = event,
	};
}

static void the_words(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t event;
		bool moved;
	} row[] = {
		{RTM_NEWLINK, IFLA_EVENT_BONDING_FAILOVER, true},
		{RTM_NEWLINK, IFLA_EVENT_NOTIFY_PEERS, true},
		{RTM_NEWLINK, IFLA_EVENT_NONE, false},
		{RTM_NEWLINK, IFLA_EVENT_IGMP_RESEND, false},
		{RTM_NEWLINK, UINT32_MAX, false},
		{RTM_DELLINK, IFLA_EVENT_NOTIFY_PEERS, false},
		{NLMSG_DONE, IFLA_EVENT_NOTIFY_PEERS, false},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct message m = message(row[i].type, row[i].event);

		if (peers_moved(&m, sizeof(m)) != row[i].moved)
			fail_msg("row %zu", i);
	}
}

static void the_second_of_two(void **state)
{
	struct message m[] = {message(RTM_NEWLINK, IFLA_EVENT_NONE),
			      message(RTM_NEWLINK, IFLA_EVENT_NOTIFY_PEERS)};

	assert_true(peers_moved(m, sizeof(m)));
	assert_false(peers_moved(m, sizeof(m[0])));
}

/* Cut short at every byte, and with every length that lies: never beyond its end (ASan looks). */
static void cut_and_lying(void **state)
{
	struct message m = message(RTM_NEWLINK, IFLA_EVENT_NOTIFY_PEERS);

	for (size_t len = 0; len < sizeof(m); len++) {
		char *copy = malloc(len ? len : 1);

		memcpy(copy, &m, len);
		assert_false(peers_moved(copy, len));
		free(copy);
	}
	for (unsigned lie = 0; lie < 64; lie++) {
		struct message *copy = malloc(sizeof(m));

		*copy = m;
		copy->mtu.rta_len = (uint16_t)lie;
		peers_moved(copy, sizeof(*copy));
		*copy = m;
		copy->h.nlmsg_len = lie;
		peers_moved(copy, sizeof(*copy));
		free(copy);
	}
}

static void a_real_socket_tells_of_no_failover_where_there_is_none(void **state)
{
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = peers_open();
	assert_true(fd >= 0);
	assert_false(peers_read(fd));
	assert_int_equal(system("ip link set lo up"), 0);
	assert_false(peers_read(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words),
		cmocka_unit_test(the_second_of_two),
		cmocka_unit_test(cut_and_lying),
		cmocka_unit_test(a_real_socket_tells_of_no_failover_where_there_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
