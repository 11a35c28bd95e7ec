// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of domains, twins and spares, and the node's.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/standby.h"

static const char twin[] = "@twin", spare[] = "@spare";

/* Whether the @n bytes at @s may name a domain or a node. */
static bool plain(const char *s, size_t n, size_t max)
{
	if (!n || n > max || *s == '.' || *s == '_' || *s == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isascii((unsigned char)s[i]) ||
		    (!isalnum((unsigned char)s[i]) && !strchr("._-", s[i])))
			return false;
	return true;
}

unsigned hv_spare_number(const char *name)
{
	size_t n = strspn(name, "0123456789");
	unsigned long k;

	if (!n || n > 3 || *name == '0' || strcmp(name + n, spare) != 0)
		return 0;
	k = strtoul(name, NULL, 10);
	return k <= HV_SPARES_MAX ? (unsigned)k : 0;
}

enum hv_kind hv_name_kind(const char *name)
{
	const char *at = strchr(name, '@');

	if (!at)
		return plain(name, strlen(name), HV_NAME_MAX) ? HV_KIND_DOMAIN : HV_KIND_NONE;
	if (!strcmp(at, twin) && plain(name, (size_t)(at - name), HV_TWIN_OF_MAX))
		return HV_KIND_TWIN;
	return hv_spare_number(name) ? HV_KIND_SPARE : HV_KIND_NONE;
}

int hv_twin_name(char out[HV_NAME_MAX + 1], const char *domain)
{
	if (!plain(domain, strlen(domain), HV_TWIN_OF_MAX))
		return -EINVAL;
	snprintf(out, HV_NAME_MAX + 1, "%s%s", domain, twin);
	return 0;
}

int hv_spare_name(char out[HV_NAME_MAX + 1], unsigned k)
{
	if (!k || k > HV_SPARES_MAX)
		return -EINVAL;
	snprintf(out, HV_NAME_MAX + 1, "%u%s", k, spare);
	return 0;
}

int hv_twin_of(char out[HV_NAME_MAX + 1], const char *name)
{
	if (hv_name_kind(name) != HV_KIND_TWIN)
		return -EINVAL;
	snprintf(out, HV_NAME_MAX + 1, "%.*s", (int)(strchr(name, '@') - name), name);
	return 0;
}

const char *hv_node_name(void)
{
	static char host[HV_NODE_MAX + 1];
	const char *node = getenv("OCF_RESKEY_CRM_meta_on_node");

	if (!node || !*node)
		node = getenv("TAIKI_NODE");
	if (!node || !*node) {
		if (gethostname(host, sizeof(host)))
			return NULL;
		host[sizeof(host) - 1] = '\0';
		node = host;
	}
	return plain(node, strlen(node), HV_NODE_MAX) ? node : NULL;
}
