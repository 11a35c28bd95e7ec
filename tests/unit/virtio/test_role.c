/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port that hv-domain serves itself: lines both ways, bounded, over openings and resets. */
#include <errno.h>
#include <linux/virtio_console.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hvcore/vmm/virtio/devices.h"
#include "hvcore/vmm/virtio/role.h"
#include "tests/unit/virtio/driver.h"

enum { RINGS = 0x10000, DATA = 0x80000, ROOM = 0x100000, NQUEUES = 6, RX = 4, TX = 5 };

int chardev_open(const struct chardev_config *cfg, const struct chardev_ops *ops, void *dev,
		 struct chardev **out, struct hv_error *err)
{
	return -EIO; /* nothing here has a socket */
}

size_t chardev_write(struct chardev *c, const void *data, size_t len)
{
	return len;
}

void chardev_accept_input(struct chardev *c)
{
}

bool chardev_connected(const struct chardev *c)
{
	return false;
}

static struct drv q[NQUEUES];
static struct virtio *v;
static struct role *role;

static void control(uint16_t event, uint16_t value)
{
	struct virtio_console_control m = {.id = 1, .event = event, .value = value};
	struct piece p = {DATA, sizeof(m), false};

	drv_put(p.addr, &m, sizeof(m));
	drv_add(&q[3], &p, 1);
	drv_kick(&q[3]);
	assert_true(drv_wait(&q[3], NULL, NULL));
	rig_run(0);
}

static void open_port(bool open)
{
	control(VIRTIO_CONSOLE_PORT_OPEN, open);
}

static void negotiate(void)
{
	static const uint8_t zeroes[0x4000 * NQUEUES];

	drv_put(RINGS, zeroes, sizeof(zeroes));
	assert_true(drv_negotiate(v, F(VIRTIO_CONSOLE_F_MULTIPORT)));
	for (unsigned i = 0; i < NQUEUES; i++)
		drv_queue(&q[i], v, i, 16, RINGS + 0x4000 * i);
	drv_ok(v);
	rig_run(0);
}

static int start(void **state)
{
	static struct hv_config c;

	if (!v) {
		rig_init();
		c.nchannels = 1;
		c.channel[0].name = (char *)HV_CHANNEL_ROLE;
		if (virtio_console_create(&c, NULL, "/run/ch", NULL))
			return -1;
		v = rig.device;
		role = ((struct console *)v)->port[1].role;
	}
	rig_init();
	rig.now = 1000 * 1000000000ULL;
	*role = (struct role){.port = role->port, .later = role->later};
	negotiate();
	rig_timers(1000000000);
	rig.events = 0;
	return 0;
}

/* The guest writes. */
static void says(const char *text)
{
	struct piece p = {DATA + 0x1000, strlen(text), false};

	drv_put(p.addr, text, p.len);
	drv_add(&q[TX], &p, 1);
	drv_kick(&q[TX]);
	rig_run(0);
	drv_used(&q[TX], NULL, NULL);
}

/* heard() - The last line that has come through since it was asked; or "". */
static const char *heard(void)
{
	static char text[ROLE_TEXT_MAX + 1];

	text[0] = '\0';
	if (rig.events && !strcmp(rig.event, "X_TAIKI_ROLE"))
		strcpy(text, json_string_value(json_object_get(rig.event_data, "text")));
	rig.events = 0;
	return text;
}

/* The guest reads: at most @n buffers of @len bytes; everything that is put into them. */
static const char *reads(unsigned n, uint32_t len)
{
	static char got[16384];
	uint32_t used;
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		struct piece p = {ROOM + 0x1000 * (q[RX].avail_idx % 16), len, true};

		drv_add(&q[RX], &p, 1);
	}
	drv_kick(&q[RX]);
	rig_run(0);
	for (uint32_t id; drv_used(&q[RX], &id, &used); at += used)
		memcpy(got + at, drv_at(ROOM + 0x1000 * id), used);
	assert_int_equal(rig_unreported(), -1);
	got[at] = '\0';
	return got;
}

static void lines_of_the_guest(void **state)
{
	open_port(true);
	heard();
	says("TR1 hello role=standby\n");
	assert_string_equal(heard(), "TR1 hello role=standby");
	says("in ");
	says("pieces");
	assert_string_equal(heard(), "");
	says("\r\n");
	assert_string_equal(heard(), "in pieces");
	says("\n\n\r\n");
	assert_string_equal(heard(), "");
	says("one\ntwo\n");
	assert_string_equal(heard(), "two");
	assert_int_equal(role->heard, 4);
	assert_int_equal(role->dropped, 0);
}

static void what_is_no_line(void **state)
{
	static char longest[ROLE_TEXT_MAX + 8];

	open_port(true);
	heard();
	says("tab\there\n");
	says("\x80\xff\n");
	says("an escape \x1b[2J\n");
	assert_string_equal(heard(), "");
	assert_int_equal(role->dropped, 3);
	memset(longest, 'x', ROLE_TEXT_MAX);
	strcpy(longest + ROLE_TEXT_MAX, "\n");
	says(longest);
	assert_int_equal(strlen(heard()), ROLE_TEXT_MAX);
	strcpy(longest + ROLE_TEXT_MAX, "y\n");
	says(longest);
	assert_string_equal(heard(), "");
	assert_int_equal(role->dropped, 4);
	says("good again\n");
	assert_string_equal(heard(), "good again");
}

/* A flood: some come through, the rest is counted, and after a while there is room again. */
static void a_flood_of_lines(void **state)
{
	open_port(true);
	rig_timers(1000000000);
	rig.events = 0;
	for (unsigned i = 0; i < 50; i++)
		says("a\nb\nc\nd\n");
	assert_int_equal(rig.events, ROLE_LINES_BURST);
	assert_int_equal(role->heard, 200);
	assert_int_equal(role->dropped, 200 - ROLE_LINES_BURST);
	rig_timers(1000000000);
	rig.events = 0;
	for (unsigned i = 0; i < 50; i++)
		says("e\n");
	assert_in_range(rig.events, 15, 17);
}

/* ... and of bytes: what is more waits in the guest's ring, and costs nobody a turn. */
static void a_flood_of_bytes(void **state)
{
	struct piece p = {ROOM, 0x4000, false};
	unsigned taken = 0;

	open_port(true);
	for (unsigned i = 0; i < 12; i++)
		drv_add(&q[TX], &p, 1);
	drv_kick(&q[TX]);
	rig_run(0);
	while (drv_used(&q[TX], NULL, NULL))
		taken++;
	assert_int_equal(taken, ROLE_WORK_BURST / 0x4000);
	drv_kick(&q[TX]);
	rig_run(0);
	assert_false(drv_used(&q[TX], NULL, NULL));
	/* One buffer costs a quarter of a second. */
	for (unsigned i = 0; i < 60; i++) {
		rig_timers(50000000);
		rig_run(0);
	}
	while (drv_used(&q[TX], NULL, NULL))
		taken++;
	assert_int_equal(taken, 12);
	/* All of it was one line without end. */
	assert_int_equal(role->heard, 0);
	assert_int_equal(role->len, ROLE_TEXT_MAX);
}

static void a_buffer_of_all_memory(void **state)
{
	struct piece p = {0, RIG_RAM, false};

	open_port(true);
	heard();
	drv_add(&q[TX], &p, 1);
	drv_kick(&q[TX]);
	assert_true(drv_wait(&q[TX], NULL, NULL));
	says("\n");
	rig_timers(2000000000);
	says("still here\n");
	assert_string_equal(heard(), "still here");
}

static void lines_for_the_guest(void **state)
{
	struct piece p = {ROOM, 64, true};
	struct hv_error err;

	assert_int_equal(virtio_role_say("", false, &err), -EINVAL);
	assert_int_equal(virtio_role_say("two\nlines", false, &err), -EINVAL);
	assert_int_equal(virtio_role_say("\xc3\xa4", false, &err), -EINVAL);
	open_port(true);
	assert_int_equal(virtio_role_say("TR1 ask", false, &err), 0);
	assert_string_equal(reads(2, 256), "\nTR1 ask\n");
	assert_int_equal(virtio_role_say("TR1 role", false, &err), 0);
	assert_int_equal(virtio_role_say("second", false, &err), 0);
	assert_string_equal(reads(6, 3), "TR1 role\nsecond\n");
	/* A buffer that waits is filled at once. */
	drv_add(&q[RX], &p, 1);
	drv_kick(&q[RX]);
	rig_run(0);
	assert_int_equal(virtio_role_say("now", false, &err), 0);
	assert_true(drv_used(&q[RX], NULL, NULL));
	assert_memory_equal(drv_at(ROOM), "now\n", 4);
}

static void they_wait_for_it_to_open(void **state)
{
	char line[ROLE_TEXT_MAX + 2];
	struct hv_error err;

	memset(line, 'z', sizeof(line));
	line[ROLE_TEXT_MAX + 1] = '\0';
	assert_int_equal(virtio_role_say(line, false, &err), -EINVAL);
	line[ROLE_TEXT_MAX] = '\0';
	for (unsigned i = 0; i < ROLE_QUEUE_MAX; i++)
		assert_int_equal(virtio_role_say(i ? line : "first", false, &err), 0);
	assert_int_equal(virtio_role_say("more", false, &err), -ENOBUFS);
	open_port(true);
	const char *got = reads(1 + ROLE_QUEUE_MAX, 2048);
	assert_int_equal(strncmp(got, "\nfirst\nzzz", 10), 0);
	assert_int_equal(strlen(got), 1 + 6 + (ROLE_QUEUE_MAX - 1) * (ROLE_TEXT_MAX + 1));
}

/* What is kept is said at each opening, once. */
static void kept(void **state)
{
	struct hv_error err;

	assert_int_equal(virtio_role_say("TR1 role seq=1", true, &err), 0);
	open_port(true);
	assert_string_equal(reads(2, 256), "\nTR1 role seq=1\n");
	open_port(false);
	open_port(true);
	assert_string_equal(reads(2, 256), "\nTR1 role seq=1\n");
	/* Another one is said now, and from then on. */
	assert_int_equal(virtio_role_say("TR1 role seq=2", true, &err), 0);
	assert_string_equal(reads(1, 256), "TR1 role seq=2\n");
	/* Half of it read, and the guest starts over: its own line ends, and all of it comes. */
	assert_int_equal(virtio_role_say("TR1 role seq=3", true, &err), 0);
	assert_int_equal(virtio_role_say("ask", false, &err), 0);
	assert_string_equal(reads(1, 5), "TR1 r");
	says("half a li");
	negotiate();
	assert_int_equal(role->len, 0);
	assert_false(role->port->guest_open);
	open_port(true);
	assert_string_equal(reads(3, 256), "\nTR1 role seq=3\nask\n");
}

static void kept_has_its_place(void **state)
{
	struct hv_error err;

	for (unsigned i = 0; i < ROLE_QUEUE_MAX; i++)
		assert_int_equal(virtio_role_say(i ? "x" : "y", false, &err), 0);
	assert_int_equal(virtio_role_say("role", true, &err), 0);
	open_port(true);
	assert_string_equal(reads(9, 256), "\nrole\ny\nx\nx\nx\nx\nx\nx\n");
}

static void what_control_sees(void **state)
{
	json_t *o = virtio_role_query();

	assert_true(json_is_false(json_object_get(o, "open")));
	assert_true(json_is_null(json_object_get(o, "last")));
	json_decref(o);
	open_port(true);
	says("TR1 hello\nbad\x01\n");
	virtio_role_say("k", true, NULL);
	o = virtio_role_query();
	assert_true(json_is_true(json_object_get(o, "open")));
	assert_string_equal(json_string_value(json_object_get(o, "last")), "TR1 hello");
	assert_string_equal(json_string_value(json_object_get(o, "kept")), "k");
	assert_int_equal(json_integer_value(json_object_get(o, "heard")), 1);
	assert_int_equal(json_integer_value(json_object_get(o, "dropped")), 1);
	assert_int_equal(json_integer_value(json_object_get(o, "queued")), 1);
	json_decref(o);
	o = virtio_console_query();
	assert_true(json_is_true(json_object_get(json_array_get(o, 1), "connected")));
	assert_true(json_is_null(json_object_get(json_array_get(o, 1), "socket")));
	json_decref(o);
}

/* Buffers without room: the line waits for one that has some. */
static void buffers_of_nothing(void **state)
{
	struct piece p = {DATA, 4, false};

	open_port(true);
	for (unsigned i = 0; i < 8; i++)
		drv_add(&q[RX], &p, 1);
	drv_kick(&q[RX]);
	rig_run(0);
	assert_int_equal(virtio_role_say("x", false, NULL), 0);
	rig_run(0);
	assert_int_equal(role->nout, 1);
	while (drv_used(&q[RX], NULL, NULL))
		;
	assert_string_equal(reads(2, 16), "\nx\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, start)
	static const struct CMUnitTest tests[] = {
		TEST(lines_of_the_guest),       TEST(what_is_no_line),
		TEST(a_flood_of_lines),         TEST(a_flood_of_bytes),
		TEST(a_buffer_of_all_memory),   TEST(lines_for_the_guest),
		TEST(they_wait_for_it_to_open), TEST(kept),
		TEST(kept_has_its_place),       TEST(what_control_sees),
		TEST(buffers_of_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("virtio role", tests, NULL, NULL);
}
