// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_edit.h"

int hv_config_copy(const struct hv_config *c, struct hv_config *out, struct hv_error *err)
{
	char *json = hv_config_to_json(c);
	int rc;

	memset(out, 0, sizeof(*out));
	if (!json)
		return hv_err(err, -ENOMEM, "%s: not enough memory", c->name);
	rc = hv_config_from_json(out, json, strlen(json), err);
	free(json);
	return rc;
}

int hv_config_set(char **to, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}
