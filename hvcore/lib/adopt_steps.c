// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the claim to the role, in the one order there is: what may not be written yet is
 * not open, what is not open yet is not asked for, and who is asked for knows it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adopt.h"
#include "hv/live.h"
#include "hv/standby.h"
#include "hv/tune.h"

static int call(struct adoption *d, const char *command, json_t *args, struct hv_error *err)
{
	return hv_qmp_call(d->qmp, command, args, adopt_left(d, HV_ADOPT_CALL_MS), NULL, err);
}

/* gate_arguments() - Of x-taiki-open-gate: an image, or what a server has said. */
static json_t *gate_arguments(const struct adoption *d, unsigned i, const char *fdname)
{
	const struct vhost_export *v = &d->served[i].vhost;
	const struct nbd_export *e = &d->served[i].nbd;
	json_t *args = json_pack("{s:s, s:s}", "device", d->config.disk[i].target, "fdname",
				 fdname),
	       *more = NULL;

	if (d->served[i].how == SERVED_NBD)
		more = json_pack("{s:I, s:i, s:I, s:I}", "nbd-size", (json_int_t)e->size,
				 "nbd-flags", (int)e->flags, "nbd-min", (json_int_t)e->min,
				 "nbd-max", (json_int_t)e->max);
	if (d->served[i].how == SERVED_VHOST)
		more = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "vhost-size",
				 (json_int_t)v->size, "vhost-features", (json_int_t)v->features,
				 "vhost-protocol", (json_int_t)v->protocol, "vhost-block",
				 (json_int_t)v->block, "vhost-segments", (json_int_t)v->segments,
				 "vhost-discard", (json_int_t)v->discard, "vhost-zeroes",
				 (json_int_t)v->zeroes);
	json_object_update(args, more);
	json_decref(more);
	return args;
}

static int open_gate(struct adoption *d, unsigned i, struct hv_error *err)
{
	const char *target = d->config.disk[i].target;
	char fdname[32];
	int rc;

	snprintf(fdname, sizeof(fdname), "gate-%.20s", target);
	rc = hv_qmp_getfd(d->qmp, fdname, d->disk[i], adopt_left(d, HV_ADOPT_CALL_MS), err);
	if (rc)
		return rc;
	rc = call(d, "x-taiki-open-gate", gate_arguments(d, i, fdname), err);
	/* It has its own; ours would hold the image's lock beyond its end. */
	close(d->disk[i]);
	d->disk[i] = -1;
	return rc;
}

static int disks(struct adoption *d, struct hv_error *err)
{
	int rc = adopt_open_disks(&d->config, d->disk, d->served, d->deadline, err);

	d->hopeless = rc;
	if (!rc)
		rc = adopt_identify(d, err);
	for (unsigned i = 0; i < d->config.ndisks && !rc; i++)
		if (d->disk[i] >= 0)
			rc = open_gate(d, i, err);
	return rc;
}

/* Rates change only where the definition has changed, or a spare had none. */
static bool other_rates(const struct adoption *d)
{
	const struct hv_config *c = &d->config, *s = &d->was;

	for (unsigned i = 0; i < c->ndisks; i++)
		for (unsigned j = 0; j < s->ndisks; j++)
			if (!strcmp(c->disk[i].target, s->disk[j].target) &&
			    memcmp(&c->disk[i].limits, &s->disk[j].limits,
				   sizeof(c->disk[i].limits)))
				return true;
	for (unsigned i = 0; i < c->nnics; i++)
		if (memcmp(&c->nic[i].limits, &s->nic[i].limits, sizeof(c->nic[i].limits)))
			return true;
	return false;
}

static int cpu(struct adoption *d, struct hv_error *err)
{
	int rc = hv_tune_all(&d->config, err);

	/* Without control groups nothing held it back. */
	if (rc == -ENOENT)
		rc = 0;
	if (!rc && other_rates(d))
		rc = hv_live_apply(&d->config, HV_LIVE_LIMITS, adopt_left(d, HV_ADOPT_CALL_MS),
				   NULL, err);
	return rc;
}

static int link_up(struct adoption *d, struct hv_error *err)
{
	char name[16];
	int rc = 0;

	for (unsigned i = 0; i < d->config.nnics && !rc; i++) {
		const struct hv_nic *n = &d->config.nic[i];

		if (!n->gated || n->link_down)
			continue;
		snprintf(name, sizeof(name), "net%u", i);
		rc = call(d, "set_link", json_pack("{s:s, s:b}", "name", name, "up", 1), err);
	}
	return rc;
}

static int role(struct adoption *d, struct hv_error *err)
{
	char line[HV_ROLE_LINE_MAX];
	struct hv_role message;

	/* The first role of this guest; told again whenever it opens the port (hv/role.h). */
	if (hv_role_message(&d->config, 1, &message) || hv_role_format(line, &message) < 0)
		return hv_err(err, -EINVAL, "domain %s: its role does not fit into one line",
			      d->domain);
	return call(d, "x-taiki-role", json_pack("{s:s, s:b}", "text", line, "keep", 1), err);
}

static int memory(struct adoption *d, struct hv_error *err)
{
	if (!d->config.balloon)
		return 0;
	return call(d, "balloon", json_pack("{s:I}", "value", (json_int_t)d->memory), err);
}

int adopt_steps(struct adoption *d, struct hv_error *err)
{
	static const struct {
		int (*take)(struct adoption *d, struct hv_error *err);
		enum hv_adopt_step step;
	} steps[] = {
		{adopt_guard, HV_ADOPT_GUARDED}, {disks, HV_ADOPT_DISKS}, {cpu, HV_ADOPT_CPU},
		{link_up, HV_ADOPT_LINK},        {role, HV_ADOPT_ROLE},   {memory, HV_ADOPT_MEMORY},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int rc = steps[i].take(d, err);

		if (rc)
			return rc;
		adopt_say(d, steps[i].step);
	}
	return 0;
}
