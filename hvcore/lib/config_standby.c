// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether what a configuration says of its standby, of squeezing it and of its
 * role is consistent.
 */
#include <errno.h>
#include <string.h>

#include "hv/config.h"
#include "hv/role.h"
#include "hv/standby.h"

#include "config_check.h"

enum { PRIORITY_MAX = 1000 };

static bool has_role_channel(const struct hv_config *c)
{
	for (unsigned i = 0; i < c->nchannels; i++)
		if (!strcmp(c->channel[i].name, HV_CHANNEL_ROLE))
			return true;
	return false;
}

/* What only a domain with a standby can have. */
static int check_unwanted(const struct hv_config *c, struct hv_error *err)
{
	const struct hv_standby *s = &c->standby;

	if (s->waiting || s->spare || s->template || s->memory || s->shares || s->quota ||
	    c->nroles)
		return hv_err(err, -EINVAL,
			      "%s: something is said of its standby, and it is to have none",
			      c->name);
	for (unsigned i = 0; i < c->ndisks; i++)
		if (c->disk[i].gated)
			return hv_err(err, -EINVAL,
				      "disk %s: it is active-only, and there is no standby",
				      c->disk[i].target);
	for (unsigned i = 0; i < c->nnics; i++)
		if (c->nic[i].gated)
			return hv_err(err, -EINVAL,
				      "%s: interface net%u is active-only, and there is no standby",
				      c->name, i);
	return 0;
}

int hv_check_standby(const struct hv_config *c, struct hv_error *err)
{
	const struct hv_standby *s = &c->standby;
	enum hv_kind kind = hv_name_kind(c->name);

	if (!s->wanted)
		return kind == HV_KIND_DOMAIN
			       ? check_unwanted(c, err)
			       : hv_err(err, -EINVAL, "%s: only a standby has such a name",
					c->name);
	if (s->waiting != (kind == HV_KIND_TWIN || kind == HV_KIND_SPARE))
		return hv_err(err, -EINVAL, "%s: its name says that %s a standby, and its gates %s",
			      c->name, s->waiting ? "it is not" : "it is",
			      s->waiting ? "are closed" : "are open");
	if (kind == HV_KIND_DOMAIN && strlen(c->name) > HV_TWIN_OF_MAX)
		return hv_err(err, -EINVAL,
			      "%s: the name of a domain with a standby has at most %d bytes",
			      c->name, HV_TWIN_OF_MAX);
	if (s->memory > c->memory)
		return hv_err(err, -EINVAL,
			      "%s: its standby's memory is %llu bytes, more than its own (%llu)",
			      c->name, (unsigned long long)s->memory,
			      (unsigned long long)c->memory);
	if (s->memory && s->memory < c->memory && !c->balloon)
		return hv_err(err, -EINVAL,
			      "%s: its standby has less memory, and there is no balloon to hold "
			      "the rest: remove <memballoon model='none'/>",
			      c->name);
	if (!has_role_channel(c))
		return hv_err(err, -EINVAL, "%s: it has a standby, but there is no channel %s",
			      c->name, HV_CHANNEL_ROLE);
	return hv_check_share(c->name, "standby", s->shares, s->quota, err);
}

int hv_check_minimum(const struct hv_config *c, struct hv_error *err)
{
	const struct hv_minimum *m = &c->minimum;

	if (c->priority > PRIORITY_MAX)
		return hv_err(err, -EINVAL, "%s: its priority is %u, and 0 to %d are possible",
			      c->name, c->priority, PRIORITY_MAX);
	if (m->memory > c->memory)
		return hv_err(err, -EINVAL,
			      "%s: its minimum of memory is %llu bytes, more than it has (%llu)",
			      c->name, (unsigned long long)m->memory,
			      (unsigned long long)c->memory);
	if (m->memory && m->memory < c->memory && !c->balloon)
		return hv_err(
			err, -EINVAL,
			"%s: a minimum of memory is given, and there is no balloon to squeeze "
			"it with: remove <memballoon model='none'/>",
			c->name);
	if (m->quota == -1)
		return hv_err(err, -EINVAL, "%s: a minimum without limit is none: give a quota",
			      c->name);
	return hv_check_share(c->name, "minimum", m->shares, m->quota, err);
}

static int check_role(const struct hv_config *c, const struct hv_role_data *r, unsigned i,
		      struct hv_error *err)
{
	if (!r->key || !hv_role_key_ok(r->key))
		return hv_err(err, -EINVAL,
			      "%s: role %u: its key is not 1 to %d of a-z 0-9 -, letter first, or "
			      "the guest is told that anyway",
			      c->name, i, HV_ROLE_KEY_MAX);
	if (!strncmp(r->key, "mac", 3))
		return hv_err(err, -EINVAL,
			      "%s: role key %s: the guest is told its MAC addresses anyway",
			      c->name, r->key);
	if (!r->value || !hv_role_value_ok(r->value))
		return hv_err(err, -EINVAL,
			      "%s: role %s: its value is not 0 to %d bytes without control "
			      "characters",
			      c->name, r->key, HV_ROLE_VALUE_MAX);
	for (unsigned j = 0; j < i; j++)
		if (!strcmp(c->role[j].key, r->key))
			return hv_err(err, -EINVAL, "%s: two roles have the key %s", c->name,
				      r->key);
	return 0;
}

int hv_check_roles(const struct hv_config *c, struct hv_error *err)
{
	char line[HV_ROLE_LINE_MAX];
	struct hv_role message;

	if (c->nroles > HV_ROLES_MAX)
		return hv_err(err, -EINVAL, "%s: more than %d roles", c->name, HV_ROLES_MAX);
	for (unsigned i = 0; i < c->nroles; i++) {
		int rc = check_role(c, &c->role[i], i, err);

		if (rc)
			return rc;
	}
	if (c->standby.wanted &&
	    (hv_role_message(c, UINT64_MAX, &message) || hv_role_format(line, &message) < 0))
		return hv_err(
			err, -EINVAL,
			"%s: its roles do not fit into one line of %d bytes with its name and "
			"MAC addresses, %d in all",
			c->name, HV_ROLE_LINE_MAX, HV_ROLE_PAIRS_MAX);
	return 0;
}
