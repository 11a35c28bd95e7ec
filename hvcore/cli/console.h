/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "hv/config.h"

/* console_open() - Connect to a domain's console within @timeout_ms; a descriptor or -errno. */
int console_open(const char *name, int timeout_ms, struct hv_error *err);

/*
 * console_attach() - Be the terminal of @fd (closed here) until Ctrl-], or
 * until the domain ends.  An exit code.
 */
int console_attach(const char *name, int fd);

#endif
