// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a twin's definition came to when the twin was made.  It is kept in one file with what it
 * was made from, so that no death between two writes can set one beside another's: the first line
 * has the release that read the definition, the node that read it (which {node} and MAC addresses
 * depend on) and the text's digest; nothing else goes into the result.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "resolved.h"
#include "run_file.h"

enum { STAMP_BYTES = HV_NODE_MAX + HV_DIGEST_SIZE + 64 };

static bool stamp_of(char out[STAMP_BYTES], const char *text, size_t len)
{
	const char *node = hv_node_name();
	char digest[HV_DIGEST_SIZE];

	if (!node)
		return false;
	hv_definition_digest(text, len, digest);
	snprintf(out, STAMP_BYTES, "taiki %s, node %s, definition %s\n", TAIKI_VERSION, node,
		 digest);
	return true;
}

int hv_resolved_put(const char *standby, const struct hv_config *domain, const char *definition,
		    struct hv_error *err)
{
	char stamp[STAMP_BYTES], *json = NULL, *file = NULL;
	int rc;

	if (!domain || !definition || !stamp_of(stamp, definition, strlen(definition)))
		return hv_run_put(standby, HV_RESOLVED, NULL, err);
	json = hv_config_to_json(domain);
	if (!json || asprintf(&file, "%s%s", stamp, json) < 0)
		rc = hv_err(err, -ENOMEM, "domain %s: not enough memory", domain->name);
	else
		rc = hv_run_put(standby, HV_RESOLVED, file, err);
	free(json);
	free(file);
	return rc;
}

/* in() - @twin was made from what has @stamp: its domain's configuration. */
static bool in(const char *twin, const char *stamp, struct hv_config *c)
{
	char path[4096], name[HV_NAME_MAX + 1], *file;
	size_t len, head = strlen(stamp);
	bool found;

	if (hv_run_path(path, sizeof(path), twin, HV_RESOLVED) ||
	    hv_definition_read(path, &file, &len, NULL))
		return false;
	found = len > head && !memcmp(file, stamp, head) &&
		!hv_config_from_json(c, file + head, len - head, NULL);
	free(file);
	if (found && (hv_twin_name(name, c->name) || strcmp(name, twin) != 0)) {
		hv_config_free(c);
		found = false;
	}
	return found;
}

bool hv_resolved_find(struct hv_config *c, const char *text, size_t len, const char *guess)
{
	char stamp[STAMP_BYTES], twin[HV_NAME_MAX + 1], **all;
	bool found;

	memset(c, 0, sizeof(*c));
	if (!stamp_of(stamp, text, len))
		return false;
	if (!hv_twin_name(twin, guess) && in(twin, stamp, c))
		return true;
	all = hv_run_list(NULL);
	found = false;
	for (char **p = all; p && *p && !found; p++)
		found = hv_name_kind(*p) == HV_KIND_TWIN && in(*p, stamp, c);
	free(all);
	return found;
}
