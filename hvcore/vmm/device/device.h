/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board's own devices.  Each create function maps its registers, resets
 * the device and registers it; it returns 0 or -errno.  The machine creates
 * them once, before the engine runs; they live as long as the process.
 */
#ifndef VMM_DEVICE_DEVICE_H
#define VMM_DEVICE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "hvcore/vmm/board.h"

struct chardev;

/* 8259 pair, ports 0x20, 0xa0, ELCR 0x4d0 (pic.c). */
int pic_create(void);
void pic_set(unsigned irq, bool level);
int pic_ack(void); /* the INTA cycle: the vector */

/* 82093 IOAPIC at IOAPIC_BASE (ioapic.c). */
#define IOAPIC_BASE 0xfec00000ULL
enum { IOAPIC_PINS = 24 };
int ioapic_create(void);
void ioapic_set(unsigned pin, bool level);
void ioapic_eoi(uint8_t vector);

/* 8254 PIT at 0x40, and port 0x61 (pit.c). */
int pit_create(void);

/* MC146818 clock and CMOS at 0x70, IRQ 8 (rtc.c).  @localtime: its hands show local time. */
int rtc_create(const struct hv_config *c);

/* 16550A at 0x3f8, IRQ 4 (uart.c).  uart_attach() gives it its other end. */
int uart_create(void);
void uart_attach(struct chardev *c);
extern const struct chardev_ops uart_chardev;
uint64_t uart_bytes(void);

/* The reset line of the 8042 at 0x60/0x64, and the reset control register (reset.c). */
int reset_create(void);
/* A byte access to 0xcf9, which lies inside conf1's ports (pci.c). */
uint8_t reset_control_read(void);
void reset_control_write(uint8_t value);

/* ACPI's fixed hardware: PM1 event and control, PM timer (acpi_pm.c). */
enum { ACPI_PM_BASE = 0x600, ACPI_SCI = 9, ACPI_S5_TYPE = 5 };
int acpi_pm_create(void);
void acpi_pm_power_button(void);
/* acpi_pm_enabled() - Whether the guest has taken ACPI over and listens to the button. */
bool acpi_pm_enabled(void);

/* pvpanic: ISA at 0x505, and PCI 1b36:0011 (pvpanic.c). */
enum { PVPANIC_PORT = 0x505 };
int pvpanic_create(void);

/* Port 0xf4: a test guest ends the domain with a status (debug_exit.c); only with $TAIKI_DEBUG_EXIT. */
int debug_exit_create(void);

#endif
