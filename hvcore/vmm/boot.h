/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in guest memory when vCPU 0 starts:
 *
 *   0x6000    hvm_start_info, module list at 0x6040
 *   0x7000    memory map
 *   0x20000   kernel command line
 *   0xe0000   ACPI tables (to 0xfffff)
 *   paddr     the kernel, where its program headers say
 *   top       initrd, page-aligned, at the end of low memory
 *
 * The files stay open: a reset, when nothing can be opened any more, loads
 * from the same files.
 */
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include <stdint.h>

#include "hv/config.h"

enum {
	BOOT_INFO = 0x6000,
	BOOT_MODULES = 0x6040,
	BOOT_MEMMAP = 0x7000,
	BOOT_CMDLINE = 0x20000,
	BOOT_CMDLINE_MAX = 0x10000,
	BOOT_ACPI = 0xe0000,
	BOOT_ACPI_END = 0x100000,
};

/* boot_open() - Open the files @c names.  0 or -errno with @err. */
int boot_open(const struct hv_config *c, struct hv_error *err);
/* boot_load() - Fill guest memory and set vCPU 0, at start and after a reset.  0 or -errno. */
int boot_load(const struct hv_config *c, struct hv_error *err);
void boot_close(void);

#endif
