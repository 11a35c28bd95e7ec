/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running another program and reading what it says, with a deadline.
 */
#ifndef HV_COMMAND_H
#define HV_COMMAND_H

#include <stddef.h>

#include "hv/config.h"

enum { HV_COMMAND_OUTPUT_MAX = 64 * 1024 * 1024 };

struct hv_command {
	const char *const *argv; /* argv[0] is looked up in PATH unless it has a slash */
	const char *input;       /* given on its standard input; NULL: /dev/null */
	size_t input_len;
	int timeout_ms;
	bool keep_stderr; /* its standard error is ours; else /dev/null */
};

/*
 * hv_command() - Run @cmd and wait for its end.  *@out (if asked for) is its
 * standard output, NUL-terminated, the caller's to free, also where it failed.
 * Returns its exit status (0 to 255; 128 + N for signal N), or -ENOENT,
 * -ETIMEDOUT (it is killed), -errno.
 */
int hv_command(const struct hv_command *cmd, char **out, size_t *len, struct hv_error *err);

#endif
