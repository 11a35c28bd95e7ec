// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "hv/cpuset.h"

static bool number(const char **at, unsigned *n)
{
	unsigned long v = 0;

	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++) {
		v = v * 10 + (unsigned long)(**at - '0');
		if (v >= CPU_SETSIZE)
			return false;
	}
	*n = (unsigned)v;
	return true;
}

int hv_cpuset_parse(const char *text, cpu_set_t *set)
{
	CPU_ZERO(set);
	for (const char *at = text;; at++) {
		bool out = *at == '^';
		unsigned from, to;

		if (out)
			at++;
		if (!number(&at, &from))
			return -EINVAL;
		to = from;
		if (*at == '-' && (at++, !number(&at, &to) || to < from))
			return -EINVAL;
		for (unsigned i = from; i <= to; i++)
			if (out)
				CPU_CLR(i, set);
			else
				CPU_SET(i, set);
		if (!*at)
			break;
		if (*at != ',')
			return -EINVAL;
	}
	return CPU_COUNT(set) ? 0 : -EINVAL;
}

void hv_cpuset_print(const cpu_set_t *set, char out[HV_CPUSET_TEXT])
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < CPU_SETSIZE; i++) {
		unsigned last = i;

		if (!CPU_ISSET(i, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		n += (size_t)snprintf(out + n, HV_CPUSET_TEXT - n, last > i ? "%s%u-%u" : "%s%u",
				      n ? "," : "", i, last);
		i = last;
	}
}
