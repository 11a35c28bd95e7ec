// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 8254 timer (Intel 231164) and port 0x61.  Channel 0's output is
 * interrupt 0, channel 2's is the speaker's, read and gated at port 0x61.
 *
 * A channel does not count: its state is the clock time at which it was
 * loaded, and everything is computed from that.
 */
#include <string.h>

#include "../board_private.h"
#include "../clock.h"
#include "../loop.h"
#include "device.h"

#define PIT_HZ 1193182ULL
#define NS     1000000000ULL

struct channel {
	uint64_t start;  /* ns on the clock: loaded then */
	uint64_t held;   /* ticks counted when the gate closed */
	uint32_t reload; /* 1..65536 */
	uint8_t mode, access, status;
	uint8_t low; /* the first byte of a two-byte load */
	uint16_t latch;
	uint8_t latched; /* bytes of the latched count still to be read */
	bool write_high, read_high, status_latched, bcd, gate, loaded;
};

static struct {
	struct channel ch[3];
	struct loop_timer timer;
	bool out0; /* the line as it is driven */
	uint8_t port61;
} pit;

static uint64_t to_ns(uint64_t ticks)
{
	return (uint64_t)(((unsigned __int128)ticks * NS + PIT_HZ - 1) / PIT_HZ);
}

/* In modes 0 and 4 a closed gate holds the count. */
static bool is_held(const struct channel *c)
{
	return !c->gate && (c->mode == 0 || c->mode == 4);
}

/* Ticks since the load. */
static uint64_t elapsed(const struct channel *c)
{
	uint64_t now = clock_now(board.clock);

	if (is_held(c))
		return c->held;
	if (!c->loaded || now < c->start)
		return 0;
	return (uint64_t)((unsigned __int128)(now - c->start) * PIT_HZ / NS);
}

/* Modes 2 and 3 reload by themselves. */
static bool periodic(const struct channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

static uint16_t count(const struct channel *c)
{
	uint64_t t = elapsed(c);

	if (c->mode == 3)
		return (uint16_t)(c->reload - 2 * t % c->reload);
	if (c->mode == 2)
		return (uint16_t)(c->reload - t % c->reload);
	return (uint16_t)(c->reload - t); /* runs on through 0 */
}

static bool output(const struct channel *c)
{
	uint64_t t = elapsed(c);

	switch (c->mode) {
	case 0:
	case 1: return c->loaded && t >= c->reload;
	case 2: return t % c->reload != c->reload - 1;
	case 3: return t % c->reload < (c->reload + 1) / 2;
	default: return t != c->reload;
	}
}

static void drive(bool level)
{
	pit.out0 = level;
	irq_set(0, level);
}

/*
 * arm() - For the next edge of channel 0.  The one edge of a count that does not reload is due
 * even if this thread stood still until after its time: the guest waits for it.
 */
static void arm(struct channel *c)
{
	uint64_t t = elapsed(c), next = c->reload;

	loop_timer_cancel(&pit.timer);
	/* The next edge is at a multiple of the period; those that were missed are not made up. */
	if (periodic(c))
		next = t - t % c->reload + c->reload;
	loop_timer_arm(&pit.timer, c->start + to_ns(next));
}

static void expired(struct loop_timer *timer)
{
	struct channel *c = &pit.ch[0];

	/*
	 * Only the rising edge matters to an edge-triggered input.  In mode 0
	 * the output then stays high, in the others it was low for a moment.
	 */
	if (c->mode != 0)
		drive(false);
	drive(true);
	if (periodic(c))
		arm(c);
}

static void load(unsigned n, uint16_t value)
{
	struct channel *c = &pit.ch[n];

	c->reload = value ? value : 65536;
	if (c->reload == 1 && periodic(c))
		c->reload = 2; /* 1 is not allowed in modes 2 and 3 */
	c->start = clock_now(board.clock);
	c->held = 0;
	c->loaded = true;
	if (n == 0) {
		drive(output(c));
		arm(c);
	}
}

static void write_count(unsigned n, uint8_t value)
{
	struct channel *c = &pit.ch[n];

	switch (c->access) {
	case 1: load(n, value); break;
	case 2: load(n, (uint16_t)(value << 8)); break;
	case 3:
		if (!c->write_high) {
			c->low = value;
			/* In mode 0 the first byte stops the count. */
			if (c->mode == 0)
				c->loaded = false;
		} else {
			load(n, (uint16_t)(value << 8 | c->low));
		}
		c->write_high = !c->write_high;
		break;
	default: break;
	}
}

static void latch_count(struct channel *c)
{
	if (c->latched)
		return;
	c->latch = count(c);
	c->latched = c->access == 3 ? 2 : 1;
}

static uint8_t read_count(struct channel *c)
{
	uint16_t v = c->latched ? c->latch : count(c);
	bool high = c->access == 2 || (c->access == 3 && c->read_high);

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (c->access == 3)
		c->read_high = !c->read_high;
	if (c->latched)
		c->latched--;
	return (uint8_t)(high ? v >> 8 : v);
}

/* Read-back command: latch counts and states of several channels at once. */
static void read_back(uint8_t value)
{
	for (unsigned n = 0; n < 3; n++) {
		struct channel *c = &pit.ch[n];

		if (!(value & 2 << n))
			continue;
		if (!(value & 0x20))
			latch_count(c);
		if (!(value & 0x10) && !c->status_latched) {
			c->status = (uint8_t)(output(c) << 7 | !c->loaded << 6 | c->access << 4 |
					      c->mode << 1 | c->bcd);
			c->status_latched = true;
		}
	}
}

static void write_control(uint8_t value)
{
	struct channel *c = &pit.ch[value >> 6 & 3];

	if (value >> 6 == 3) {
		read_back(value);
		return;
	}
	if (!(value & 0x30)) {
		latch_count(c);
		return;
	}
	memset(c, 0, sizeof(*c));
	c->gate = c != &pit.ch[2] || (pit.port61 & 1);
	c->access = value >> 4 & 3;
	c->mode = value >> 1 & 7;
	if (c->mode > 5)
		c->mode &= 3; /* 6 is 2, 7 is 3 */
	c->bcd = value & 1;
	c->reload = 65536;
	if (c == &pit.ch[0]) {
		loop_timer_cancel(&pit.timer);
		drive(c->mode != 0);
	}
}

static void pit_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	if (off == 3)
		write_control((uint8_t)value);
	else
		write_count((unsigned)off, (uint8_t)value);
}

static uint64_t pit_read(void *dev, uint64_t off, unsigned size)
{
	return off == 3 ? 0xff : read_count(&pit.ch[off]);
}

/* Port 0x61: gate 2, speaker; reads output 2 (bit 5) and the refresh toggle (bit 4, 15 us). */
static uint64_t port61_read(void *dev, uint64_t off, unsigned size)
{
	const struct channel *c = &pit.ch[2];
	uint64_t toggle = clock_now(board.clock) / 15085 & 1;

	return pit.port61 | toggle << 4 | (uint64_t)output(c) << 5;
}

static void port61_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct channel *c = &pit.ch[2];
	bool gate = value & 1;

	/* A rising gate starts the count anew, but in modes 0 and 4 it goes on. */
	if (!gate && c->gate)
		c->held = elapsed(c);
	else if (gate && !c->gate)
		c->start = clock_now(board.clock) - (is_held(c) ? to_ns(c->held) : 0);
	c->gate = gate;
	pit.port61 = (uint8_t)value & 0x0f;
}

static const struct region_ops pit_ops = {.read = pit_read, .write = pit_write, .bytes = true};
static const struct region_ops port61_ops = {
	.read = port61_read,
	.write = port61_write,
	.bytes = true,
};

static void pit_reset(struct device *d)
{
	loop_timer_cancel(&pit.timer);
	memset(pit.ch, 0, sizeof(pit.ch));
	pit.port61 = 0;
	pit.timer.expired = expired;
	for (unsigned n = 0; n < 3; n++) {
		pit.ch[n].reload = 65536;
		pit.ch[n].access = 3;
		pit.ch[n].gate = n != 2;
	}
	drive(false);
}

static struct device device = {.name = "pit", .reset = pit_reset};

int pit_create(void)
{
	int rc = board_add_io(0x40, 4, &pit_ops, NULL, "pit");

	if (!rc)
		rc = board_add_io(0x61, 1, &port61_ops, NULL, "port61");
	if (!rc) {
		memset(&pit, 0, sizeof(pit));
		pit_reset(&device);
		device_register(&device);
	}
	return rc;
}
