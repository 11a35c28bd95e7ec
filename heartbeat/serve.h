/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks a daemon: a line on a Unix socket is answered with one JSON document
 * and the end of the connection.  Each client has SERVE_S from its connection to its last
 * byte; more than SERVE_MAX are turned away, so that they cannot use up what the domains need.
 */
#ifndef HEARTBEAT_SERVE_H
#define HEARTBEAT_SERVE_H

#include <jansson.h>
#include <qb/qbloop.h>

enum { SERVE_MAX = 32, SERVE_S = 5, SERVE_LINE = 128 /* bytes of a question, with its newline */ };

/*
 * serve_start() - Serve RUN/@name, root's alone, on @loop.  @answer gets a line of @len bytes without its
 * newline and returns what to send, which is taken.  One in a process.  0 or -errno.
 */
int serve_start(qb_loop_t *loop, const char *name,
		json_t *(*answer)(void *data, const char *line, size_t len), void *data);

#endif
