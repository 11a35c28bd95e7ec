// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one way an error gets its words.
 */
#include <stdarg.h>
#include <stdio.h>

#include "hv/config.h"

int hv_err(struct hv_error *err, int rc, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return rc;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return rc;
}
