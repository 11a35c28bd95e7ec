/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of a host's processors, as text: "0-3,8,^2", as libvirt and the kernel write them. */
#ifndef HV_CPUSET_H
#define HV_CPUSET_H

#include <sched.h>
#include <stddef.h>

enum { HV_CPUSET_TEXT = 4096 }; /* bytes that hold any set as text */

/* hv_cpuset_parse() - @text into @set: numbers and ranges below 1024, "^" takes out.  0; -EINVAL: also where it is empty. */
int hv_cpuset_parse(const char *text, cpu_set_t *set);

/* hv_cpuset_print() - The same, in the kernel's form, without "^"; "" for the empty set. */
void hv_cpuset_print(const cpu_set_t *set, char out[HV_CPUSET_TEXT]);

#endif
