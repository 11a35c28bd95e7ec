/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VMM_MOVED_H
#define VMM_MOVED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * path_moved() - @path, or where it lies in the directory @from, the same in @to.  Takes
 * @path, which may be NULL, and returns what takes its place, the caller's; NULL where
 * memory ran out.
 */
static inline char *path_moved(char *path, const char *from, const char *to)
{
	size_t len = strlen(from);
	char *now;

	if (!path || strncmp(path, from, len) || path[len] != '/')
		return path;
	if (asprintf(&now, "%s%s", to, path + len) < 0)
		now = NULL;
	free(path);
	return now;
}

#endif
