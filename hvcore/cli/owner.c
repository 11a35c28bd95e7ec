// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose a domain is.  A running one says so in its run directory; for one that
 * does not run, the cluster's configuration is asked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "cib.h"
#include "cli.h"
#include "hv/rundir.h"

enum { CIB_TIMEOUT_MS = 5000 };

/* The owning resource, the caller's to free; NULL with 0: none; -errno: cannot tell. */
static int owner(const char *name, int timeout_ms, char **resource, struct hv_error *err)
{
	xmlNodePtr primitive;
	xmlDocPtr doc;
	char *id;
	int rc;

	*resource = NULL;
	if (hv_presence(name, NULL, NULL) == HV_PRESENT) {
		*resource = hv_run_read(name, "resource");
		return 0;
	}
	rc = cib_read(&doc, timeout_ms, err);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	primitive = cib_domain(doc, name);
	if (primitive) {
		id = cib_attr(primitive, "id");
		*resource = id ? strdup(id) : NULL;
		xmlFree(id);
	}
	xmlFreeDoc(doc);
	return 0;
}

static void log_force(const char *name, const char *what, const char *why)
{
	openlog("hv", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "%s of domain %s forced by uid %d: %s", what, name, (int)getuid(), why);
	closelog();
	fprintf(stderr, "hv: forced: %s of domain %s, although %s\n", what, name, why);
}

int owner_allows(const struct options *o, const char *name, const char *what)
{
	struct hv_error err = {""};
	char *resource, why[700];
	int most = o->timeout_ms && left(o) < CIB_TIMEOUT_MS ? left(o) : CIB_TIMEOUT_MS;
	int rc = owner(name, most, &resource, &err);

	if (!rc && !resource)
		return HV_EXIT_OK;
	if (rc)
		snprintf(why, sizeof(why), "whether it belongs to the cluster cannot be told: %s",
			 err.text);
	else
		snprintf(why, sizeof(why), "it belongs to the cluster's resource %s", resource);
	if (o->given & OPT_FORCE) {
		log_force(name, what, why);
		free(resource);
		return HV_EXIT_OK;
	}
	if (rc)
		fprintf(stderr, "hv: %s of domain %s refused: %s; --force does it all the same\n",
			what, name, why);
	else
		fprintf(stderr,
			"hv: %s of domain %s refused: %s; use `crm resource` or `pcs resource`, or --force\n",
			what, name, why);
	free(resource);
	return rc ? HV_EXIT_UNKNOWN : HV_EXIT_REFUSED;
}
