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

void hv_config_unpin(struct hv_config *c)
{
	for (unsigned i = 0; i < HV_VCPUS_MAX; i++) {
		free(c->pin[i].cpuset);
		c->pin[i] = (struct hv_pin){0};
	}
	c->npins = 0;
	free(c->emulatorpin);
	c->emulatorpin = NULL;
}

int hv_config_pin(struct hv_config *c, unsigned vcpu, const char *cpuset)
{
	unsigned i = 0;

	while (i < c->npins && c->pin[i].vcpu != vcpu)
		i++;
	if (!cpuset) {
		if (i == c->npins)
			return 0;
		free(c->pin[i].cpuset);
		c->pin[i] = c->pin[--c->npins];
		c->pin[c->npins] = (struct hv_pin){0};
		return 0;
	}
	if (i == HV_VCPUS_MAX)
		return -ENOSPC;
	if (hv_config_set(&c->pin[i].cpuset, cpuset))
		return -ENOMEM;
	c->pin[i].vcpu = vcpu;
	if (i == c->npins)
		c->npins++;
	return 0;
}

int hv_config_pin_as(struct hv_config *to, const struct hv_config *from)
{
	int rc = 0;

	hv_config_unpin(to);
	for (unsigned i = 0; !rc && i < from->npins; i++)
		rc = hv_config_pin(to, from->pin[i].vcpu, from->pin[i].cpuset);
	return rc ? rc : hv_config_set(&to->emulatorpin, from->emulatorpin);
}
