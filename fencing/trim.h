/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TAIKI_FENCE_TRIM_H
#define TAIKI_FENCE_TRIM_H

#include <ctype.h>
#include <string.h>

/* fence_trim() - @s without white space around it, cut in place. */
static inline char *fence_trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

#endif
