// SPDX-License-Identifier: GPL-2.0-or-later
/* A stream of bytes, cut into the lines of org.taiki.role.0. */
#include "hv/role.h"

/* end_line() - A newline has come: true when what stood before it was one of ours. */
static bool end_line(struct hv_role_framer *f, struct hv_role *r)
{
	bool overlong = f->overlong;
	size_t len = f->len;

	f->overlong = false;
	f->len = 0;
	if (!overlong && !len)
		return false; /* an empty line only ends what was cut off before it */
	if (!overlong && !hv_role_parse(f->line, len, r))
		return true;
	f->bad++;
	return false;
}

bool hv_role_feed(struct hv_role_framer *f, const char **data, size_t *len, struct hv_role *r)
{
	while (*len) {
		char c = *(*data)++;

		--*len;
		if (c == '\n') {
			if (end_line(f, r))
				return true;
		} else if (f->len == HV_ROLE_LINE_MAX - 1) {
			f->overlong = true;
		} else {
			f->line[f->len++] = c;
		}
	}
	return false;
}
