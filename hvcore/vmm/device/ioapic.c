// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 82093AA IOAPIC: 24 pins, each with a redirection entry that says which
 * message the pin sends.
 *
 *   63        56 55            17  16   15    14    13    12   11  10..8  7..0
 *   destination    0              mask level  rIRR  low   busy log.  mode  vector
 *
 * A level-triggered pin sends once (remote IRR), then again after the EOI if
 * it is still high.
 */
#include <string.h>

#include "../board_private.h"
#include "device.h"

#define RTE_MASK    (1ULL << 16)
#define RTE_LEVEL   (1ULL << 15)
#define RTE_REMOTE  (1ULL << 14)
#define RTE_LOW     (1ULL << 13) /* active low */
#define RTE_BUSY    (1ULL << 12)
#define RTE_LOGICAL (1ULL << 11)
#define RTE_WRITE   (~(0x00fffffffffe0000ULL | RTE_REMOTE | RTE_BUSY))

enum { REG_ID = 0, REG_VERSION = 1, REG_ARB = 2, REG_RTE = 0x10, VERSION = 0x20 };
enum { OFF_SELECT = 0x00, OFF_WINDOW = 0x10, OFF_EOI = 0x40 };

static struct {
	uint64_t rte[IOAPIC_PINS];
	uint32_t level; /* pins that are asserted now */
	uint8_t id, select;
} io;

/* The message of a pin, in the form of an MSI (SDM 3A §11.11). */
static uint64_t message_addr(uint64_t rte)
{
	return 0xfee00000ULL | (rte >> 56) << 12 | (rte & RTE_LOGICAL ? 1 << 2 : 0) |
	       ((rte >> 8 & 7) == 1 ? 1 << 3 : 0);
}

static uint32_t message_data(uint64_t rte)
{
	return (uint32_t)((rte & 0x7ff) | (rte & RTE_LEVEL ? 0xc000 : 0));
}

static void send(unsigned pin)
{
	uint64_t rte = io.rte[pin];

	/* ExtINT: the vector is the PIC's, which reaches the processor by LINT0 here. */
	if ((rte >> 8 & 7) == 7)
		return;
	board.engine_ops->msi(board.engine, message_addr(rte), message_data(rte));
}

/* A pin may have something to send: after its level, its entry or its remote IRR changed. */
static void service_level(unsigned pin)
{
	uint64_t *rte = &io.rte[pin];

	if ((*rte & (RTE_MASK | RTE_REMOTE)) || !(*rte & RTE_LEVEL) || !(io.level >> pin & 1))
		return;
	*rte |= RTE_REMOTE;
	send(pin);
}

void ioapic_set(unsigned pin, bool level)
{
	bool was = io.level >> pin & 1;

	/* Lines here are logical levels: polarity is what the tables say, and both say "asserted". */
	io.level = (io.level & ~(1u << pin)) | (uint32_t)level << pin;
	if (io.rte[pin] & RTE_LEVEL)
		service_level(pin);
	else if (level && !was && !(io.rte[pin] & RTE_MASK))
		send(pin);
}

void ioapic_eoi(uint8_t vector)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *rte = &io.rte[pin];

		if ((*rte & 0xff) != vector || !(*rte & RTE_REMOTE))
			continue;
		*rte &= ~RTE_REMOTE;
		service_level(pin);
	}
}

static void route(unsigned pin)
{
	uint64_t rte = io.rte[pin];

	board.engine_ops->ioapic_route(board.engine, pin, rte & RTE_MASK ? 0 : message_addr(rte),
				       message_data(rte), rte & RTE_LEVEL);
}

static void write_rte(unsigned reg, uint32_t value)
{
	unsigned pin = (reg - REG_RTE) / 2;
	uint64_t old = io.rte[pin], new;

	if (reg & 1)
		new = (old & 0xffffffffULL) | (uint64_t)value << 32;
	else
		new = (old & ~0xffffffffULL) | value;
	new = (new &RTE_WRITE) | (old & ~RTE_WRITE);
	/* An edge-triggered pin has no remote IRR: Linux switches to edge and back to clear it. */
	if (!(new &RTE_LEVEL))
		new &= ~RTE_REMOTE;
	io.rte[pin] = new;
	route(pin);
	service_level(pin);
}

static uint32_t read_reg(unsigned reg)
{
	switch (reg) {
	case REG_ID:
	case REG_ARB: return (uint32_t)io.id << 24;
	case REG_VERSION: return VERSION | (IOAPIC_PINS - 1) << 16;
	}
	if (reg < REG_RTE || reg >= REG_RTE + 2 * IOAPIC_PINS)
		return 0;
	return (uint32_t)(io.rte[(reg - REG_RTE) / 2] >> (reg & 1 ? 32 : 0));
}

static uint64_t ioapic_read(void *dev, uint64_t off, unsigned size)
{
	uint64_t v = 0;

	if ((off & ~3ULL) == OFF_SELECT)
		v = io.select;
	else if ((off & ~3ULL) == OFF_WINDOW)
		v = read_reg(io.select);
	return v >> 8 * (off & 3);
}

static void ioapic_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	if (off == OFF_SELECT) {
		io.select = (uint8_t)value;
	} else if (off == OFF_WINDOW && io.select == REG_ID) {
		io.id = value >> 24 & 0x0f;
	} else if (off == OFF_WINDOW && io.select >= REG_RTE &&
		   io.select < REG_RTE + 2 * IOAPIC_PINS) {
		write_rte(io.select, (uint32_t)value);
	} else if (off == OFF_EOI) {
		ioapic_eoi((uint8_t)value);
	}
}

static const struct region_ops ops = {.read = ioapic_read, .write = ioapic_write};

static void ioapic_reset(struct device *d)
{
	io.select = io.id = 0;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		io.rte[pin] = RTE_MASK;
		route(pin);
	}
}

static struct device device = {.name = "ioapic", .reset = ioapic_reset};

int ioapic_create(void)
{
	int rc = board_add_mmio(IOAPIC_BASE, 0x1000, &ops, NULL, "ioapic");

	if (!rc) {
		memset(&io, 0, sizeof(io));
		ioapic_reset(&device);
		device_register(&device);
	}
	return rc;
}
