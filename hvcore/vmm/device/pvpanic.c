// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pvpanic: one register in which a guest says that it has panicked.  An ISA
 * port, found through the DSDT (QEMU0001), and a PCI device for guests that
 * have only that driver.
 */
#include "../board_private.h"
#include "../pci.h"
#include "device.h"

enum { PANICKED = 1, CRASHLOADED = 2, KNOWN = PANICKED | CRASHLOADED };

static uint64_t pvpanic_read(void *dev, uint64_t off, unsigned size)
{
	return off ? 0 : KNOWN; /* the events that are understood */
}

static void pvpanic_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	if (off || value & ~(uint64_t)KNOWN)
		guest_fault("pvpanic", "unknown event %#llx", (unsigned long long)value);
	else if (value & PANICKED)
		board_request(BOARD_PANIC, "guest-panic");
	else if (value & CRASHLOADED)
		board_request(BOARD_CRASHLOADED, "guest-crashloaded");
}

static const struct region_ops ops = {
	.read = pvpanic_read,
	.write = pvpanic_write,
	.bytes = true,
};

static struct pci_device pci = {
	.name = "pvpanic",
	.vendor = 0x1b36,
	.device = 0x0011,
	.subvendor = 0x1af4,
	.subsystem = 0x1100,
	.class_rev = 0x08800001, /* a system peripheral */
	.bar[0] = {.size = 16, .ops = &ops},
};

int pvpanic_create(void)
{
	int rc = board_add_io(PVPANIC_PORT, 1, &ops, NULL, "pvpanic-isa");

	return rc ? rc : pci_add(&pci);
}
