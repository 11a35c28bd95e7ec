// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that writes anything anywhere: ports, configuration space, the
 * devices' memory, and time that jumps.  Each input is a list of six-byte
 * steps; between inputs the board is reset as the machine does it.
 */
#include <string.h>

#include "hvcore/vmm/board_private.h"
#include "hvcore/vmm/chardev.h"
#include "hvcore/vmm/device/watchdog.h"
#include "hvcore/vmm/log.h"
#include "tests/unit/board/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 6, TOYS = 3 };

static uint64_t toy_read(void *dev, uint64_t off, unsigned size)
{
	return off;
}

static void toy_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct pci_device *d = dev;

	pci_intx(d, value & 1);
	pci_msix_fire(d, (unsigned)value >> 1);
}

static const struct region_ops toy_ops = {.read = toy_read, .write = toy_write};
static struct pci_device toys[TOYS];

/* Ports where something is; others are reached through the raw step. */
static const uint16_t ports[] = {0x20,  0x21,  0xa0,  0xa1,  0x4d0, 0x4d1, 0x40,  0x41,  0x42,
				 0x43,  0x61,  0x70,  0x71,  0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc,
				 0x3fd, 0x3fe, 0x3ff, 0x60,  0x64,  0xcf8, 0xcf9, 0xcfc, 0xcfd,
				 0xcfe, 0x600, 0x602, 0x604, 0x608, 0x60c, 0x505, 0x620, 0x621,
				 0x622, 0x624, 0x626, 0x628, 0xfffe};

static void set_up(void)
{
	rig_up(NULL);
	pic_create();
	ioapic_create();
	pit_create();
	rtc_create(&rig.config);
	uart_create();
	reset_create();
	pci_create();
	acpi_pm_create();
	pvpanic_create();
	/* Both models, which a machine never has at once. */
	wdat_create();
	i6300esb_create();
	for (unsigned i = 0; i < TOYS; i++) {
		toys[i] = (struct pci_device){
			.name = "toy",
			.vendor = 0x1af4,
			.device = 0x1042,
			.bar[0] = {.size = 0x4000, .ops = &toy_ops},
			.msix_vectors = 1 + 16 * i,
			.dev = &toys[i],
		};
		pci_add(&toys[i]);
	}
}

static void step(const uint8_t *p)
{
	uint32_t value = p[2] | p[3] << 8 | p[4] << 16 | (uint32_t)p[5] << 24;
	unsigned size = 1u << (p[0] & 3), io_size = size > 4 ? 4 : size;
	uint16_t port = ports[p[1] % (sizeof(ports) / sizeof(*ports))];

	switch (p[0] >> 2 & 7) {
	case 0: board_io_write(NULL, port, io_size, value); break;
	case 1: board_io_read(NULL, port, io_size); break;
	case 2: board_io_write(NULL, (uint16_t)value, io_size, p[1]); break;
	case 3: pci_out(p[1] & 7, p[2], io_size, value >> 8); break;
	case 4: board_mmio_write(NULL, PCI_MMIO_BASE + (value & 0x3ffff), size, p[1]); break;
	case 5: board_mmio_write(NULL, IOAPIC_BASE + (p[1] & 0x7f), size, value); break;
	case 6:
		rig_irq();
		ioapic_eoi(p[1]);
		break;
	default: rig_pass(value & 0x0fffffff); break;
	}
}

static void reset_all(void)
{
	for (struct device *d = board_devices; d; d = d->next)
		if (d->reset)
			d->reset(d);
	rig.requests = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ready;

	if (!ready)
		set_up();
	ready = 1;
	for (; size >= STEP; data += STEP, size -= STEP)
		step(data);
	reset_all();
	return 0;
}
