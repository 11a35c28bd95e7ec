/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small emitter of ACPI Machine Language (ACPI 6.4 §20): terms are appended
 * to a buffer; what has a length is opened and closed.
 */
#ifndef VMM_AML_H
#define VMM_AML_H

#include <stddef.h>
#include <stdint.h>

enum { AML_DEPTH = 8 };

struct aml {
	uint8_t *out;
	size_t size, len;       /* len may grow beyond size: then nothing more is written */
	size_t open[AML_DEPTH]; /* where the open terms' lengths stand */
	unsigned depth;
};

/* Terms that hold others; each is ended by aml_close(). */
void aml_scope(struct aml *a, const char *name);
void aml_device(struct aml *a, const char *name);
void aml_method(struct aml *a, const char *name, unsigned args);
void aml_if_name(struct aml *a, const char *name); /* If (NAME) */
void aml_package(struct aml *a, unsigned elements);
void aml_resources(struct aml *a); /* ends with aml_resources_end() */
void aml_close(struct aml *a);

/* Terms. */
void aml_name(struct aml *a, const char *name); /* Name (NAME, the term that follows) */
void aml_integer(struct aml *a, uint64_t v);
void aml_string(struct aml *a, const char *s);
void aml_eisaid(struct aml *a, const char *id);
void aml_return_name(struct aml *a, const char *name);
void aml_store_arg0(struct aml *a, const char *name);

/* Resource descriptors (§6.4). */
void aml_io(struct aml *a, uint16_t base, uint8_t len);
void aml_irq(struct aml *a, unsigned irq);
void aml_bus_range(struct aml *a, uint16_t first, uint16_t last);
void aml_io_range(struct aml *a, uint16_t first, uint16_t last);
void aml_memory_range(struct aml *a, uint32_t first, uint32_t last);
void aml_resources_end(struct aml *a);

#endif
