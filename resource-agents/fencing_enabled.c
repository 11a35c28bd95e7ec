// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Only a start that needs to know asks; a monitor never does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hv/command.h"

#include "fencing_enabled.h"

static bool is_false(const char *v)
{
	static const char *const no[] = {"0", "false", "no", "off", "n"};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (!strcasecmp(v, no[i]))
			return true;
	return false;
}

int fencing_enabled(int timeout_ms, struct hv_error *err)
{
	static const char *const argv[] = {
		"crm_attribute", "--type",  "crm_config", "--name", "stonith-enabled",
		"--query",       "--quiet", "--default",  "true",   NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = timeout_ms};
	char *out = NULL;
	size_t len = 0;
	int rc = hv_command(&cmd, &out, &len, err);

	if (!rc) {
		out[strcspn(out, "\n")] = '\0';
		rc = *out ? !is_false(out) : 1;
	} else if (rc > 0) {
		rc = hv_err(err, -ENOTCONN,
			    "no cluster answers on this host; outside of one, assume_fencing=true "
			    "says that you see to it");
	}
	free(out);
	return rc;
}
