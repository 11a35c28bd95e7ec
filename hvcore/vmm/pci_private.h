/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the PCI bus share. */
#ifndef VMM_PCI_PRIVATE_H
#define VMM_PCI_PRIVATE_H

#include "pci.h"

enum {
	PCI_COMMAND = 0x04,
	PCI_COMMAND_MEMORY = 0x0002,
	PCI_COMMAND_MASTER = 0x0004,
	PCI_COMMAND_INTX_OFF = 0x0400,
	PCI_STATUS = 0x06,
	PCI_STATUS_INTX = 0x0008,
	PCI_STATUS_CAPS = 0x0010,
	PCI_HEADER_TYPE = 0x0e,
	PCI_MULTIFUNCTION = 0x80,
	PCI_BAR0 = 0x10,
	PCI_CAP_LIST = 0x34,
	PCI_INT_LINE = 0x3c,
	PCI_INT_PIN = 0x3d,
	PCI_CAP_FIRST = 0x40,
	PCI_CAP_MSIX = 0x11,
	MSIX_BAR = 1,
	MSIX_BAR_SIZE = 4096,
	MSIX_PBA = 2048,
	MSIX_CTRL_ENABLE = 0x8000,
	MSIX_CTRL_MASK = 0x4000,
};

static inline uint16_t pci_get16(const struct pci_device *d, unsigned off)
{
	return (uint16_t)(d->config[off] | d->config[off + 1] << 8);
}

static inline uint32_t pci_get32(const struct pci_device *d, unsigned off)
{
	return pci_get16(d, off) | (uint32_t)pci_get16(d, off + 2) << 16;
}

static inline void pci_put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static inline void pci_put32(uint8_t *at, uint32_t v)
{
	pci_put16(at, (uint16_t)v);
	pci_put16(at + 2, (uint16_t)(v >> 16));
}

/* pci_irq_update() - Drive the device's interrupt line from d->intx and the command register. */
void pci_irq_update(struct pci_device *d);

/* pci_msix.c: the capability and BAR 1; its reset; what follows a write to its control word. */
void msix_add(struct pci_device *d);
void msix_reset(struct pci_device *d);
void msix_control_written(struct pci_device *d);

/* pci_window.c: before a configuration read, and after a write. */
void pci_window_read(struct pci_device *d, unsigned off, unsigned size);
void pci_window_written(struct pci_device *d, unsigned off, unsigned size);

/* pci_create() - The host bridge and ports 0xcf8..0xcff.  0 or -errno. */
int pci_create(void);
/* pci_forget() - An empty bus, for tests. */
void pci_forget(void);
/* pci_isa_irq() - The ISA line that INTA# of @slot drives beside its GSI. */
unsigned pci_isa_irq(unsigned slot);

#endif
