/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI by configuration mechanism 1 (0xCF8/0xCFC): one bus.  Devices fill its
 * slots one after the other; when all have one, further ones become their
 * second functions, and so on.  Memory BARs are assigned at setup, since no
 * firmware does, and follow where the guest moves them.
 *
 * INTx: every function has pin A; that of slot s goes to GSI 16 + (s % 8), the same as ACPI's _PRT says;
 * without an IOAPIC (acpi off) to ISA lines 5, 10, 11 by pci_irq_line().
 */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

enum {
	PCI_SLOTS = 32,
	PCI_FUNCTIONS = 8,
	PCI_DEVICES_MAX = 1 + (PCI_SLOTS - 1) * PCI_FUNCTIONS, /* slot 0 is the host bridge's */
	PCI_BARS = 6,
	PCI_MSIX_MAX = 33, /* vectors a device may have */
};
/* The window BARs live in, below the IOAPIC and above RAM_LOW_MAX_MIB. */
#define PCI_MMIO_BASE 0xc0000000ULL
#define PCI_MMIO_END  0xfe000000ULL

struct pci_device;

/* A device's BAR: one region; 32-bit non-prefetchable memory of a power-of-two @size >= 16. */
struct pci_bar {
	uint32_t size; /* 0: not there */
	const struct region_ops *ops;
	void (*moved)(struct pci_device *d, unsigned bar, uint64_t old,
		      uint64_t now); /* may be NULL;
	                                               0: unmapped */
};

struct pci_device {
	const char *name;
	uint16_t vendor, device, subvendor, subsystem;
	uint32_t class_rev; /* class code << 8 | revision */
	struct pci_bar bar[PCI_BARS];
	unsigned msix_vectors; /* 0: no MSI-X; else the table and PBA live in BAR 1, ours */
	void *dev;             /* passed to the BARs' ops */
	/* The guest wrote [@off, @off + @size) above PCI_CAP_FIRST, which is in config[] by now; may be NULL. */
	void (*config_written)(struct pci_device *d, unsigned off, unsigned size);
	/* Private to pci.c from here. */
	uint8_t slot, function;
	uint8_t config[256];
	uint8_t writable[256];       /* bits the guest may write */
	uint64_t bar_addr[PCI_BARS]; /* where mapped now; 0: not */
	uint32_t bar_home[PCI_BARS]; /* where setup put them */
	void *bar_dev[PCI_BARS];     /* what the region's ops get */
	bool line_high;              /* INTA# as it is driven now */
	uint8_t cap_next;            /* free offset for capabilities */
	uint8_t msix_cap;
	uint8_t window; /* 0: none */
	struct {
		uint64_t addr;
		uint32_t data, ctrl;
	} msix[PCI_MSIX_MAX];
	uint64_t msix_pending;
	bool intx;
};

/*
 * pci_add() - Plug @d into the next free place and assign its BARs.  The
 * device fills everything above "private" first.  0, -ENOSPC.
 */
int pci_add(struct pci_device *d);

/*
 * pci_add_cap() - A capability of @len bytes (id and next included) with @body
 * from its third byte on; returns its offset.  Before or after pci_add().
 */
unsigned pci_add_cap(struct pci_device *d, uint8_t id, const void *body, unsigned len);

/* pci_window() - Capability @cap (of 20 bytes) is a window on the BARs, see pci_window.c. */
void pci_window(struct pci_device *d, unsigned cap);

/* pci_intx() - The level of the device's INTA#. */
void pci_intx(struct pci_device *d, bool level);
/* pci_msix_enabled() - Whether the guest has switched MSI-X on. */
bool pci_msix_enabled(const struct pci_device *d);
/* pci_msix_fire() - Send vector @v, or note it pending while masked. */
void pci_msix_fire(struct pci_device *d, unsigned v);
/* pci_reset() - Config space and MSI-X as at power-on, BARs back to what setup assigned. */
void pci_reset(struct pci_device *d);

#endif
