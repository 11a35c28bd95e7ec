// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An interface of the host that is one guest's: a cable's end, in a network namespace of the test's own.
 * What the guest sends comes out at the other end, and what is left behind is the next one's.
 */
#include <errno.h>
#include <net/if_arp.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/lib/macvtap.h"
#include "hvcore/vmm/net/tap.h"

static struct hv_nic nic = {.direct = (char *)"v0", .mac = {0x52, 0x54, 0, 1, 2, 3}};
static struct hv_nic other = {.bridge = (char *)"br0", .mac = {0x52, 0x54, 0, 1, 2, 4}};
static uint8_t own[6];
static char run[] = "/tmp/macvtap.XXXXXX";

static void address(const char *name, uint8_t out[6])
{
	struct ifreq r = {0};
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(r.ifr_name, name);
	assert_int_equal(ioctl(s, SIOCGIFHWADDR, &r), 0);
	memcpy(out, r.ifr_hwaddr.sa_data, 6);
	close(s);
}

static int own_network(void **state)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) || !mkdtemp(run) ||
	    setenv("TAIKI_RUN_DIR", run, 1) ||
	    system("ip link add v0 type veth peer name v1 && ip link add br0 type bridge && "
		   "ip link set v1 master br0 && ip link set v1 up && ip link set br0 up"))
		return -1;
	address("v0", own);
	return 0;
}

static int leave(void **state)
{
	char command[64] = "rm -rf ";

	return system(strcat(command, run));
}

static bool has_address(const char *name, const uint8_t mac[6])
{
	uint8_t is[6];

	address(name, is);
	return !memcmp(is, mac, 6);
}

static void frames_pass(void **state)
{
	uint8_t frame[TAP_HEADER + 100] = {0}, got[2048];
	struct hv_error err;
	struct tap a, b;
	ssize_t n = 0;

	assert_int_equal(tap_open(&b, &other, &err), 0);
	if (tap_open(&a, &nic, &err))
		fail_msg("%s", err.text);
	assert_true(has_address("v0", nic.mac));
	assert_int_equal(a.mtu, 1500);
	memset(frame + TAP_HEADER, 0xff, 6);
	memcpy(frame + TAP_HEADER + 6, nic.mac, 6);
	frame[TAP_HEADER + 12] = 0x88;
	frame[TAP_HEADER + 13] = 0xb5;
	frame[TAP_HEADER + 50] = 0x42;
	/* A carrier takes up to a second to be noticed, and longer where many networks come and go. */
	for (int i = 0; i < 1000 && n != sizeof(frame); i++) {
		struct pollfd p = {.fd = b.fd, .events = POLLIN};

		assert_int_equal(write(a.fd, frame, sizeof(frame)), sizeof(frame));
		while (poll(&p, 1, 50) > 0 && n != sizeof(frame))
			n = read(b.fd, got, sizeof(got));
	}
	assert_int_equal(n, sizeof(frame));
	assert_memory_equal(got + TAP_HEADER, frame + TAP_HEADER, 100);
	tap_close(&a);
	tap_close(&b);
}

static void what_is_left_is_the_next_ones(void **state)
{
	struct hv_error err;
	struct tap a, second;

	/* The one before has been closed, and its macvtap stands there still. */
	assert_true(has_address("v0", nic.mac));
	assert_int_equal(tap_open(&a, &nic, &err), 0);
	assert_int_equal(tap_open(&second, &nic, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another domain has it"));
	assert_int_equal(macvtap_remove("v0"), -EBUSY);
	assert_true(if_nametoindex(a.name) > 0);
	tap_close(&a);
	assert_int_equal(macvtap_remove("v0"), 0);
	assert_int_equal(if_nametoindex(a.name), 0);
	assert_true(has_address("v0", own));
	assert_int_equal(macvtap_remove("v0"), 0);
	assert_int_equal(macvtap_remove("nothing"), 0);
}

static void refusals(void **state)
{
	struct hv_nic n = nic;
	struct hv_error err;
	struct tap t;

	n.direct = (char *)"nothing";
	assert_int_equal(tap_open(&t, &n, &err), -ENODEV);
	assert_non_null(strstr(err.text, "no such interface"));
	n.direct = (char *)"v1"; /* a bridge's port */
	assert_true(tap_open(&t, &n, &err) < 0);
	assert_non_null(strstr(err.text, "in use"));
	assert_int_equal(t.fd, -1);
	assert_int_equal(t.lock, -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass),
		cmocka_unit_test(what_is_left_is_the_next_ones),
		cmocka_unit_test(refusals),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("macvtap", tests, own_network, leave);
}
