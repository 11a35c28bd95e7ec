/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include "hv/config.h"

/*
 * hv_console_open() - A non-blocking descriptor connected to a domain's
 * console, within @timeout_ms; the caller's to close.  -ENOENT, -ECONNREFUSED
 * (nobody serves it), -ETIMEDOUT, -errno.
 */
int hv_console_open(const char *name, int timeout_ms, struct hv_error *err);

#endif
