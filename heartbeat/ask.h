/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What taiki-heartbeatd can be asked on RUN/.heartbeatd.sock: one line, and it
 * answers with one JSON document and closes.
 *
 *   status            everything
 *   status NAME       one domain
 */
#ifndef HEARTBEAT_ASK_H
#define HEARTBEAT_ASK_H

#include <stddef.h>

#include "hv/config.h"

#define ASK_SOCKET ".heartbeatd.sock"
enum { ASK_MAX = 128 }; /* bytes of a question, with its newline */

struct ask {
	char name[HV_NAME_MAX + 1]; /* "": all */
};

/* ask_parse() - A line of @len bytes without its newline: 0 or -EINVAL. */
int ask_parse(const char *line, size_t len, struct ask *a);

#endif
