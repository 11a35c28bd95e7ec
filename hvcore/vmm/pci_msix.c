// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI-X (PCI Local Bus 3.0 §6.8.2): BAR 1 is one page, the table at 0, the
 * pending bits at MSIX_PBA.
 */
#include <string.h>

#include "board_private.h"
#include "pci_private.h"

enum { ENTRY = 16, VECTOR_MASKED = 1 };

static uint16_t control(const struct pci_device *d)
{
	return d->msix_cap ? pci_get16(d, d->msix_cap + 2u) : 0;
}

bool pci_msix_enabled(const struct pci_device *d)
{
	return control(d) & MSIX_CTRL_ENABLE;
}

static bool masked(const struct pci_device *d, unsigned v)
{
	return (control(d) & MSIX_CTRL_MASK) || (d->msix[v].ctrl & VECTOR_MASKED);
}

static void send(struct pci_device *d, unsigned v)
{
	d->msix_pending &= ~(1ULL << v);
	/* A message is a write by the device: without bus mastering it goes nowhere. */
	if (!(pci_get16(d, PCI_COMMAND) & PCI_COMMAND_MASTER))
		return;
	if (board.engine_ops->msi(board.engine, d->msix[v].addr, d->msix[v].data))
		guest_fault(d->name, "MSI-X vector %u: message %#llx/%#x reaches no processor", v,
			    (unsigned long long)d->msix[v].addr, d->msix[v].data);
}

void pci_msix_fire(struct pci_device *d, unsigned v)
{
	if (v >= d->msix_vectors || !pci_msix_enabled(d))
		return;
	if (masked(d, v))
		d->msix_pending |= 1ULL << v;
	else
		send(d, v);
}

static void send_pending(struct pci_device *d)
{
	if (!pci_msix_enabled(d))
		return;
	for (unsigned v = 0; v < d->msix_vectors; v++)
		if ((d->msix_pending >> v & 1) && !masked(d, v))
			send(d, v);
}

void msix_control_written(struct pci_device *d)
{
	pci_irq_update(d);
	send_pending(d);
}

static uint32_t entry_get(const struct pci_device *d, unsigned v, unsigned word)
{
	switch (word) {
	case 0: return (uint32_t)d->msix[v].addr;
	case 1: return (uint32_t)(d->msix[v].addr >> 32);
	case 2: return d->msix[v].data;
	default: return d->msix[v].ctrl;
	}
}

static void entry_put(struct pci_device *d, unsigned v, unsigned word, uint32_t value)
{
	switch (word) {
	case 0: d->msix[v].addr = (d->msix[v].addr & ~0xffffffffULL) | (value & ~3u); break;
	case 1: d->msix[v].addr = (uint32_t)d->msix[v].addr | (uint64_t)value << 32; break;
	case 2: d->msix[v].data = value; break;
	default: d->msix[v].ctrl = value & VECTOR_MASKED; break;
	}
}

/* The table is read and written in dwords, aligned; other accesses are undefined (§6.8.2). */
static uint32_t dword_get(const struct pci_device *d, uint64_t off)
{
	if (off < d->msix_vectors * (uint64_t)ENTRY)
		return entry_get(d, (unsigned)off / ENTRY, (unsigned)off % ENTRY / 4);
	if (off == MSIX_PBA)
		return (uint32_t)d->msix_pending;
	if (off == MSIX_PBA + 4)
		return (uint32_t)(d->msix_pending >> 32);
	return 0;
}

static uint64_t msix_read(void *dev, uint64_t off, unsigned size)
{
	struct pci_device *d = dev;
	uint64_t v = dword_get(d, off & ~3ULL);

	if (size == 8)
		return v | (uint64_t)dword_get(d, (off & ~3ULL) + 4) << 32;
	return v >> 8 * (off & 3);
}

static void msix_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct pci_device *d = dev;

	if (size < 4 || off & 3) {
		guest_fault(d->name, "write of %u bytes at %#llx of the MSI-X table", size,
			    (unsigned long long)off);
		return;
	}
	for (unsigned i = 0; i < size; i += 4)
		if (off + i < d->msix_vectors * (uint64_t)ENTRY)
			entry_put(d, (unsigned)(off + i) / ENTRY, (unsigned)(off + i) % ENTRY / 4,
				  (uint32_t)(value >> 8 * i));
	send_pending(d);
}

static const struct region_ops msix_ops = {.read = msix_read, .write = msix_write};

void msix_add(struct pci_device *d)
{
	uint8_t body[10] = {0};

	if (d->msix_vectors > PCI_MSIX_MAX)
		d->msix_vectors = PCI_MSIX_MAX;
	pci_put16(body, (uint16_t)(d->msix_vectors - 1));
	pci_put32(body + 2, 0 | MSIX_BAR);
	pci_put32(body + 6, MSIX_PBA | MSIX_BAR);
	d->msix_cap = (uint8_t)pci_add_cap(d, PCI_CAP_MSIX, body, 12);
	pci_put16(d->writable + d->msix_cap + 2, MSIX_CTRL_ENABLE | MSIX_CTRL_MASK);
	d->bar[MSIX_BAR] = (struct pci_bar){.size = MSIX_BAR_SIZE, .ops = &msix_ops};
	/* Its region is ours, not the device's. */
	d->bar_dev[MSIX_BAR] = d;
}

void msix_reset(struct pci_device *d)
{
	for (unsigned v = 0; v < PCI_MSIX_MAX; v++) {
		d->msix[v].addr = 0;
		d->msix[v].data = 0;
		d->msix[v].ctrl = VECTOR_MASKED;
	}
	d->msix_pending = 0;
	if (d->msix_cap)
		d->config[d->msix_cap + 3] &= 0x3f;
}
