/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

/*
 * console_attach() - Be the terminal of @fd (closed here) until Ctrl-], or
 * until the domain ends.  An exit code.
 */
int console_attach(const char *name, int fd);

#endif
