// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lines.h"

bool lines_next(struct lines *l, const char **data, size_t *len)
{
	if (!l->text)
		l->text = malloc(LINES_MAX);
	if (!l->text)
		return false;
	/* The line that was handed out last. */
	if (l->len && l->text[l->len - 1] == '\n')
		l->len = 0;
	while (*len) {
		const char *nl = memchr(*data, '\n', *len);
		size_t n = nl ? (size_t)(nl - *data) + 1 : *len;

		if (!l->overlong && l->len + n <= LINES_MAX) {
			memcpy(l->text + l->len, *data, n);
			l->len += n;
		} else {
			l->overlong = true;
		}
		*data += n;
		*len -= n;
		if (!nl)
			break;
		if (!l->overlong)
			return true;
		l->overlong = false;
		l->len = 0;
	}
	return false;
}

void lines_free(struct lines *l)
{
	free(l->text);
	*l = (struct lines){0};
}
