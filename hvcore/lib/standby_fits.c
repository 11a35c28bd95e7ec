// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a standby can become a domain, and what the domain then runs with.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/standby.h"
#include "config_edit.h"

/* Takes out of @c what can change while a guest runs, or is none of the guest's business. */
static void only_machine(struct hv_config *c)
{
	static const struct hv_minimum none;
	static const struct hv_heartbeat quiet;
	static const struct hv_limits unlimited;

	c->current_memory = c->memory;
	memset(&c->cputune, 0, sizeof(c->cputune));
	memset(&c->standby, 0, sizeof(c->standby));
	c->minimum = none;
	c->heartbeat = quiet;
	c->priority = 0;
	c->balloon_stats_period = 0;
	c->on_poweroff = c->on_reboot = c->on_crash = HV_ACTION_DESTROY;
	hv_config_set(&c->fence_group, NULL);
	hv_config_unpin(c);
	for (unsigned i = 0; i < c->nroles; i++) {
		hv_config_set(&c->role[i].key, NULL);
		hv_config_set(&c->role[i].value, NULL);
	}
	c->nroles = 0;
	for (unsigned i = 0; i < c->ndisks; i++) {
		struct hv_disk *d = &c->disk[i];

		/* It is only opened at adoption, and may be another one by then. */
		if (d->gated) {
			hv_config_set(&d->path, "/");
			d->nbd = d->vhost = false;
		}
		d->guard = HV_GUARD_FENCING;
		hv_config_set(&d->lease_lockspace, NULL);
		hv_config_set(&d->lease_key, NULL);
		hv_config_set(&d->lease_path, NULL);
		d->lease_offset = 0;
		d->limits = unlimited;
	}
	for (unsigned i = 0; i < c->nnics; i++)
		c->nic[i].limits = unlimited;
}

static int twin_fits(const struct hv_config *c, const struct hv_config *s, struct hv_error *err)
{
	struct hv_config want, have;
	char *a = NULL, *b = NULL;
	int rc = hv_standby_config(c, s->name, "", &want, err);

	if (rc)
		return rc;
	rc = hv_config_copy(s, &have, err);
	if (!rc) {
		only_machine(&want);
		only_machine(&have);
		a = hv_config_to_json(&want);
		b = hv_config_to_json(&have);
		if (!a || !b)
			rc = hv_err(err, -ENOMEM, "domain %s: not enough memory", c->name);
		else if (strcmp(a, b) != 0)
			rc = hv_err(err, -EINVAL,
				    "%s: it was started before the definition of %s was changed",
				    s->name, c->name);
		hv_config_free(&have);
	}
	free(a);
	free(b);
	hv_config_free(&want);
	return rc;
}

static struct hv_disk *slot(struct hv_config *s, const char *target)
{
	for (unsigned i = 0; i < s->ndisks; i++)
		if (s->disk[i].gated && !strcmp(s->disk[i].target, target))
			return &s->disk[i];
	return NULL;
}

/* Of a gate: nobody asks the storage. */
static uint64_t block_size(const struct hv_disk *d)
{
	return d->block_size ? d->block_size : 512;
}

static int spare_fits(const struct hv_config *c, const struct hv_config *s, struct hv_error *err)
{
	if (!c->standby.spare)
		return hv_err(err, -EINVAL,
			      "domain %s: its definition does not allow a spare: "
			      "<taiki:standby spare='yes'>",
			      c->name);
	for (unsigned i = 0; i < c->ndisks; i++) {
		const struct hv_disk *d = &c->disk[i], *its;

		if (!d->gated)
			continue; /* a spare has a system of its own */
		its = slot((struct hv_config *)s, d->target);
		if (!its || its->readonly != d->readonly)
			return hv_err(err, -EINVAL, "%s: it has no %s active-only disk %s for %s",
				      s->name, d->readonly ? "read-only" : "writable", d->target,
				      c->name);
		if (block_size(its) != block_size(d))
			return hv_err(err, -EINVAL,
				      "%s: its disk %s has blocks of %llu bytes, and that of %s of "
				      "%llu (<blockio logical_block_size=>)",
				      s->name, d->target, (unsigned long long)block_size(its),
				      c->name, (unsigned long long)block_size(d));
	}
	/* Interfaces of the role take the gated ones in their order, bridge by bridge. */
	for (unsigned i = 0, j = 0; i < c->nnics; i++) {
		if (!c->nic[i].gated)
			continue;
		while (j < s->nnics && !s->nic[j].gated)
			j++;
		if (j == s->nnics || strcmp(c->nic[i].bridge, s->nic[j].bridge) != 0)
			return hv_err(err, -EINVAL,
				      "%s: it has no active-only interface on %s for net%u of %s",
				      s->name, c->nic[i].bridge, i, c->name);
		j++;
	}
	if (s->memory < c->current_memory || s->vcpus < c->vcpus_current)
		return hv_err(err, -EINVAL, "%s: it is smaller than %s", s->name, c->name);
	return 0;
}

int hv_standby_fits(const struct hv_config *c, const struct hv_config *s, struct hv_error *err)
{
	char domain[HV_NAME_MAX + 1];

	if (!c->standby.wanted || c->standby.waiting || !s->standby.waiting)
		return hv_err(err, -EINVAL, "domain %s: %s is no standby of it", c->name, s->name);
	if (hv_spare_number(s->name))
		return spare_fits(c, s, err);
	if (hv_twin_of(domain, s->name) || strcmp(domain, c->name) != 0)
		return hv_err(err, -EINVAL, "domain %s: %s is not its twin", c->name, s->name);
	return twin_fits(c, s, err);
}

static int take_disk(struct hv_disk *to, const struct hv_disk *from)
{
	int rc = hv_config_set(&to->path, from->path);

	if (!rc)
		rc = hv_config_set(&to->lease_lockspace, from->lease_lockspace);
	if (!rc)
		rc = hv_config_set(&to->lease_key, from->lease_key);
	if (!rc)
		rc = hv_config_set(&to->lease_path, from->lease_path);
	to->nbd = from->nbd; /* a gate is of no kind until it opens */
	to->vhost = from->vhost;
	to->guard = from->guard;
	to->lease_offset = from->lease_offset;
	to->limits = from->limits;
	return rc;
}

static bool has_gated(const struct hv_config *c, const char *target)
{
	return slot((struct hv_config *)c, target);
}

/* Slots that the domain has no disk for stay closed for good: they are no disks of its. */
static void drop_empty_slots(struct hv_config *to, const struct hv_config *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < to->ndisks; i++) {
		struct hv_disk d = to->disk[i];

		memset(&to->disk[i], 0, sizeof(to->disk[i]));
		if (d.gated && !has_gated(c, d.target))
			hv_disk_free(&d);
		else
			to->disk[n++] = d;
	}
	to->ndisks = n;
}

static int take_disks(struct hv_config *to, const struct hv_config *c)
{
	drop_empty_slots(to, c);
	for (unsigned i = 0; i < c->ndisks; i++) {
		int rc = c->disk[i].gated ? take_disk(slot(to, c->disk[i].target), &c->disk[i]) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

static int take_roles(struct hv_config *to, const struct hv_config *c)
{
	for (unsigned i = 0; i < HV_ROLES_MAX; i++) {
		int rc = hv_config_set(&to->role[i].key, i < c->nroles ? c->role[i].key : NULL);

		if (!rc)
			rc = hv_config_set(&to->role[i].value,
					   i < c->nroles ? c->role[i].value : NULL);
		if (rc)
			return rc;
	}
	to->nroles = c->nroles;
	return 0;
}

static int become(struct hv_config *to, const struct hv_config *c)
{
	int rc = hv_config_set(&to->name, c->name);

	if (!rc)
		rc = hv_config_set(&to->fence_group, c->fence_group);
	if (!rc)
		rc = take_disks(to, c);
	if (!rc)
		rc = take_roles(to, c);
	if (!rc)
		rc = hv_config_pin_as(to, c);
	memcpy(to->uuid, c->uuid, sizeof(to->uuid));
	memcpy(&to->cputune, &c->cputune, sizeof(to->cputune));
	to->current_memory = c->current_memory;
	to->heartbeat = c->heartbeat;
	to->standby = c->standby;
	to->minimum = c->minimum;
	to->priority = c->priority;
	to->on_poweroff = c->on_poweroff;
	to->on_reboot = c->on_reboot;
	to->on_crash = c->on_crash;
	for (unsigned i = 0, j = 0; i < c->nnics; i++) {
		if (!c->nic[i].gated)
			continue;
		while (!to->nic[j].gated)
			j++;
		/* The guest takes the address with its role. */
		memcpy(to->nic[j].mac, c->nic[i].mac, sizeof(to->nic[j].mac));
		to->nic[j].limits = c->nic[i].limits;
		to->nic[j++].link_down = c->nic[i].link_down;
	}
	return rc;
}

int hv_adopted_config(const struct hv_config *c, const struct hv_config *s, struct hv_config *out,
		      struct hv_error *err)
{
	int rc = hv_standby_fits(c, s, err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	if (!hv_spare_number(s->name))
		return hv_config_copy(c, out, err);
	rc = hv_config_copy(s, out, err);
	if (rc)
		return rc;
	rc = become(out, c);
	if (!rc)
		rc = hv_config_check(out, err);
	else
		hv_err(err, rc, "domain %s: not enough memory", c->name);
	if (rc)
		hv_config_free(out);
	return rc;
}
