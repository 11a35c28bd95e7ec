/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board without a machine: real devices, an engine that only writes down
 * what it is told, a clock that stands until the test moves it.
 */
#ifndef TEST_BOARD_RIG_H
#define TEST_BOARD_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "hvcore/vmm/board_private.h"
#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/device/device.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/pci_private.h"

struct rig {
	struct clock clock;
	struct hv_config config;
	bool extint;
	unsigned msis;
	uint64_t msi_addr;
	uint32_t msi_data;
	bool msi_refused; /* what msi() is to answer */
	uint64_t route_addr[IOAPIC_PINS];
	unsigned requests; /* 1 << what */
};
extern struct rig rig;

/* rig_up() - An empty board, the clock at 0 and standing still.  rig_down() after each test. */
int rig_up(void **state);
int rig_down(void **state);

/* Accesses as a guest makes them. */
uint32_t in8(uint16_t port);
uint32_t in16(uint16_t port);
uint32_t in32(uint16_t port);
void out8(uint16_t port, uint32_t v);
void out16(uint16_t port, uint32_t v);
void out32(uint16_t port, uint32_t v);

/* rig_pass() - Time goes on by @ns; timers fire at their moments. */
void rig_pass(uint64_t ns);

/* rig_irq() - Whether the PIC announces an interrupt, and its vector taken; -1: none. */
int rig_irq(void);
/* rig_pic_init() - Both controllers as a PC's firmware or Linux sets them, at 0x30 and 0x38. */
void rig_pic_init(void);
void rig_pic_eoi(int vector);

/* Configuration space. */
uint32_t pci_in(unsigned slot, unsigned off, unsigned size);
void pci_out(unsigned slot, unsigned off, unsigned size, uint32_t v);

#endif
