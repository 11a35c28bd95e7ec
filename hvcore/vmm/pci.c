// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bus 0: configuration space, BARs, INTA# lines (PCI Local Bus 3.0 §3.2.2.3, §6).
 */
#include <errno.h>
#include <string.h>

#include "board_private.h"
#include "device/device.h"
#include "pci_private.h"

enum { LINES = 8 };

static struct {
	struct pci_device *device[PCI_DEVICES_MAX]; /* in the order they came, see place() */
	unsigned n;
	uint64_t next_bar;
	uint32_t address;          /* 0xcf8 */
	uint8_t line_level[LINES]; /* devices that hold GSI 16 + line up */
} bus;

static struct pci_device host_bridge = {
	.name = "pci-host",
	.vendor = 0x1b36,
	.device = 0x0008,
	.subvendor = 0x1af4,
	.subsystem = 0x1100,
	.class_rev = 0x06000000,
};

unsigned pci_isa_irq(unsigned slot)
{
	static const uint8_t isa[] = {5, 10, 11};

	return isa[slot % LINES % sizeof(isa)];
}

/*
 * The line reaches two pins: the IOAPIC's of its own, and an ISA interrupt for
 * guests that use the 8259.  Lines share ISA interrupts, which are an OR.
 */
static void drive(unsigned line)
{
	bool isa = false;

	irq_set(16 + line, bus.line_level[line]);
	for (unsigned l = 0; l < LINES; l++)
		if (pci_isa_irq(l) == pci_isa_irq(line) && bus.line_level[l])
			isa = true;
	irq_set(pci_isa_irq(line), isa);
}

void pci_irq_update(struct pci_device *d)
{
	bool level = d->intx && !(pci_get16(d, PCI_COMMAND) & PCI_COMMAND_INTX_OFF) &&
		     !pci_msix_enabled(d);
	unsigned line = d->slot % LINES;

	if (level == d->line_high)
		return;
	d->line_high = level;
	bus.line_level[line] = (uint8_t)(bus.line_level[line] + (level ? 1 : -1));
	drive(line);
}

void pci_intx(struct pci_device *d, bool level)
{
	d->intx = level;
	d->config[PCI_STATUS] = (uint8_t)((d->config[PCI_STATUS] & ~PCI_STATUS_INTX) |
					  (level ? PCI_STATUS_INTX : 0));
	pci_irq_update(d);
}

/* Map each BAR where the configuration says, or nowhere. */
static void update_bars(struct pci_device *d)
{
	bool on = pci_get16(d, PCI_COMMAND) & PCI_COMMAND_MEMORY;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct pci_bar *b = &d->bar[i];
		uint64_t old = d->bar_addr[i], now = 0;

		if (!b->size)
			continue;
		if (on)
			now = pci_get32(d, PCI_BAR0 + 4 * i) & ~15u;
		/* Only inside the window the bridge decodes: never over RAM or the IOAPIC. */
		if (now < PCI_MMIO_BASE || now + b->size > PCI_MMIO_END)
			now = 0;
		if (now == old)
			continue;
		if (old)
			board_del_mmio(old);
		if (now && board_add_mmio(now, b->size, b->ops, d->bar_dev[i], d->name)) {
			guest_fault(d->name, "BAR %u moved to %#llx, where another device is", i,
				    (unsigned long long)now);
			now = 0;
		}
		d->bar_addr[i] = now;
		if (b->moved)
			b->moved(d, i, old, now);
	}
}

static uint32_t config_read(struct pci_device *d, unsigned off, unsigned size)
{
	uint32_t v = 0;

	pci_window_read(d, off, size);
	for (unsigned i = 0; i < size; i++)
		v |= (uint32_t)d->config[off + i] << 8 * i;
	return v;
}

static void config_write(struct pci_device *d, unsigned off, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t w = d->writable[off + i];

		d->config[off + i] = (uint8_t)((d->config[off + i] & ~w) | ((value >> 8 * i) & w));
	}
	if (off < PCI_COMMAND + 2 && off + size > PCI_COMMAND) {
		update_bars(d);
		pci_irq_update(d);
	} else if (off < PCI_BAR0 + 4 * PCI_BARS && off + size > PCI_BAR0) {
		update_bars(d);
	} else if (d->msix_cap && off < d->msix_cap + 4u && off + size > d->msix_cap + 2u) {
		msix_control_written(d);
	}
	pci_window_written(d, off, size);
	if (d->config_written && off + size > PCI_CAP_FIRST)
		d->config_written(d, off, size);
}

/* place() - Where the device that came as number @n is: round the slots, then the functions. */
static void place(unsigned n, uint8_t *slot, uint8_t *function)
{
	*slot = (uint8_t)(n ? 1 + (n - 1) % (PCI_SLOTS - 1) : 0);
	*function = (uint8_t)(n ? (n - 1) / (PCI_SLOTS - 1) : 0);
}

/* at() - The other way round; NULL where nothing is. */
static struct pci_device *at(unsigned slot, unsigned function)
{
	if (!slot)
		return function ? NULL : bus.device[0];
	return bus.device[slot + function * (PCI_SLOTS - 1)];
}

/* 0xcf8: enable bit 31, bus 23..16, slot 15..11, function 10..8, register 7..2. */
static struct pci_device *addressed(void)
{
	if (!(bus.address & 0x80000000u) || bus.address & 0x00ff0000u)
		return NULL;
	return at(bus.address >> 11 & 31, bus.address >> 8 & 7);
}

static uint64_t conf1_read(void *dev, uint64_t off, unsigned size)
{
	struct pci_device *d = addressed();

	if (off == 1 && size == 1)
		return reset_control_read();
	if (off < 4)
		return off == 0 && size == 4 ? bus.address : ~0ULL;
	off -= 4;
	if (!d || off + size > 4)
		return ~0ULL;
	return config_read(d, (bus.address & 0xfc) + (unsigned)off, size);
}

static void conf1_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct pci_device *d = addressed();

	if (off == 0 && size == 4)
		bus.address = (uint32_t)value & 0x80fffffc;
	if (off == 1 && size == 1)
		reset_control_write((uint8_t)value);
	if (off < 4)
		return;
	off -= 4;
	if (d && off + size <= 4)
		config_write(d, (bus.address & 0xfc) + (unsigned)off, size, (uint32_t)value);
}

static const struct region_ops conf1_ops = {.read = conf1_read, .write = conf1_write};

unsigned pci_add_cap(struct pci_device *d, uint8_t id, const void *body, unsigned len)
{
	unsigned at = d->cap_next ? d->cap_next : PCI_CAP_FIRST;
	uint8_t *link = &d->config[PCI_CAP_LIST];

	if (len < 2 || at + len > sizeof(d->config))
		return 0;
	while (*link)
		link = &d->config[*link + 1];
	*link = (uint8_t)at;
	d->config[at] = id;
	memcpy(d->config + at + 2, body, len - 2);
	d->cap_next = (uint8_t)((at + len + 3) & ~3u);
	d->config[PCI_STATUS] |= PCI_STATUS_CAPS;
	return at;
}

static void fill_header(struct pci_device *d)
{
	uint8_t *c = d->config;

	pci_put16(c + 0x00, d->vendor);
	pci_put16(c + 0x02, d->device);
	pci_put32(c + 0x08, d->class_rev);
	pci_put16(c + 0x2c, d->subvendor);
	pci_put16(c + 0x2e, d->subsystem);
	c[PCI_INT_LINE] = (uint8_t)pci_isa_irq(d->slot);
	c[PCI_INT_PIN] = d == &host_bridge ? 0 : 1;
	pci_put16(d->writable + PCI_COMMAND,
		  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
	d->writable[0x0c] = 0xff; /* cache line size */
	d->writable[PCI_INT_LINE] = 0xff;
}

/* Naturally aligned addresses, one after the other. */
static int assign_bars(struct pci_device *d)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		uint64_t size = d->bar[i].size;

		if (!size)
			continue;
		bus.next_bar = (bus.next_bar + size - 1) & ~(size - 1);
		if (bus.next_bar + size > PCI_MMIO_END)
			return -ENOSPC;
		d->bar_home[i] = (uint32_t)bus.next_bar;
		bus.next_bar += size;
		pci_put32(d->writable + PCI_BAR0 + 4 * i, ~(uint32_t)(size - 1));
	}
	return 0;
}

void pci_reset(struct pci_device *d)
{
	for (unsigned i = 0; i < sizeof(d->config); i++)
		d->config[i] &= (uint8_t)~d->writable[i];
	d->config[PCI_INT_LINE] = (uint8_t)pci_isa_irq(d->slot);
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (d->bar[i].size)
			pci_put32(d->config + PCI_BAR0 + 4 * i, d->bar_home[i]);
	msix_reset(d);
	update_bars(d);
	pci_intx(d, false);
}

int pci_add(struct pci_device *d)
{
	int rc;

	if (bus.n == PCI_DEVICES_MAX)
		return -ENOSPC;
	place(bus.n, &d->slot, &d->function);
	for (unsigned i = 0; i < PCI_BARS; i++)
		d->bar_dev[i] = d->dev;
	fill_header(d);
	if (d->msix_vectors)
		msix_add(d);
	rc = assign_bars(d);
	if (rc)
		return rc;
	bus.device[bus.n++] = d;
	/* Guests look for further functions only where the first says that there are some. */
	if (d->function)
		at(d->slot, 0)->config[PCI_HEADER_TYPE] |= PCI_MULTIFUNCTION;
	pci_reset(d);
	return 0;
}

static void bus_reset(struct device *d)
{
	bus.address = 0;
	for (unsigned i = 0; i < bus.n; i++)
		pci_reset(bus.device[i]);
}

static struct device bus_device = {.name = "pci", .reset = bus_reset};

int pci_create(void)
{
	int rc;

	pci_forget();
	rc = board_add_io(0xcf8, 8, &conf1_ops, NULL, "pci-conf1");
	if (!rc)
		rc = pci_add(&host_bridge);
	if (!rc)
		device_register(&bus_device);
	return rc;
}

void pci_forget(void)
{
	memset(&bus, 0, sizeof(bus));
	bus.next_bar = PCI_MMIO_BASE;
}
