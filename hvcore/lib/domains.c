// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The definitions known on this host.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "hv/definition.h"
#include "hv/standby.h"

int hv_domain_path(char *out, size_t size, const char *name)
{
	const char *dir = getenv("TAIKI_ETC_DIR");
	int n;

	if (hv_name_kind(name) != HV_KIND_DOMAIN)
		return -EINVAL;
	n = snprintf(out, size, "%s/domains/%s.xml", dir && *dir ? dir : "/etc/taiki", name);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
