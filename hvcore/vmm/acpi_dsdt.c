// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DSDT: the PCI root, what stands on the ISA side, and how to power off.
 */
#include "acpi.h"
#include "aml.h"
#include "device/device.h"
#include "pci_private.h"

static void pci_windows(struct aml *a)
{
	aml_name(a, "_CRS");
	aml_resources(a);
	aml_bus_range(a, 0, 0);
	aml_io(a, 0xcf8, 8);
	aml_io_range(a, 0, 0xcf7);
	aml_io_range(a, 0xd00, 0xffff);
	aml_memory_range(a, (uint32_t)PCI_MMIO_BASE, (uint32_t)PCI_MMIO_END - 1);
	aml_resources_end(a);
}

/* Slot and INTA#, and the line it is wired to: no link devices (§6.2.13). */
static void routing(struct aml *a, const char *name, bool ioapic)
{
	aml_name(a, name);
	aml_package(a, PCI_SLOTS - 1);
	for (unsigned slot = 1; slot < PCI_SLOTS; slot++) {
		aml_package(a, 4);
		aml_integer(a, slot << 16 | 0xffff);
		aml_integer(a, 0);
		aml_integer(a, 0);
		aml_integer(a, ioapic ? 16 + slot % 8 : pci_isa_irq(slot));
		aml_close(a);
	}
	aml_close(a);
}

static void pci_root(struct aml *a)
{
	aml_device(a, "PCI0");
	aml_name(a, "_HID");
	aml_eisaid(a, "PNP0A03");
	aml_name(a, "_UID");
	aml_integer(a, 0);
	aml_name(a, "_BBN");
	aml_integer(a, 0);
	pci_windows(a);
	routing(a, "PRTA", true);
	routing(a, "PRTP", false);
	/* The guest says by \_PIC which controllers it uses. */
	aml_method(a, "_PRT", 0);
	aml_if_name(a, "\\PICM");
	aml_return_name(a, "PRTA");
	aml_close(a);
	aml_return_name(a, "PRTP");
	aml_close(a);
	aml_close(a);
}

static void isa_device(struct aml *a, const char *name, const char *id, uint16_t base, uint8_t len,
		       unsigned irq)
{
	aml_device(a, name);
	aml_name(a, "_HID");
	if (id[3] == '0' || id[3] == '1')
		aml_eisaid(a, id);
	else
		aml_string(a, id);
	aml_name(a, "_UID");
	aml_integer(a, 1);
	aml_name(a, "_STA");
	aml_integer(a, 0x0f);
	aml_name(a, "_CRS");
	aml_resources(a);
	aml_io(a, base, len);
	if (irq)
		aml_irq(a, irq);
	aml_resources_end(a);
	aml_close(a);
}

size_t acpi_dsdt(const struct hv_config *c, uint8_t *out, size_t size)
{
	struct aml a = {.out = out, .size = size};

	aml_name(&a, "\\PICM");
	aml_integer(&a, 0);
	aml_method(&a, "\\_PIC", 1);
	aml_store_arg0(&a, "\\PICM");
	aml_close(&a);

	aml_scope(&a, "\\_SB_");
	pci_root(&a);
	isa_device(&a, "COM1", "PNP0501", 0x3f8, 8, 4);
	isa_device(&a, "RTC_", "PNP0B00", 0x70, 2, 8);
	if (c->panic)
		isa_device(&a, "PEVT", "QEMU0001", PVPANIC_PORT, 1, 0);
	aml_close(&a);

	/* SLP_TYP of S5 for PM1a and PM1b. */
	aml_name(&a, "\\_S5_");
	aml_package(&a, 4);
	aml_integer(&a, ACPI_S5_TYPE);
	aml_integer(&a, ACPI_S5_TYPE);
	aml_integer(&a, 0);
	aml_integer(&a, 0);
	aml_close(&a);
	return a.len;
}
