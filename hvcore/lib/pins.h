/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins of a domain: pure; pins_host.c has the files, locks and threads. */
#ifndef HV_LIB_PINS_H
#define HV_LIB_PINS_H

#include <sched.h>
#include <stdbool.h>

#include "hv/config.h"

enum { PINS_EMULATOR = HV_VCPUS_MAX, PINS_THREADS, PINS_TEXT = 64 * 1024 };

/* Where each kind of thread is pinned; an empty set: nowhere. */
struct pins {
	cpu_set_t on[PINS_THREADS];
};

/* pins_of() - Those of @c, which has been checked. */
void pins_of(const struct hv_config *c, struct pins *p);

/* pins_all() - Every CPU that @p is about. */
void pins_all(const struct pins *p, cpu_set_t *all);

/* pins_print() - As RUN/NAME/cpus has them, "" for none. */
void pins_print(const struct pins *p, char out[PINS_TEXT]);

/* pins_parse() - Back from that.  A line that makes no sense is passed over. */
void pins_parse(const char *text, struct pins *p);

/* pins_thread() - Which kind of thread is called @comm: N of "vcpuN", PINS_EMULATOR of all others. */
unsigned pins_thread(const char *comm);

/*
 * pins_where() - Where a thread of kind @thread goes, when @shared is nobody's:
 * its own CPUs, else the shared ones; a domain's other threads, where all are
 * dedicated, go beside its virtual processors.
 */
void pins_where(const struct pins *p, unsigned thread, const cpu_set_t *shared, cpu_set_t *to);

#endif
