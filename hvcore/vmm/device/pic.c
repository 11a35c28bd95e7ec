// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two 8259A interrupt controllers (Intel 231468), the second on line 2 of the
 * first, and the edge/level control registers of later chipsets.
 */
#include <string.h>

#include "../board_private.h"
#include "device.h"

enum {
	ICW1_INIT = 0x10,
	ICW1_NEED4 = 0x01,
	OCW3 = 0x08,
	ELCR_PCI_LOW = 0x20,  /* lines 5 ... */
	ELCR_PCI_HIGH = 0x0e, /* ... 9 (SCI), 10, 11 are level-triggered */
	CASCADE = 2,
};

struct pic {
	uint8_t irr, isr, imr, lines, elcr, elcr_writable;
	uint8_t base;     /* vector of input 0 */
	uint8_t priority; /* the input that is highest now */
	uint8_t init;     /* the ICW that comes next: 2, 3, 4; 0: initialised */
	bool need4, auto_eoi, rotate_aeoi, special_mask, read_isr, poll, special_nested;
};

static struct pic pics[2];
static bool intr;

/* The waiting input of highest priority that may interrupt now, or -1. */
static int candidate(const struct pic *p)
{
	uint8_t waiting = p->irr & (uint8_t)~p->imr;

	for (unsigned i = 0; i < 8; i++) {
		unsigned n = (p->priority + i) & 7;
		uint8_t bit = (uint8_t)(1 << n);
		/* Fully nested: what is in service blocks itself and everything below (§ 8259A). */
		bool in_service = p->isr & bit;

		if (in_service && p->special_mask && (p->imr & bit))
			in_service = false;
		if (p == &pics[0] && n == CASCADE && p->special_nested && (waiting & bit))
			return (int)n;
		if (in_service)
			return -1;
		if (waiting & bit)
			return (int)n;
	}
	return -1;
}

static void set_line(struct pic *p, unsigned n, bool level)
{
	uint8_t bit = (uint8_t)(1 << n);

	if (level) {
		if ((p->elcr & bit) || !(p->lines & bit))
			p->irr |= bit;
		p->lines |= bit;
	} else {
		p->lines &= (uint8_t)~bit;
		/* An edge withdrawn before it was acknowledged is lost, as on the chip. */
		p->irr &= (uint8_t)~bit;
	}
}

static void update(void)
{
	bool level;

	/* The second chip's output follows what it has to say, whatever was acknowledged. */
	if (candidate(&pics[1]) >= 0)
		pics[0].irr |= 1 << CASCADE;
	else
		pics[0].irr &= (uint8_t) ~(1 << CASCADE);
	level = candidate(&pics[0]) >= 0;
	if (level == intr)
		return;
	intr = level;
	board.engine_ops->extint(board.engine, level);
}

void pic_set(unsigned irq, bool level)
{
	set_line(&pics[irq >> 3], irq & 7, level);
	update();
}

static void acknowledge(struct pic *p, unsigned n)
{
	uint8_t bit = (uint8_t)(1 << n);

	if (p->auto_eoi) {
		if (p->rotate_aeoi)
			p->priority = (n + 1) & 7;
	} else {
		p->isr |= bit;
	}
	if (!(p->elcr & bit))
		p->irr &= (uint8_t)~bit;
}

int pic_ack(void)
{
	int n = candidate(&pics[0]);
	int vector;

	if (n < 0) {
		/* Spurious: input 7, not in service. */
		vector = pics[0].base + 7;
	} else if (n == CASCADE) {
		int m = candidate(&pics[1]);

		acknowledge(&pics[0], CASCADE);
		if (m >= 0)
			acknowledge(&pics[1], (unsigned)m);
		vector = pics[1].base + (m >= 0 ? m : 7);
	} else {
		acknowledge(&pics[0], (unsigned)n);
		vector = pics[0].base + n;
	}
	update();
	return vector;
}

static void end_of_interrupt(struct pic *p, uint8_t value)
{
	unsigned n = value & 7;

	if (!(value & 0x40)) {
		/* Non-specific: the highest in service. */
		for (n = 0; n < 8; n++)
			if (p->isr & 1 << ((p->priority + n) & 7))
				break;
		if (n == 8)
			return;
		n = (p->priority + n) & 7;
	}
	p->isr &= (uint8_t) ~(1 << n);
	if (value & 0x80)
		p->priority = (n + 1) & 7;
}

static void write_ocw2(struct pic *p, uint8_t value)
{
	if (value & 0x20)
		end_of_interrupt(p, value);
	else if ((value & 0xc0) == 0xc0)
		p->priority = ((value & 7) + 1) & 7;
	else if (!(value & 0x40))
		p->rotate_aeoi = value & 0x80;
}

static void write_ocw3(struct pic *p, uint8_t value)
{
	if (value & 0x04)
		p->poll = true;
	else if (value & 0x02)
		p->read_isr = value & 0x01;
	if (value & 0x40)
		p->special_mask = value & 0x20;
}

static void write_icw1(struct pic *p, uint8_t value)
{
	p->init = 2;
	p->need4 = value & ICW1_NEED4;
	p->imr = p->isr = p->priority = 0;
	/* Edges must come again; levels stay. */
	p->irr = p->lines & p->elcr;
	p->special_mask = p->read_isr = p->auto_eoi = p->rotate_aeoi = p->special_nested = false;
}

static void write_data(struct pic *p, uint8_t value)
{
	switch (p->init) {
	case 2:
		p->base = value & 0xf8;
		p->init = 3;
		break;
	case 3: p->init = p->need4 ? 4 : 0; break;
	case 4:
		p->auto_eoi = value & 0x02;
		p->special_nested = value & 0x10;
		p->init = 0;
		break;
	default: p->imr = value; break;
	}
}

static void pic_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	struct pic *p = dev;
	uint8_t value = (uint8_t)v;

	if (off)
		write_data(p, value);
	else if (value & ICW1_INIT)
		write_icw1(p, value);
	else if (value & OCW3)
		write_ocw3(p, value);
	else
		write_ocw2(p, value);
	update();
}

static uint64_t pic_read(void *dev, uint64_t off, unsigned size)
{
	struct pic *p = dev;
	int n;

	if (p->poll) {
		p->poll = false;
		n = candidate(p);
		if (n < 0)
			return 0;
		acknowledge(p, (unsigned)n);
		update();
		return 0x80 | (unsigned)n;
	}
	if (off)
		return p->imr;
	return p->read_isr ? p->isr : p->irr;
}

static uint64_t elcr_read(void *dev, uint64_t off, unsigned size)
{
	return pics[off].elcr;
}

static void elcr_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	pics[off].elcr = (uint8_t)value & pics[off].elcr_writable;
	update();
}

static const struct region_ops pic_ops = {.read = pic_read, .write = pic_write, .bytes = true};
static const struct region_ops elcr_ops = {.read = elcr_read, .write = elcr_write, .bytes = true};

static void pic_reset(struct device *d)
{
	memset(pics, 0, sizeof(pics));
	/* 0, 1, 2, 8 and 13 are edge-triggered for ever. */
	pics[0].elcr_writable = 0xf8;
	pics[1].elcr_writable = 0xde;
	pics[0].elcr = ELCR_PCI_LOW;
	pics[1].elcr = ELCR_PCI_HIGH;
	pics[0].imr = pics[1].imr = 0xff;
	pics[1].base = 8;
	intr = false;
	board.engine_ops->extint(board.engine, false);
}

static struct device device = {.name = "pic", .reset = pic_reset};

int pic_create(void)
{
	int rc = board_add_io(0x20, 2, &pic_ops, &pics[0], "pic0");

	if (!rc)
		rc = board_add_io(0xa0, 2, &pic_ops, &pics[1], "pic1");
	if (!rc)
		rc = board_add_io(0x4d0, 2, &elcr_ops, NULL, "elcr");
	if (!rc) {
		pic_reset(&device);
		device_register(&device);
	}
	return rc;
}
