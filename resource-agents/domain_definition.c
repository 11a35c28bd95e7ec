// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resource's definition, from the cluster or from a file (design 5.1).
 * What is wrong in the cluster is wrong on every host (6); what is wrong with
 * a file is wrong here (5), and Pacemaker tries another host.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hv/definition.h"
#include "hvcore/lib/resolved.h"

#include "domain.h"

enum { RESOLVE_TIMEOUT_MS = 10000 };

static enum ocf_rc from_cluster(const char *encoded, char **text, size_t *len, struct hv_error *err)
{
	struct hv_error why;

	if (hv_definition_decode(encoded, text, len, &why))
		return hv_err(err, OCF_ERR_CONFIGURED,
			      "parameter definition: %s; put it there with `hv cluster "
			      "update`",
			      why.text);
	return OCF_SUCCESS;
}

static enum ocf_rc from_file(const char *path, char **text, size_t *len, struct hv_error *err)
{

	if (*path != '/')
		return hv_err(err, OCF_ERR_CONFIGURED,
			      "parameter config: \"%s\" is not an absolute path", path);
	return hv_definition_read(path, text, len, err) ? OCF_ERR_INSTALLED : OCF_SUCCESS;
}

enum ocf_rc domain_definition(char **text, size_t *len, const char **where, struct hv_error *err)
{
	const char *encoded = ocf_param("definition"), *path = ocf_param("config");
	const char *want = ocf_param("digest");
	char digest[HV_DIGEST_SIZE];
	enum ocf_rc rc;

	*text = NULL;
	if (!encoded == !path)
		return hv_err(err, OCF_ERR_CONFIGURED,
			      path ? "both parameters, definition and config, are given; "
				     "one of them says what the domain is"
				   : "neither parameter, definition or config, is given; "
				     "use `hv cluster define FILE`, or config=PATH");
	*where = path ? path : "the definition in the cluster";
	rc = path ? from_file(path, text, len, err) : from_cluster(encoded, text, len, err);
	if (rc || !want)
		return rc;
	hv_definition_digest(*text, *len, digest);
	if (!strcasecmp(want, digest))
		return OCF_SUCCESS;
	free(*text);
	*text = NULL;
	return hv_err(err, path ? OCF_ERR_INSTALLED : OCF_ERR_CONFIGURED,
		      "%s is not what the cluster knows: its digest is %.16s..., the "
		      "resource's is %.16s...; copy the right file here, or `hv cluster "
		      "update`",
		      *where, digest, want);
}

enum ocf_rc domain_config(struct hv_config *c, char **text, struct hv_error *err)
{
	const char *where;
	char *xml;
	size_t len;
	int left = ocf_left_ms();
	enum ocf_rc rc = domain_definition(&xml, &len, &where, err);

	memset(c, 0, sizeof(*c));
	if (text)
		*text = NULL;
	if (rc)
		return rc;
	int res = 0;
	/* A start that adopts a twin is in a hurry. */
	if (!hv_resolved_find(c, xml, len, ocf_instance()))
		res = hv_definition_resolve(c, xml, len, where,
					    left < RESOLVE_TIMEOUT_MS ? left : RESOLVE_TIMEOUT_MS,
					    err);
	if (!res && text)
		*text = xml;
	else
		free(xml);
	if (res == -EINVAL)
		return ocf_param("definition") ? OCF_ERR_CONFIGURED : OCF_ERR_INSTALLED;
	return domain_launch_rc(res);
}
