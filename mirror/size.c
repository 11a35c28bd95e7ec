// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/size.h"

int size_parse(uint64_t *bytes, const char *text, unsigned unit)
{
	static const char suffixes[] = "skmg";
	static const unsigned units[] = {512, 1 << 10, 1 << 20, 1 << 30};
	unsigned long long n;
	const char *suffix;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	suffix = *end ? strchr(suffixes, tolower((unsigned char)*end)) : NULL;
	if (errno || (*end && (!suffix || end[1])))
		return -EINVAL;
	if (suffix)
		unit = units[suffix - suffixes];
	return __builtin_mul_overflow(n, unit, bytes) ? -EINVAL : 0;
}
