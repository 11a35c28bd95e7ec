// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "active.h"

enum { NEEDLE = 320 };

/* value() - Attribute @name of the element that begins at @at, into @out. */
static bool value(const char *at, const char *name, char *out, size_t size)
{
	const char *end = strchr(at, '>'), *v;
	char needle[NEEDLE];
	size_t n;

	snprintf(needle, sizeof(needle), " %s=\"", name);
	v = strstr(at, needle);
	if (!v || !end || v > end)
		return false;
	v += strlen(needle);
	n = strcspn(v, "\"");
	if (!n || n >= size)
		return false;
	memcpy(out, v, n);
	out[n] = '\0';
	return true;
}

void active_on(const char *text, const char *resource, char *host, size_t size)
{
	static const char element[] = "<resource ", end[] = "</resource>", node[] = "<node ";
	char id[NEEDLE], role[32];

	*host = '\0';
	for (const char *at = text; (at = strstr(at, element)); at += strlen(element)) {
		const char *n = strstr(at, node), *e = strstr(at, end);

		if (!value(at, "id", id, sizeof(id)) || strcmp(id, resource) != 0)
			continue;
		if (!value(at, "role", role, sizeof(role)) || strcmp(role, "Started") != 0)
			return;
		/* Two nodes: it moves, or worse; nothing is promised on one of them. */
		if (n && e && n < e && !(strstr(n + 1, node) && strstr(n + 1, node) < e))
			value(n, "name", host, size);
		return;
	}
}
