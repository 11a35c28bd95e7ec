// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MC146818 real-time clock: ports 0x70 (index) and 0x71 (data), IRQ 8.
 * The hands are computed from the guest's clock and the wall-clock time at
 * which that clock read 0; setting them moves that time.
 */
#include <string.h>
#include <time.h>

#include "../board_private.h"
#include "../clock.h"
#include "../loop.h"
#include "device.h"

#define NS 1000000000ULL

enum {
	IRQ = 8,
	REG_SEC = 0,
	REG_SEC_ALARM = 1,
	REG_MIN = 2,
	REG_MIN_ALARM = 3,
	REG_HOUR = 4,
	REG_HOUR_ALARM = 5,
	REG_WDAY = 6,
	REG_MDAY = 7,
	REG_MON = 8,
	REG_YEAR = 9,
	REG_A = 10,
	REG_B = 11,
	REG_C = 12,
	REG_D = 13,
	REG_CENTURY = 0x32,
	A_UPDATING = 0x80,
	A_DIVIDER_ON = 0x20,
	B_SET = 0x80,
	B_PERIODIC = 0x40,
	B_ALARM = 0x20,
	B_UPDATE = 0x10,
	B_BINARY = 0x04,
	B_24H = 0x02,
	C_IRQ = 0x80,
	D_VALID = 0x80,
	VIRTUAL_START = 1767225600, /* 2026-01-01 */
	UPDATE_NS = 244000,         /* the hands are about to move */
};

static struct {
	uint8_t ram[128], index;
	int64_t base;    /* seconds since 1970 when the guest's clock read 0 */
	int64_t base_ns; /* and the rest of it, 0 .. 1e9 - 1 */
	struct tm set;   /* what stands while B_SET holds the hands */
	struct loop_timer second, periodic;
	uint64_t next_periodic;
} rtc;

static uint8_t encode(int v)
{
	return (uint8_t)(rtc.ram[REG_B] & B_BINARY ? v : v / 10 << 4 | v % 10);
}

static int decode(uint8_t v)
{
	return rtc.ram[REG_B] & B_BINARY ? v : (v >> 4) * 10 + (v & 15);
}

/* Nanoseconds since the epoch by the guest's hands; both parts are positive. */
static uint64_t wall_ns(void)
{
	return (uint64_t)rtc.base * NS + (uint64_t)rtc.base_ns + clock_now(board.clock);
}

static void hands(struct tm *tm)
{
	time_t t = (time_t)(wall_ns() / NS);

	if (rtc.ram[REG_B] & B_SET)
		*tm = rtc.set;
	else
		gmtime_r(&t, tm);
}

static uint8_t encode_hour(int hour)
{
	int twelve = hour % 12 ? hour % 12 : 12;

	if (rtc.ram[REG_B] & B_24H)
		return encode(hour);
	return encode(twelve) | (hour >= 12 ? 0x80 : 0);
}

static int decode_hour(uint8_t v)
{
	if (rtc.ram[REG_B] & B_24H)
		return decode(v);
	return decode(v & 0x7f) % 12 + (v & 0x80 ? 12 : 0);
}

static uint8_t read_time(unsigned reg)
{
	struct tm tm;

	hands(&tm);
	switch (reg) {
	case REG_SEC: return encode(tm.tm_sec);
	case REG_MIN: return encode(tm.tm_min);
	case REG_HOUR: return encode_hour(tm.tm_hour);
	case REG_WDAY: return encode(tm.tm_wday + 1);
	case REG_MDAY: return encode(tm.tm_mday);
	case REG_MON: return encode(tm.tm_mon + 1);
	case REG_YEAR: return encode(tm.tm_year % 100);
	default: return encode(19 + tm.tm_year / 100);
	}
}

/* Make the hands stand at @tm from now on.  Impossible dates are carried over by timegm(). */
static void set_hands(struct tm *tm)
{
	time_t t = timegm(tm);
	int64_t now = (int64_t)(clock_now(board.clock) / NS);

	/* Before 1970 there is nothing; a century more than fits is no date either. */
	rtc.base = t > now ? t - now : 0;
	rtc.base_ns = 0;
}

static void write_time(unsigned reg, uint8_t v)
{
	struct tm tm;

	hands(&tm);
	switch (reg) {
	case REG_SEC: tm.tm_sec = decode(v); break;
	case REG_MIN: tm.tm_min = decode(v); break;
	case REG_HOUR: tm.tm_hour = decode_hour(v); break;
	case REG_WDAY: break; /* follows from the date */
	case REG_MDAY: tm.tm_mday = decode(v); break;
	case REG_MON: tm.tm_mon = decode(v) - 1; break;
	case REG_YEAR: tm.tm_year = tm.tm_year / 100 * 100 + decode(v); break;
	default: tm.tm_year = (decode(v) - 19) * 100 + tm.tm_year % 100; break;
	}
	if (rtc.ram[REG_B] & B_SET)
		rtc.set = tm;
	else
		set_hands(&tm);
}

static void raise_flags(uint8_t flags)
{
	rtc.ram[REG_C] |= flags;
	if (rtc.ram[REG_C] & rtc.ram[REG_B] & (B_PERIODIC | B_ALARM | B_UPDATE)) {
		rtc.ram[REG_C] |= C_IRQ;
		irq_set(IRQ, true);
	}
}

static bool alarm_matches(uint8_t alarm, uint8_t hand)
{
	return alarm >= 0xc0 || alarm == hand;
}

/* Once a second, while somebody wants alarms or updates. */
static void arm_second(void)
{
	uint64_t now = clock_now(board.clock);

	if (!(rtc.ram[REG_B] & (B_ALARM | B_UPDATE)) || rtc.ram[REG_B] & B_SET)
		loop_timer_cancel(&rtc.second);
	else if (!rtc.second.slot)
		loop_timer_arm(&rtc.second, now + NS - wall_ns() % NS);
}

static void second_passed(struct loop_timer *t)
{
	uint8_t flags = B_UPDATE;

	if (alarm_matches(rtc.ram[REG_SEC_ALARM], read_time(REG_SEC)) &&
	    alarm_matches(rtc.ram[REG_MIN_ALARM], read_time(REG_MIN)) &&
	    alarm_matches(rtc.ram[REG_HOUR_ALARM], read_time(REG_HOUR)))
		flags |= B_ALARM;
	raise_flags(flags);
	arm_second();
}

/* Register A selects 32768 >> (n - 1) Hz; 1 and 2 mean 8 and 9. */
static uint64_t period_ns(void)
{
	unsigned n = rtc.ram[REG_A] & 15;

	if (!n)
		return 0;
	if (n < 3)
		n += 7;
	return NS / (32768u >> (n - 1));
}

static void arm_periodic(void)
{
	uint64_t now = clock_now(board.clock), period = period_ns();

	if (!period || !(rtc.ram[REG_B] & B_PERIODIC)) {
		loop_timer_cancel(&rtc.periodic);
		rtc.next_periodic = 0;
		return;
	}
	/* In step with what was; ticks that were missed are not made up. */
	rtc.next_periodic = rtc.next_periodic + period > now ? rtc.next_periodic + period
							     : now + period;
	loop_timer_arm(&rtc.periodic, rtc.next_periodic);
}

static void period_passed(struct loop_timer *t)
{
	raise_flags(B_PERIODIC);
	arm_periodic();
}

static void write_b(uint8_t v)
{
	uint8_t old = rtc.ram[REG_B];
	struct tm tm;

	if ((v & B_SET) && !(old & B_SET)) {
		hands(&tm);
		rtc.set = tm;
		v &= (uint8_t)~B_UPDATE;
	}
	rtc.ram[REG_B] = v;
	if (!(v & B_SET) && (old & B_SET)) {
		tm = rtc.set;
		set_hands(&tm);
	}
	arm_second();
	if ((v ^ old) & B_PERIODIC)
		arm_periodic();
	raise_flags(0);
}

static uint8_t read_reg(unsigned reg)
{
	uint8_t v = rtc.ram[reg];

	switch (reg) {
	case REG_SEC:
	case REG_MIN:
	case REG_HOUR:
	case REG_WDAY:
	case REG_MDAY:
	case REG_MON:
	case REG_YEAR:
	case REG_CENTURY: return read_time(reg);
	case REG_A:
		v &= (uint8_t)~A_UPDATING;
		if (!(rtc.ram[REG_B] & B_SET) && wall_ns() % NS > NS - UPDATE_NS)
			v |= A_UPDATING;
		return v;
	case REG_C:
		rtc.ram[REG_C] = 0;
		irq_set(IRQ, false);
		return v;
	case REG_D: return D_VALID;
	default: return v;
	}
}

static void write_reg(unsigned reg, uint8_t v)
{
	switch (reg) {
	case REG_SEC:
	case REG_MIN:
	case REG_HOUR:
	case REG_WDAY:
	case REG_MDAY:
	case REG_MON:
	case REG_YEAR:
	case REG_CENTURY: write_time(reg, v); break;
	case REG_A:
		rtc.ram[REG_A] = v & 0x7f;
		arm_periodic();
		break;
	case REG_B: write_b(v); break;
	case REG_C:
	case REG_D: break;
	default: rtc.ram[reg] = v; break;
	}
}

static uint64_t rtc_read(void *dev, uint64_t off, unsigned size)
{
	return off ? read_reg(rtc.index) : 0xff;
}

static void rtc_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	if (off)
		write_reg(rtc.index, (uint8_t)value);
	else
		rtc.index = (uint8_t)value & 0x7f; /* bit 7 masks NMI, which nobody sends */
}

static const struct region_ops ops = {.read = rtc_read, .write = rtc_write, .bytes = true};

/* The clock and CMOS run on a battery: a reset only stops the interrupts. */
static void rtc_reset(struct device *d)
{
	rtc.ram[REG_A] = A_DIVIDER_ON | 6;
	rtc.ram[REG_B] = B_24H;
	rtc.ram[REG_C] = 0;
	rtc.index = 0;
	loop_timer_cancel(&rtc.second);
	loop_timer_cancel(&rtc.periodic);
	irq_set(IRQ, false);
}

static struct device device = {.name = "rtc", .reset = rtc_reset};

int rtc_create(const struct hv_config *c)
{
	int rc = board_add_io(0x70, 2, &ops, NULL, "rtc");
	struct timespec now;
	struct tm tm;

	if (rc)
		return rc;
	memset(&rtc, 0, sizeof(rtc));
	clock_gettime(CLOCK_REALTIME, &now);
	/* A run that is to be repeated exactly begins at the same time too. */
	if (board.clock->virtual)
		now = (struct timespec){.tv_sec = VIRTUAL_START};
	if (c->rtc_localtime) {
		localtime_r(&now.tv_sec, &tm);
		now.tv_sec += tm.tm_gmtoff;
	}
	rtc.base = now.tv_sec;
	rtc.base_ns = now.tv_nsec;
	rtc.second.expired = second_passed;
	rtc.periodic.expired = period_passed;
	rtc_reset(&device);
	device_register(&device);
	return 0;
}
