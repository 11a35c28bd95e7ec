/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HEARTBEAT_LINES_H
#define HEARTBEAT_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Cuts a stream into lines of at most LINES_MAX bytes; what is longer is left out. */
enum { LINES_MAX = 65536 };

struct lines {
	char *text; /* LINES_MAX bytes, made at the first need */
	size_t len;
	bool overlong;
};

/*
 * lines_next() - Take bytes from *@data (advanced) until a line is whole: true,
 * and lines.text holds lines.len bytes, its newline the last of them, until the next
 * call; false: all of it is used up (or there is no memory).
 */
bool lines_next(struct lines *l, const char **data, size_t *len);

void lines_free(struct lines *l);

#endif
