/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps on a real bridge, in a network namespace of the test's own. */
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/net/tap.h"

enum { MTU = 1400, LONG_MS = 60000 };

static struct hv_nic nic = {.bridge = (char *)"br0", .mac = {0x52, 0x54, 0, 1, 2, 3}};
static struct hv_nic other = {.bridge = (char *)"br0", .mac = {0x52, 0x54, 0, 1, 2, 4}};

static struct ifreq ask(const char *name, unsigned long what)
{
	struct ifreq r = {0};
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	assert_int_equal(ioctl(s, what, &r), 0);
	close(s);
	return r;
}

static int make_bridge(void **state)
{
	struct ifreq r = {.ifr_name = "br0"};
	int s, rc;

	if (unshare(CLONE_NEWNET))
		return -1;
	s = socket(AF_INET, SOCK_DGRAM, 0);
	rc = ioctl(s, SIOCBRADDBR, "br0");
	if (!rc) {
		r.ifr_mtu = MTU;
		rc = ioctl(s, SIOCSIFMTU, &r);
	}
	if (!rc) {
		r.ifr_flags = IFF_UP;
		rc = ioctl(s, SIOCSIFFLAGS, &r);
	}
	close(s);
	return rc;
}

static void on_the_bridge(void **state)
{
	struct hv_error err;
	struct ifreq r;
	struct tap t;

	assert_int_equal(tap_open(&t, &nic, &err), 0);
	assert_int_equal(strncmp(t.name, "tk", 2), 0);
	assert_int_equal(t.mtu, MTU);
	assert_true(ask(t.name, SIOCGIFFLAGS).ifr_flags & IFF_UP);
	assert_int_equal(ask(t.name, SIOCGIFMTU).ifr_mtu, MTU);
	assert_int_equal(ask("br0", SIOCGIFMTU).ifr_mtu, MTU);
	/* Neither the guest's address, nor one the bridge could take for its own. */
	r = ask(t.name, SIOCGIFHWADDR);
	assert_int_equal((uint8_t)r.ifr_hwaddr.sa_data[0] & 0xfe, 0xfe);
	assert_memory_not_equal(r.ifr_hwaddr.sa_data, nic.mac, 6);
	tap_close(&t);
	assert_int_equal(if_nametoindex(t.name), 0);
}

static void refusals(void **state)
{
	struct hv_nic n = {.bridge = (char *)"nobridge"};
	struct hv_error err;
	struct tap t, second;

	assert_int_equal(tap_open(&t, &n, &err), -ENODEV);
	assert_non_null(strstr(err.text, "nobridge"));
	n = nic;
	n.tap = (char *)"a-name-that-is-too-long";
	assert_int_equal(tap_open(&t, &n, &err), -EINVAL);
	n.tap = (char *)"taptest";
	assert_int_equal(tap_open(&t, &n, &err), 0);
	assert_string_equal(t.name, "taptest");
	assert_int_equal(tap_open(&second, &n, &err), -EBUSY);
	assert_non_null(strstr(err.text, "taptest"));
	tap_close(&t);
	/* And nothing is left behind by a failure. */
	n.bridge = (char *)"lo";
	n.tap = (char *)"tapleft";
	assert_true(tap_open(&t, &n, &err) < 0);
	assert_int_equal(t.fd, -1);
	assert_int_equal(if_nametoindex("tapleft"), 0);
}

/* The next frame of type 0x88b5 (for experiments) on @t, header included. */
static ssize_t receive(const struct tap *t, uint8_t *to, size_t size)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};
	ssize_t n;

	while (poll(&p, 1, LONG_MS) > 0) {
		n = read(t->fd, to, size);
		if (n > TAP_HEADER + 14 && to[TAP_HEADER + 12] == 0x88 &&
		    to[TAP_HEADER + 13] == 0xb5)
			return n;
	}
	return -1;
}

/* The kernel takes up to a second to notice a carrier, and longer where many of its networks come and go. */
static bool becomes(const struct tap *t, bool running)
{
	for (unsigned i = 0; i < LONG_MS / 10; i++) {
		if (!!(ask(t->name, SIOCGIFFLAGS).ifr_flags & IFF_RUNNING) == running)
			return true;
		usleep(10000);
	}
	return false;
}

static void frames_pass(void **state)
{
	uint8_t frame[TAP_HEADER + 100] = {0}, got[2048];
	struct hv_error err;
	struct tap a, b;

	assert_int_equal(tap_open(&a, &nic, &err), 0);
	assert_int_equal(tap_open(&b, &other, &err), 0);
	memset(frame + TAP_HEADER, 0xff, 6);
	memcpy(frame + TAP_HEADER + 6, nic.mac, 6);
	frame[TAP_HEADER + 12] = 0x88;
	frame[TAP_HEADER + 13] = 0xb5;
	frame[TAP_HEADER + 50] = 0x42;
	assert_int_equal(write(a.fd, frame, sizeof(frame)), sizeof(frame));
	assert_int_equal(receive(&b, got, sizeof(got)), sizeof(frame));
	assert_memory_equal(got + TAP_HEADER, frame + TAP_HEADER, 100);
	assert_int_equal(tap_offload(&a, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN), 0);
	/* A segment the header of which is a lie is refused by the kernel, not sent. */
	((struct virtio_net_hdr *)frame)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	((struct virtio_net_hdr *)frame)->csum_start = 60000;
	assert_int_equal(write(a.fd, frame, sizeof(frame)), -1);
	assert_int_equal(errno, EINVAL);
	/* The cable is out: the interface says so. */
	tap_carrier(&b, false);
	assert_true(becomes(&b, false));
	tap_carrier(&b, true);
	assert_true(becomes(&b, true));
	tap_close(&a);
	tap_close(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_the_bridge),
		cmocka_unit_test(refusals),
		cmocka_unit_test(frames_pass),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tap", tests, make_bridge, NULL);
}
