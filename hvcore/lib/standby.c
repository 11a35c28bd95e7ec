// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a standby is started with.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/definition.h"
#include "hv/standby.h"
#include "config_edit.h"

/* What K spares of a host cannot have in common. */
static void distinguish(struct hv_config *s, const char *template, const char *node)
{
	char text[HV_NODE_MAX + HV_NAME_MAX + 64];

	snprintf(text, sizeof(text), "%s/%s/%s", template, node, s->name);
	hv_uuid_derive(text, s->uuid);
	for (unsigned i = 0; i < s->nnics; i++) {
		hv_mac_derive(s->uuid, i, s->nic[i].mac);
		hv_config_set(&s->nic[i].tap, NULL);
	}
	for (unsigned i = 0; i < s->nchannels; i++)
		hv_config_set(&s->channel[i].socket, NULL);
}

static void shrink(struct hv_config *s)
{
	const struct hv_standby *with = &s->standby;

	/* CPUs of its own it gets with its role. */
	hv_config_unpin(s);

	if (with->memory)
		s->current_memory = with->memory;
	if (with->shares)
		s->cputune.shares = with->shares;
	if (with->quota)
		s->cputune.quota = with->quota;
}

/* Nothing but the pool acts on it: it serves nobody, and nobody may be fenced in its place. */
static void retire(struct hv_config *s)
{
	s->heartbeat.action = HV_HEARTBEAT_NOTIFY;
	hv_config_set(&s->fence_group, NULL);
	for (unsigned i = 0; i < s->nnics; i++)
		s->nic[i].link_down |= s->nic[i].gated;
}

static int check_name(const struct hv_config *c, const char *name, struct hv_error *err)
{
	enum hv_kind kind = hv_name_kind(name);
	char domain[HV_NAME_MAX + 1];

	if (!c->standby.wanted || c->standby.waiting)
		return hv_err(err, -EINVAL, "domain %s: its definition has no <taiki:standby>",
			      c->name);
	if (kind == HV_KIND_SPARE ||
	    (kind == HV_KIND_TWIN && !hv_twin_of(domain, name) && !strcmp(domain, c->name)))
		return 0;
	return hv_err(err, -EINVAL, "domain %s: \"%.70s\" names no standby of it", c->name, name);
}

int hv_standby_config(const struct hv_config *c, const char *name, const char *node,
		      struct hv_config *out, struct hv_error *err)
{
	int rc = check_name(c, name, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = hv_config_copy(c, out, err);
	if (rc)
		return rc;
	rc = hv_config_set(&out->name, name);
	if (rc) {
		hv_config_free(out);
		return hv_err(err, rc, "domain %s: not enough memory", c->name);
	}
	out->standby.waiting = true;
	if (hv_spare_number(name))
		distinguish(out, c->uuid, node);
	shrink(out);
	retire(out);
	rc = hv_config_check(out, err);
	if (rc)
		hv_config_free(out);
	return rc;
}
