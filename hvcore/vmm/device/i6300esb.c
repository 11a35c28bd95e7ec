// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watchdog of Intel's 6300ESB I/O controller hub, a PCI function.
 *
 *   configuration  0x60  16 bits   0..1 what stage 1 raises: 0 an interrupt, 2 SMI, 3 nothing
 *                                  2    the clock: 0 PCI's 33 MHz / 2^15, 1 / 2^5
 *                                  5    1: the output, our bite, is off
 *                  0x68   8 bits   0 lock (until a reset), 1 enable, 2 free running
 *   memory, BAR 0  0x00  32 bits   20 bits: what stage 1 counts down from
 *                  0x04  32 bits   20 bits: what stage 2 counts down from
 *                  0x08  32 bits   0: stage 1 has run out; written 1: forget it
 *                  0x0c  16 bits   8 reload; 9 the second stage ran out, written 1: forget it
 *
 * Of the memory registers only the one write behind 0x80 and 0x86 to 0x0c
 * counts.  Stage 1 warns, stage 2 bites.
 */
#include <string.h>

#include "../board.h"
#include "../clock.h"
#include "../loop.h"
#include "../pci.h"
#include "device.h"
#include "watchdog.h"

#define PCI_HZ 33000000ULL
#define NS     1000000000ULL

enum {
	CONFIG = 0x60,
	CONFIG_INT = 0x03,
	INT_IRQ = 0,
	CONFIG_FAST = 0x04,
	CONFIG_OFF = 0x20,
	LOCK = 0x68,
	LOCK_LOCKED = 0x01,
	LOCK_ENABLE = 0x02,
	LOCK_FREE = 0x04,
	TIMER1 = 0x00,
	TIMER2 = 0x04,
	INTERRUPT = 0x08,
	RELOAD = 0x0c,
	RELOAD_NOW = 0x0100,
	RELOAD_TIMEOUT = 0x0200,
	UNLOCK1 = 0x80,
	UNLOCK2 = 0x86,
	PRELOAD_MAX = 0xfffff,
};

enum stage { STOPPED, FIRST, SECOND };

static struct {
	uint32_t preload[2];
	uint8_t unlocked; /* how much of the sequence was seen: 0, 1, 2 */
	bool warned;      /* stage 1 has run out */
	bool bitten;      /* stage 2 has; outlives a reset */
	bool enabled;     /* what LOCK said when it was looked at last */
	enum stage stage;
	struct loop_timer timer;
} esb;

static struct pci_device pci;

static uint64_t ticks_ns(uint32_t preload)
{
	unsigned shift = pci.config[CONFIG] & CONFIG_FAST ? 5 : 15;

	/* A count of n runs out at its n+1st tick. */
	return (((uint64_t)preload + 1) << shift) * NS / PCI_HZ;
}

static void enter(enum stage stage)
{
	esb.stage = stage;
	loop_timer_arm(&esb.timer, clock_now(board.clock) + ticks_ns(esb.preload[stage - FIRST]));
}

static void reload(void)
{
	if (!esb.enabled)
		return;
	enter(FIRST);
	watchdog_started(ticks_ns(esb.preload[0]) + ticks_ns(esb.preload[1]));
}

static void stop(void)
{
	esb.stage = STOPPED;
	loop_timer_cancel(&esb.timer);
	watchdog_stopped();
}

static void warn(bool on)
{
	esb.warned = on;
	pci_intx(&pci, on && (pci.config[CONFIG] & CONFIG_INT) == INT_IRQ);
}

static void expired(struct loop_timer *t)
{
	bool free_running = pci.config[LOCK] & LOCK_FREE;

	if (esb.stage == FIRST) {
		warn(true);
		enter(SECOND);
		return;
	}
	esb.bitten = true;
	stop();
	/* Free running, it is a clock that ticks: nobody is bitten. */
	if (free_running)
		reload();
	else if (!(pci.config[CONFIG] & CONFIG_OFF))
		watchdog_bite();
}

static uint64_t esb_read(void *dev, uint64_t off, unsigned size)
{
	uint32_t v = 0;

	switch (off & ~3ULL) {
	case TIMER1: v = esb.preload[0]; break;
	case TIMER2: v = esb.preload[1]; break;
	case INTERRUPT: v = esb.warned; break;
	case RELOAD: v = esb.bitten ? RELOAD_TIMEOUT : 0; break;
	}
	return v >> 8 * (off & 3);
}

/* Whether this write is the one that counts; it ends the sequence. */
static bool let_through(uint64_t off, uint64_t value)
{
	bool through = esb.unlocked == 2;

	if (!through && off == RELOAD && (value & 0xffff) == UNLOCK1)
		esb.unlocked = 1;
	else if (!through && off == RELOAD && (value & 0xffff) == UNLOCK2 && esb.unlocked == 1)
		esb.unlocked = 2;
	else
		esb.unlocked = 0;
	return through;
}

static void esb_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	if (off == INTERRUPT && value & 1) {
		warn(false);
		return;
	}
	if (!let_through(off, value))
		return;
	switch (off) {
	case TIMER1: esb.preload[0] = (uint32_t)value & PRELOAD_MAX; break;
	case TIMER2: esb.preload[1] = (uint32_t)value & PRELOAD_MAX; break;
	case RELOAD:
		if (value & RELOAD_TIMEOUT)
			esb.bitten = false;
		if (value & RELOAD_NOW)
			reload();
		break;
	}
}

static const struct region_ops ops = {.read = esb_read, .write = esb_write};

static void config_written(struct pci_device *d, unsigned off, unsigned size)
{
	bool on = d->config[LOCK] & LOCK_ENABLE;

	if (d->config[LOCK] & LOCK_LOCKED)
		d->writable[LOCK] = 0;
	if (on == esb.enabled)
		return;
	esb.enabled = on;
	if (on)
		reload();
	else
		stop();
}

static struct pci_device pci = {
	.name = "i6300esb",
	.vendor = 0x8086,
	.device = 0x25ab,
	.subvendor = 0x1af4,
	.subsystem = 0x1100,
	.class_rev = 0x08800000, /* a system peripheral */
	.bar[0] = {.size = 16, .ops = &ops},
	.config_written = config_written,
};

static void esb_reset(struct device *d)
{
	stop();
	esb.preload[0] = esb.preload[1] = PRELOAD_MAX;
	esb.unlocked = 0;
	esb.enabled = false;
	pci.config[CONFIG] = pci.config[CONFIG + 1] = pci.config[LOCK] = 0;
	pci.writable[CONFIG] = CONFIG_INT | CONFIG_FAST | CONFIG_OFF;
	pci.writable[LOCK] = LOCK_LOCKED | LOCK_ENABLE | LOCK_FREE;
	warn(false);
}

static struct device device = {.name = "i6300esb", .reset = esb_reset};

int i6300esb_create(void)
{
	int rc;

	memset(&esb, 0, sizeof(esb));
	esb.timer.expired = expired;
	rc = pci_add(&pci);
	if (rc)
		return rc;
	esb_reset(&device);
	device_register(&device);
	return 0;
}
