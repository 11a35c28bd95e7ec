/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console's ports: control messages, data both ways, slow and absent readers. */
#include <linux/virtio_console.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hvcore/vmm/virtio/console.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/unit/virtio/driver.h"

enum { RINGS = 0x10000, DATA = 0x80000, NQUEUES = 6 };

/* --- a character device without sockets --- */

struct chardev {
	const struct chardev_ops *ops;
	void *dev;
	bool connected, lossless;
	size_t space;  /* what it takes now */
	char got[256]; /* from the guest */
	size_t len;
	const char *say; /* waits to be read by the guest */
};
static struct chardev chars[2]; /* the console, the channel */
static unsigned nchars;

int chardev_open(const struct chardev_config *cfg, const struct chardev_ops *ops, void *dev,
		 struct chardev **out, struct hv_error *err)
{
	struct chardev *c = &chars[nchars++];

	*c = (struct chardev){.ops = ops, .dev = dev, .lossless = cfg->lossless, .space = 256};
	*out = c;
	return 0;
}

size_t chardev_write(struct chardev *c, const void *data, size_t len)
{
	size_t n = len < c->space ? len : c->space;

	memcpy(c->got + c->len, data, n);
	c->len += n;
	c->space -= n;
	return n;
}

void chardev_accept_input(struct chardev *c)
{
	while (c->say && *c->say) {
		size_t n = c->ops->room(c->dev);

		if (n == 0)
			break;
		if (n > strlen(c->say))
			n = strlen(c->say);
		c->ops->receive(c->dev, (const uint8_t *)c->say, n);
		c->say += n;
	}
}

bool chardev_connected(const struct chardev *c)
{
	return c->connected;
}

/* --- the driver --- */

static struct hv_channel channel = {.name = (char *)"org.test.0"};
static struct drv q[NQUEUES];
static struct virtio *v;

static void post_control(void)
{
	struct piece p = {DATA + 0x1000 * (q[2].avail_idx % 16), 64, true};

	drv_add(&q[2], &p, 1);
}

static void start(void)
{
	static struct hv_config c;

	if (!v) {
		rig_init();
		c.nchannels = 1;
		c.channel[0] = channel;
		assert_int_equal(virtio_console_create(&c, "/run/console", "/run/ch", NULL), 0);
		v = rig.device;
	}
	rig_init();
	for (unsigned i = 0; i < 2; i++) {
		chars[i].connected = false;
		chars[i].len = 0;
		chars[i].space = 256;
		chars[i].say = NULL;
	}
	assert_true(drv_negotiate(v, F(VIRTIO_CONSOLE_F_MULTIPORT)));
	rig_timers(1000000000);
	rig.events = 0;
	for (unsigned i = 0; i < NQUEUES; i++)
		drv_queue(&q[i], v, i, 16, RINGS + 0x4000 * i);
	drv_ok(v);
	for (unsigned i = 0; i < 16; i++)
		post_control();
	drv_kick(&q[2]);
	rig_run(0);
}

/* Say something on the control queue. */
static void control(uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control m = {.id = id, .event = event, .value = value};
	struct piece p = {DATA + 0x20000, sizeof(m), false};

	drv_put(p.addr, &m, sizeof(m));
	drv_add(&q[3], &p, 1);
	drv_kick(&q[3]);
	assert_true(drv_wait(&q[3], NULL, NULL));
	rig_run(0);
}

/* The next control message must be this one. */
static void expect(uint32_t id, uint16_t event, uint16_t value, const char *text)
{
	struct virtio_console_control m;
	uint32_t head, len;

	assert_true(drv_used(&q[2], &head, &len));
	memcpy(&m, drv_at(DATA + 0x1000 * head), sizeof(m));
	assert_int_equal(m.id, id);
	assert_int_equal(m.event, event);
	assert_int_equal(m.value, value);
	assert_int_equal(len, sizeof(m) + strlen(text));
	assert_memory_equal(drv_at(DATA + 0x1000 * head + sizeof(m)), text, strlen(text));
}

static void introduce(void)
{
	control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect(0, VIRTIO_CONSOLE_PORT_ADD, 1, "");
	expect(1, VIRTIO_CONSOLE_PORT_ADD, 1, "");
	control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, "");
	expect(0, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
	control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(1, VIRTIO_CONSOLE_PORT_NAME, 1, "org.test.0");
	expect(1, VIRTIO_CONSOLE_PORT_OPEN, 0, "");
	assert_false(drv_used(&q[2], NULL, NULL));
}

static void say(struct drv *d, const char *text)
{
	struct piece p = {DATA + 0x30000, strlen(text), false};

	drv_put(p.addr, text, strlen(text));
	drv_add(d, &p, 1);
	drv_kick(d);
	rig_run(0);
}

static void introduction(void **state)
{
	start();
	assert_int_equal(reg_read(v, R_CONFIG + 4, 4), 2);
	introduce();
	assert_false(chars[0].lossless);
	assert_true(chars[1].lossless);
	/* A client comes and goes. */
	chars[1].connected = true;
	chars[1].ops->connected(chars[1].dev, true);
	expect(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
	chars[1].connected = false;
	chars[1].ops->connected(chars[1].dev, false);
	expect(1, VIRTIO_CONSOLE_PORT_OPEN, 0, "");
	assert_int_equal(rig_unreported(), -1);
}

/* Without buffers nothing is lost: the state is told when there are. */
static void control_without_buffers(void **state)
{
	start();
	introduce();
	while (q[2].used_idx != q[2].avail_idx) {
		chars[1].ops->connected(chars[1].dev, true);
		assert_true(drv_used(&q[2], NULL, NULL));
	}
	chars[1].connected = true;
	chars[1].ops->connected(chars[1].dev, true);
	chars[1].connected = false;
	chars[1].ops->connected(chars[1].dev, false);
	chars[1].connected = true;
	chars[1].ops->connected(chars[1].dev, true);
	assert_false(drv_used(&q[2], NULL, NULL));
	q[2].next_desc = 0;
	post_control();
	post_control();
	drv_kick(&q[2]);
	rig_run(0);
	assert_true(drv_used(&q[2], NULL, NULL));
	assert_false(drv_used(&q[2], NULL, NULL));
}

static void open_events(void **state)
{
	const char *id = NULL;
	int open = -1;

	start();
	introduce();
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(rig.events, 1);
	assert_string_equal(rig.event, "VSERPORT_CHANGE");
	json_unpack(rig.event_data, "{s:s, s:b}", "id", &id, "open", &open);
	assert_string_equal(id, "org.test.0");
	assert_int_equal(open, 1);
	/* Many in a row are one, with the last state. */
	for (unsigned i = 0; i < 5; i++)
		control(1, VIRTIO_CONSOLE_PORT_OPEN, i % 2);
	assert_int_equal(rig.events, 1);
	rig_timers(200000000);
	assert_int_equal(rig.events, 2);
	json_unpack(rig.event_data, "{s:b}", "open", &open);
	assert_int_equal(open, 0);
	/* A guest that goes away has closed it. */
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	rig_timers(200000000);
	assert_int_equal(rig.events, 3);
	reg_write(v, R_STATUS, 1, 0);
	rig_timers(200000000);
	assert_int_equal(rig.events, 4);
}

static void console_output(void **state)
{
	start();
	introduce();
	say(&q[1], "hello");
	assert_int_equal(chars[0].len, 5);
	assert_memory_equal(chars[0].got, "hello", 5);
	assert_true(drv_used(&q[1], NULL, NULL));
}

static void channel_output(void **state)
{
	start();
	introduce();
	/* Nobody there: lost, and the guest goes on. */
	say(&q[5], "lost");
	assert_true(drv_used(&q[5], NULL, NULL));
	assert_int_equal(chars[1].len, 0);
	/* A slow reader: the chain waits, byte for byte. */
	chars[1].connected = true;
	chars[1].space = 3;
	say(&q[5], "abcdefg");
	assert_false(drv_used(&q[5], NULL, NULL));
	chars[1].space = 2;
	chars[1].ops->writable(chars[1].dev);
	assert_false(drv_used(&q[5], NULL, NULL));
	chars[1].space = 100;
	chars[1].ops->writable(chars[1].dev);
	assert_true(drv_used(&q[5], NULL, NULL));
	assert_int_equal(chars[1].len, 7);
	assert_memory_equal(chars[1].got, "abcdefg", 7);
	/* It goes away in the middle: the rest is lost, the next reader begins afresh. */
	chars[1].space = 2;
	say(&q[5], "12345");
	chars[1].connected = false;
	chars[1].ops->connected(chars[1].dev, false);
	assert_true(drv_used(&q[5], NULL, NULL));
	chars[1].connected = true;
	chars[1].len = 0;
	chars[1].space = 100;
	say(&q[5], "new");
	assert_memory_equal(chars[1].got, "new", 3);
}

static void input(void **state)
{
	struct piece p[] = {{DATA + 0x40000, 4, true}, {DATA + 0x41000, 4, true}};
	uint32_t len;

	start();
	introduce();
	chars[1].connected = true;
	chars[1].say = "ABCDEF";
	drv_add(&q[4], &p[0], 1);
	drv_kick(&q[4]);
	rig_run(0);
	/* Not open in the guest: the client waits. */
	assert_false(drv_used(&q[4], NULL, NULL));
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_true(drv_used(&q[4], NULL, &len));
	assert_int_equal(len, 4);
	assert_memory_equal(drv_at(DATA + 0x40000), "ABCD", 4);
	assert_false(drv_used(&q[4], NULL, NULL));
	drv_add(&q[4], &p[1], 1);
	drv_kick(&q[4]);
	rig_run(0);
	assert_true(drv_used(&q[4], NULL, &len));
	assert_int_equal(len, 2);
	assert_memory_equal(drv_at(DATA + 0x41000), "EF", 2);
	/* The console is open from the start. */
	chars[0].say = "x";
	drv_add(&q[0], &p[0], 1);
	drv_kick(&q[0]);
	rig_run(0);
	assert_true(drv_used(&q[0], NULL, &len));
	assert_int_equal(rig_unreported(), -1);
}

static void wrong_messages(void **state)
{
	struct piece p = {DATA, 7, false};

	start();
	introduce();
	control(2, VIRTIO_CONSOLE_PORT_READY, 1);
	control(0xffffffff, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control(1, 99, 1);
	assert_int_equal(rig.faults, 3);
	assert_true(virtio_live(v));
	drv_add(&q[3], &p, 1);
	drv_kick(&q[3]);
	rig_run(0);
	assert_true(reg_read(v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static int end(void **state)
{
	json_decref(rig.event_data);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(introduction),   cmocka_unit_test(control_without_buffers),
		cmocka_unit_test(open_events),    cmocka_unit_test(console_output),
		cmocka_unit_test(channel_output), cmocka_unit_test(input),
		cmocka_unit_test(wrong_messages),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("virtio console", tests, NULL, end);
}
