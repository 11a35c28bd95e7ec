/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network device, with a pair of sockets for a tap. */
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/virtio/devices.h"
#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/net.h"
#include "tests/unit/virtio/driver.h"

enum { RX = 0x10000, TX = 0x14000, CTL = 0x18000, DATA = 0x80000, HDR = 12 };

static int wire[2] = {-1, -1}; /* the device's end, ours */
static unsigned offload;
static bool carrier;

int tap_open(struct tap *t, const struct hv_nic *nic, struct hv_error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, wire))
		return -errno;
	*t = (struct tap){.fd = wire[0], .name = "tk0", .mtu = 1400};
	return 0;
}

void tap_close(struct tap *t)
{
}

int tap_offload(const struct tap *t, unsigned bits)
{
	offload = bits;
	return 0;
}

void tap_carrier(const struct tap *t, bool on)
{
	carrier = on;
}

static struct hv_nic nic = {.bridge = (char *)"br0", .mac = {0x52, 0x54, 0, 1, 2, 3}};
static struct drv rx, tx, ctl;
static struct hv_progress page;
static struct net *n;

static void start(uint64_t features)
{
	char drain[4096];

	if (!n) {
		rig_init();
		assert_int_equal(virtio_net_create(&nic, 0, false, NULL), 0);
		n = (struct net *)rig.device;
	}
	rig_init();
	while (recv(wire[1], drain, sizeof(drain), 0) > 0)
		;
	assert_true(drv_negotiate(&n->v, features));
	drv_queue(&rx, &n->v, 0, 16, RX);
	drv_queue(&tx, &n->v, 1, 16, TX);
	drv_queue(&ctl, &n->v, 2, 16, CTL);
	drv_ok(&n->v);
	rig_run(0);
	board.progress = &page;
	n->rx_packets = n->rx_dropped = n->tx_packets = n->tx_dropped = 0;
}

#define MERGE F(VIRTIO_NET_F_MRG_RXBUF)

static void buffers(unsigned count, uint32_t len)
{
	for (unsigned i = 0; i < count; i++) {
		struct piece p = {DATA + 0x2000 * rx.next_desc, len, true};

		drv_add(&rx, &p, 1);
	}
	drv_kick(&rx);
	rig_run(0);
}

/* A packet from outside: a header of zeroes, then bytes that tell their place. */
static void arrive(unsigned len)
{
	uint8_t *p = calloc(1, HDR + len);

	for (unsigned i = 0; i < len; i++)
		p[HDR + i] = i * 7;
	assert_int_equal(write(wire[1], p, HDR + len), HDR + len);
	free(p);
	rig_run(0);
}

static void check_bytes(uint64_t gpa, unsigned from, unsigned len)
{
	const uint8_t *p = drv_at(gpa);

	for (unsigned i = 0; i < len; i++)
		assert_int_equal(p[i], (uint8_t)((from + i) * 7));
}

static unsigned num_buffers(uint64_t gpa)
{
	return ((struct virtio_net_hdr_v1 *)drv_at(gpa))->num_buffers;
}

static void configuration(void **state)
{
	start(MERGE);
	assert_int_equal(reg_read(&n->v, R_CONFIG, 4), 0x01005452);
	assert_int_equal(reg_read(&n->v, R_CONFIG + 6, 2), VIRTIO_NET_S_LINK_UP);
	assert_int_equal(reg_read(&n->v, R_CONFIG + 10, 2), 1400);
}

static void sending(void **state)
{
	struct piece p[] = {{DATA, HDR, false}, {DATA + 100, 30, false}, {DATA + 0x2000, 5, false}};
	uint8_t got[128];

	start(MERGE);
	drv_put(DATA + 100, "0123456789abcdefghijklmnopqrst", 30);
	drv_put(DATA + 0x2000, "ABCDE", 5);
	drv_add(&tx, p, 3);
	drv_kick(&tx);
	assert_true(drv_wait(&tx, NULL, NULL));
	assert_int_equal(read(wire[1], got, sizeof(got)), HDR + 35);
	assert_memory_equal(got + HDR, "0123456789abcdefghijklmnopqrstABCDE", 35);
	assert_int_equal(n->tx_packets, 1);
	assert_int_equal(page.nic[0].tx, 1);
}

static void sending_nonsense(void **state)
{
	struct piece huge = {0, RIG_RAM, false}, tiny = {DATA, HDR - 1, false};

	start(MERGE);
	drv_add(&tx, &huge, 1);
	drv_kick(&tx);
	assert_true(drv_wait(&tx, NULL, NULL));
	assert_int_equal(n->tx_dropped, 1);
	drv_add(&tx, &tiny, 1);
	drv_kick(&tx);
	rig_run(0);
	assert_true(reg_read(&n->v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static void receiving(void **state)
{
	uint32_t len;

	start(MERGE);
	buffers(4, 0x1000);
	arrive(100);
	assert_true(drv_used(&rx, NULL, &len));
	assert_int_equal(len, HDR + 100);
	assert_int_equal(num_buffers(DATA), 1);
	check_bytes(DATA + HDR, 0, 100);
	assert_int_equal(rig_unreported(), -1);
}

static void merging(void **state)
{
	uint32_t len;

	start(MERGE);
	buffers(4, 0x400);
	arrive(2500);
	assert_true(drv_used(&rx, NULL, &len));
	assert_int_equal(len, 0x400);
	assert_true(drv_used(&rx, NULL, &len));
	assert_true(drv_used(&rx, NULL, &len));
	assert_int_equal(len, HDR + 2500 - 0x800);
	assert_false(drv_used(&rx, NULL, &len));
	assert_int_equal(num_buffers(DATA), 3);
	check_bytes(DATA + HDR, 0, 0x400 - HDR);
	check_bytes(DATA + 0x2000, 0x400 - HDR, 0x400);
	assert_int_equal(rig_unreported(), -1);
}

/* Too few buffers: the packet waits for them, and so do those behind it. */
static void waiting_for_buffers(void **state)
{
	uint32_t len;

	start(MERGE);
	buffers(1, 0x400);
	arrive(1500);
	arrive(50);
	assert_false(drv_used(&rx, NULL, NULL));
	assert_int_equal(n->rx_dropped, 0);
	buffers(1, 0x400);
	assert_true(drv_used(&rx, NULL, &len));
	assert_true(drv_used(&rx, NULL, &len));
	assert_int_equal(num_buffers(DATA), 2);
	buffers(1, 0x400);
	assert_true(drv_used(&rx, NULL, &len));
	assert_int_equal(len, HDR + 50);
	assert_int_equal(n->rx_packets, 2);
	assert_int_equal(page.nic[0].rx, 2);
}

/* Never to be delivered: more than the whole ring, or than the one buffer. */
static void too_big(void **state)
{
	start(MERGE);
	buffers(16, 64);
	arrive(1500);
	assert_int_equal(n->rx_dropped, 1);
	arrive(40);
	assert_true(drv_used(&rx, NULL, NULL));
	start(0);
	buffers(2, 0x200);
	arrive(1500);
	assert_int_equal(n->rx_dropped, 1);
	arrive(40);
	assert_true(drv_used(&rx, NULL, NULL));
	assert_false(drv_used(&rx, NULL, NULL));
}

static void a_buffer_too_small_for_the_header(void **state)
{
	start(MERGE);
	buffers(1, HDR - 1);
	arrive(40);
	assert_true(reg_read(&n->v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static void link_state(void **state)
{
	struct hv_error err;
	uint8_t got[128];
	struct piece p = {DATA, HDR + 10, false};

	start(MERGE);
	buffers(4, 0x400);
	assert_int_equal(virtio_net_link("net7", true, &err), -ENOENT);
	assert_int_equal(virtio_net_link("net0", false, &err), 0);
	assert_false(carrier);
	assert_int_equal(reg_read(&n->v, R_CONFIG + 6, 2), 0);
	assert_int_equal(reg_read(&n->v, R_ISR, 1) & 2, 2);
	arrive(40);
	assert_false(drv_used(&rx, NULL, NULL));
	drv_add(&tx, &p, 1);
	drv_kick(&tx);
	assert_true(drv_wait(&tx, NULL, NULL));
	assert_int_equal(read(wire[1], got, sizeof(got)), -1);
	assert_int_equal(virtio_net_link("net0", true, &err), 0);
	assert_true(carrier);
	arrive(40);
	assert_true(drv_used(&rx, NULL, NULL));
}

static unsigned status(void)
{
	return reg_read(&n->v, R_CONFIG + 6, 2);
}

/* announced() - Whether a reverse ARP request with the address that ends with @last went out; and nothing else did. */
static bool announced(uint8_t last)
{
	static const uint8_t arp[] = {0, 1, 8, 0, 6, 4, 0, 3};
	const uint8_t mac[] = {0x52, 0x54, 0, 1, 2, last};
	uint8_t got[128];
	ssize_t len = read(wire[1], got, sizeof(got));

	if (len < 0)
		return false;
	assert_int_equal(len, HDR + 60);
	for (unsigned i = 0; i < HDR; i++)
		assert_int_equal(got[i], 0);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(got[HDR + i], 0xff);
	assert_memory_equal(got + HDR + 6, mac, 6);
	assert_int_equal(got[HDR + 12] << 8 | got[HDR + 13], 0x8035);
	assert_memory_equal(got + HDR + 14, arp, sizeof(arp));
	assert_memory_equal(got + HDR + 22, mac, 6);
	assert_memory_equal(got + HDR + 32, mac, 6);
	assert_int_equal(read(wire[1], got, sizeof(got)), -1);
	return true;
}

/* All rounds over, and forgotten. */
static void settle(void)
{
	uint8_t drop[128];

	while (n->announcements)
		rig_timers(1000000000);
	while (read(wire[1], drop, sizeof(drop)) > 0)
		;
}

static uint8_t command(uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	uint8_t head[2] = {class, cmd}, unset = 0xee;
	struct piece p[] = {{DATA, 2, false}, {DATA + 16, 1, true}, {DATA + 16, 1, true}};

	drv_put(DATA, head, 2);
	drv_put(DATA + 16, &unset, 1);
	if (len) {
		drv_put(DATA + 32, data, len);
		p[1] = (struct piece){DATA + 32, len, false};
	}
	drv_add(&ctl, p, len ? 3 : 2);
	drv_kick(&ctl);
	assert_true(drv_wait(&ctl, NULL, NULL));
	assert_int_equal(rig_unreported(), -1);
	return *(uint8_t *)drv_at(DATA + 16);
}

/* The network is told several times, without a word of the guest. */
static void announcing(void **state)
{
	unsigned n_said = 0;

	start(MERGE);
	assert_int_equal(virtio_net_link("net0", false, NULL), 0);
	assert_false(announced(3));
	rig_timers(1000000000);
	assert_false(announced(3));
	assert_int_equal(virtio_net_link("net0", true, NULL), 0);
	assert_true(announced(3));
	assert_int_equal(status(), VIRTIO_NET_S_LINK_UP); /* this driver cannot do it */
	for (unsigned ms = 0; ms < 2000; ms += 10) {
		rig_timers(10000000);
		n_said += announced(3);
	}
	assert_int_equal(n_said, 4);
	/* It is up already: nothing to tell. */
	assert_int_equal(virtio_net_link("net0", true, NULL), 0);
	assert_false(announced(3));
	/* Down again in the middle of it: not a word more. */
	assert_int_equal(virtio_net_link("net0", false, NULL), 0);
	assert_int_equal(virtio_net_link("net0", true, NULL), 0);
	assert_true(announced(3));
	assert_int_equal(virtio_net_link("net0", false, NULL), 0);
	rig_timers(2000000000);
	assert_false(announced(3));
	assert_int_equal(virtio_net_link("net0", true, NULL), 0);
	settle();
}

#define ANNOUNCE (MERGE | F(VIRTIO_NET_F_CTRL_VQ) | F(VIRTIO_NET_F_GUEST_ANNOUNCE))

static void the_driver_announces_itself(void **state)
{
	start(ANNOUNCE);
	assert_int_equal(status(), VIRTIO_NET_S_LINK_UP);
	assert_int_equal(virtio_net_link("net0", false, NULL), 0);
	assert_int_equal(status(), 0);
	reg_read(&n->v, R_ISR, 1);
	assert_int_equal(virtio_net_link("net0", true, NULL), 0);
	assert_int_equal(status(), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	assert_int_equal(reg_read(&n->v, R_ISR, 1) & 2, 2);
	assert_int_equal(command(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0),
			 VIRTIO_NET_OK);
	assert_int_equal(status(), VIRTIO_NET_S_LINK_UP);
	/* Its first answer may have gone out while the port was not up yet: it is asked again. */
	rig_timers(60000000);
	assert_int_equal(status(), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	/* A driver that starts over is not asked for what was before. */
	reg_write(&n->v, R_STATUS, 1, 0);
	assert_int_equal(status(), VIRTIO_NET_S_LINK_UP);
	settle();
	assert_int_equal(status(), VIRTIO_NET_S_LINK_UP);
}

static void the_guest_changes_its_address(void **state)
{
	static const uint8_t other[6] = {0x52, 0x54, 0, 1, 2, 9}, group[6] = {0x53};

	start(MERGE | F(VIRTIO_NET_F_CTRL_VQ) | F(VIRTIO_NET_F_CTRL_MAC_ADDR));
	settle();
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, group, 6),
			 VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, other, 5),
			 VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, other, 6),
			 VIRTIO_NET_OK);
	assert_int_equal(reg_read(&n->v, R_CONFIG + 5, 1), 9);
	assert_int_equal(virtio_net_link("net0", false, NULL), 0);
	assert_int_equal(virtio_net_link("net0", true, NULL), 0);
	assert_true(announced(9));
	reg_write(&n->v, R_STATUS, 1, 0);
	assert_int_equal(reg_read(&n->v, R_CONFIG + 5, 1), 3);
	settle();
}

static void commands_that_are_wrong(void **state)
{
	struct piece half = {DATA, 1, false}, mute = {DATA, 2, false};

	start(ANNOUNCE);
	assert_int_equal(command(7, 7, NULL, 0), VIRTIO_NET_ERR);
	assert_int_equal(command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, "x", 1),
			 VIRTIO_NET_ERR);
	drv_add(&ctl, &half, 1);
	drv_kick(&ctl);
	rig_run(0);
	assert_true(reg_read(&n->v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
	start(ANNOUNCE);
	drv_add(&ctl, &mute, 1);
	drv_kick(&ctl);
	rig_run(0);
	assert_true(reg_read(&n->v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

/* What waits for a buffer when the cable goes out is not for whoever has it in later. */
static void nothing_waits_over_a_cut(void **state)
{
	start(MERGE);
	buffers(1, 0x400);
	arrive(1500);
	assert_int_equal(n->rx_dropped, 0);
	assert_int_equal(virtio_net_link("net0", false, NULL), 0);
	assert_int_equal(n->rx_dropped, 1);
	buffers(2, 0x400);
	assert_false(drv_used(&rx, NULL, NULL));
	arrive(40);
	assert_int_equal(n->rx_dropped, 2);
	assert_int_equal(virtio_net_link("net0", true, NULL), 0);
	settle();
	arrive(40);
	assert_true(drv_used(&rx, NULL, NULL));
}

static void closed_from_the_start(void **state)
{
	static struct hv_nic gated = {.bridge = (char *)"br0", .mac = {0x52, 0x54, 0, 1, 2, 7}};
	struct virtio *first = rig.device;
	int ends[2] = {wire[0], wire[1]};

	rig_init();
	assert_int_equal(virtio_net_create(&gated, 1, true, NULL), 0);
	assert_false(carrier);
	assert_int_equal(reg_read(rig.device, R_CONFIG + 6, 2), 0);
	assert_int_equal(virtio_net_link("net1", true, NULL), 0);
	assert_true(carrier);
	assert_true(announced(7));
	while (((struct net *)rig.device)->announcements)
		rig_timers(1000000000);
	wire[0] = ends[0];
	wire[1] = ends[1];
	rig.device = first;
}

static void offloads(void **state)
{
	start(MERGE);
	assert_int_equal(offload, 0);
	start(F(VIRTIO_NET_F_GUEST_TSO4)); /* without the checksum it depends on */
	assert_int_equal(offload, 0);
	start(F(VIRTIO_NET_F_GUEST_CSUM) | F(VIRTIO_NET_F_GUEST_TSO4));
	assert_int_equal(offload, TUN_F_CSUM | TUN_F_TSO4);
	reg_write(&n->v, R_STATUS, 1, 0);
	assert_int_equal(offload, 0);
}

static void paused(void **state)
{
	start(MERGE);
	buffers(4, 0x400);
	n->v.device.quiesce(&n->v.device);
	arrive(40);
	assert_false(drv_used(&rx, NULL, NULL));
	n->v.device.resume(&n->v.device);
	rig_run(0);
	assert_true(drv_used(&rx, NULL, NULL));
}

static void not_started(void **state)
{
	start(MERGE);
	reg_write(&n->v, R_STATUS, 1, 0);
	arrive(40);
	assert_int_equal(n->rx_dropped, 1);
}

static void limit(enum hv_limit which, uint64_t rate)
{
	struct hv_limits l = {0};

	l.rate[which].avg = rate;
	l.rate[which].burst = rate ? 1 : 0;
	assert_int_equal(virtio_net_throttle("net0", &l, NULL), 0);
	rig_run(0);
}

static void pass_time(uint64_t ms)
{
	for (uint64_t step; ms; ms -= step) {
		step = ms < 10 ? ms : 10;
		rig_timers(step * 1000000);
		rig_run(0);
	}
}

static unsigned got_on_wire(void)
{
	char packet[4096];
	unsigned count = 0;

	while (recv(wire[1], packet, sizeof(packet), 0) > 0)
		count++;
	return count;
}

static void send_some(unsigned count, uint32_t len)
{
	struct piece p = {DATA, HDR + len, false};

	for (unsigned i = 0; i < count; i++)
		drv_add(&tx, &p, 1);
	drv_kick(&tx);
	rig_run(0);
}

/* What may not go yet stays in the guest's ring; nothing is lost, and receiving goes on. */
static void sending_throttled(void **state)
{
	start(MERGE);
	limit(HV_IOPS_WR, 10);
	send_some(8, 100);
	assert_int_equal(got_on_wire(), 1);
	pass_time(1);
	assert_int_equal(got_on_wire(), 1);
	buffers(4, 0x400);
	arrive(40);
	assert_true(drv_used(&rx, NULL, NULL));
	pass_time(300);
	assert_int_equal(got_on_wire(), 3);
	/* Lifted: the rest at once. */
	limit(HV_IOPS_WR, 0);
	assert_int_equal(got_on_wire(), 3);
	for (unsigned i = 0; i < 8; i++)
		assert_true(drv_used(&tx, NULL, NULL));
	assert_int_equal(n->tx_dropped, 0);
	assert_int_equal(n->tx_packets, 8);
	assert_true(n->throttled[THROTTLE_WRITE] > 0);
}

static void receiving_throttled(void **state)
{
	start(MERGE);
	limit(HV_BPS_RD, 1000);
	buffers(8, 0x400);
	for (unsigned i = 0; i < 4; i++)
		arrive(100);
	assert_true(drv_used(&rx, NULL, NULL));
	assert_false(drv_used(&rx, NULL, NULL));
	/* The other direction is not held by it. */
	send_some(2, 100);
	assert_int_equal(got_on_wire(), 2);
	/* Buffers are no reason to go on. */
	buffers(2, 0x400);
	assert_false(drv_used(&rx, NULL, NULL));
	pass_time(110);
	assert_true(drv_used(&rx, NULL, NULL));
	assert_false(drv_used(&rx, NULL, NULL));
	/* Nor is cont, nor time that passes while the guest is stopped. */
	n->v.device.quiesce(&n->v.device);
	pass_time(200);
	assert_false(drv_used(&rx, NULL, NULL));
	n->v.device.resume(&n->v.device);
	rig_run(0);
	assert_true(drv_used(&rx, NULL, NULL));
	limit(HV_BPS_RD, 0);
	assert_true(drv_used(&rx, NULL, NULL));
	assert_int_equal(n->rx_dropped, 0);
}

static void limits_of_an_interface(void **state)
{
	struct hv_limits wrong = {.rate[HV_BPS].max = 1};
	struct hv_error err;

	start(MERGE);
	assert_int_equal(virtio_net_throttle("net7", &(struct hv_limits){0}, &err), -ENOENT);
	assert_int_equal(virtio_net_throttle("net0", &wrong, &err), -EINVAL);
	assert_non_null(strstr(err.text, "net0"));
}

/* A reset while held: the driver that comes next is served under the same limit. */
static void reset_while_throttled(void **state)
{
	start(MERGE);
	limit(HV_IOPS, 1);
	send_some(4, 100);
	assert_int_equal(got_on_wire(), 1);
	reg_write(&n->v, R_STATUS, 1, 0);
	assert_int_equal(reg_read(&n->v, R_STATUS, 1), 0);
	pass_time(10000);
	assert_int_equal(got_on_wire(), 0);
	start(MERGE); /* its clock begins anew */
	pass_time(20000);
	send_some(4, 100);
	assert_in_range(got_on_wire(), 1, 2);
	limit(HV_IOPS, 0);
	got_on_wire();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(configuration),
		cmocka_unit_test(sending),
		cmocka_unit_test(sending_nonsense),
		cmocka_unit_test(receiving),
		cmocka_unit_test(merging),
		cmocka_unit_test(waiting_for_buffers),
		cmocka_unit_test(too_big),
		cmocka_unit_test(a_buffer_too_small_for_the_header),
		cmocka_unit_test(link_state),
		cmocka_unit_test(announcing),
		cmocka_unit_test(the_driver_announces_itself),
		cmocka_unit_test(the_guest_changes_its_address),
		cmocka_unit_test(commands_that_are_wrong),
		cmocka_unit_test(nothing_waits_over_a_cut),
		cmocka_unit_test(closed_from_the_start),
		cmocka_unit_test(offloads),
		cmocka_unit_test(paused),
		cmocka_unit_test(not_started),
		cmocka_unit_test(sending_throttled),
		cmocka_unit_test(receiving_throttled),
		cmocka_unit_test(limits_of_an_interface),
		cmocka_unit_test(reset_while_throttled),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("virtio net", tests, NULL, NULL);
}
