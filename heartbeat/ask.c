// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "hv/rundir.h"

#include "ask.h"

int ask_parse(const char *line, size_t len, struct ask *a)
{
	static const char verb[] = "status";
	size_t n = sizeof(verb) - 1;

	if (len < n || memcmp(line, verb, n) || memchr(line, '\0', len))
		return -EINVAL;
	*a = (struct ask){0};
	if (len == n)
		return 0;
	if (line[n] != ' ' || len - n - 1 > HV_NAME_MAX)
		return -EINVAL;
	memcpy(a->name, line + n + 1, len - n - 1);
	return hv_name_ok(a->name) ? 0 : -EINVAL;
}
