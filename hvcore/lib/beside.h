/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_BESIDE_H
#define HV_LIB_BESIDE_H

#include <stddef.h>

/*
 * hv_beside() - Where one of our programs is: $@variable, else @program beside
 * /proc/self/exe, else @fallback.
 */
void hv_beside(char *out, size_t size, const char *variable, const char *program,
	       const char *fallback);

#endif
