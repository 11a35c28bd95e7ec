/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables (ACPI 6.4 §5.2), built once per boot from the configuration.
 */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

/*
 * acpi_build() - All tables as they stand at guest-physical @base, into @out
 * of @size bytes: the RSDP first, everything else behind it.  Returns the
 * bytes used, or -ENOSPC.  A pure function.
 */
long acpi_build(const struct hv_config *c, uint64_t base, uint8_t *out, size_t size);

/* acpi_load() - The same into guest memory at [@base, @end); *@rsdp is set.  0 or -errno. */
int acpi_load(const struct hv_config *c, uint64_t base, uint64_t end, uint64_t *rsdp,
	      struct hv_error *err);

/* acpi_wdat() - What follows the WDAT's header into @out; returns its bytes, also if they do not fit. */
size_t acpi_wdat(uint8_t *out, size_t size);

/* acpi_dsdt() - The DSDT's AML into @out; returns its bytes, or more than @size if it did not fit. */
size_t acpi_dsdt(const struct hv_config *c, uint8_t *out, size_t size);

#endif
