// SPDX-License-Identifier: GPL-2.0-or-later
#include <corosync/cmap.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "fencing/cluster_name.h"

/* nodelist.node.N.nodeid == @nodeid: N, or -1. */
static int position(cmap_handle_t h, uint32_t nodeid)
{
	char key[CMAP_KEYNAME_MAXLEN + 1];
	cmap_iter_handle_t it;
	int found = -1;
	size_t len;

	if (cmap_iter_init(h, "nodelist.node.", &it) != CS_OK)
		return -1;
	while (found < 0 && cmap_iter_next(h, it, key, &len, NULL) == CS_OK) {
		uint32_t id;
		int n, end = 0;

		if (sscanf(key, "nodelist.node.%d.nodeid%n", &n, &end) == 1 && end && !key[end] &&
		    cmap_get_uint32(h, key, &id) == CS_OK && id == nodeid)
			found = n;
	}
	cmap_iter_finalize(h, it);
	return found;
}

int cluster_name(uint32_t nodeid, char *out, size_t size)
{
	char key[64], *name = NULL;
	struct utsname host;
	cmap_handle_t h;
	int at, n;

	if (cmap_initialize(&h) != CS_OK)
		return -ENOTCONN;
	at = position(h, nodeid);
	snprintf(key, sizeof(key), "nodelist.node.%d.name", at);
	if (at >= 0 && cmap_get_string(h, key, &name) != CS_OK)
		name = NULL;
	cmap_finalize(h);
	uname(&host);
	n = snprintf(out, size, "%s", name ? name : host.nodename);
	free(name);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int cluster_detection_ms(void)
{
	uint32_t token = 0, consensus = 0;
	cmap_handle_t h;

	if (cmap_initialize(&h) != CS_OK)
		return -ENOTCONN;
	if (cmap_get_uint32(h, "runtime.config.totem.token", &token) != CS_OK)
		token = 0;
	if (cmap_get_uint32(h, "runtime.config.totem.consensus", &consensus) != CS_OK)
		consensus = 0;
	cmap_finalize(h);
	return token ? (int)(token + consensus) : -ENOTCONN;
}
