// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What only the whole document tells: what is missing, what the defaults are
 * then, and what contradicts something far away from it.
 */
#include <string.h>

#include "reading.h"

static struct hv_disk *disk_named(struct hv_config *c, const char *target)
{
	for (unsigned i = 0; i < c->ndisks; i++)
		if (c->disk[i].target && !strcmp(c->disk[i].target, target))
			return &c->disk[i];
	return NULL;
}

static struct read_lease *lease_named(struct reading *r, const char *key)
{
	for (unsigned i = 0; i < r->nleases; i++)
		if (r->leases[i].key && !strcmp(r->leases[i].key, key))
			return &r->leases[i];
	return NULL;
}

static void use_lease(struct reading *r, struct hv_disk *d, const struct read_guard *g)
{
	struct read_lease *l = lease_named(r, g->lease);

	if (!l || l->used) {
		hv_read_verdict(r, HV_REFUSED, g->line, "domain/metadata/taiki:domain/taiki:guard",
				l ? "two disks name the same lease"
				  : "no <lease> in <devices> has that key");
		return;
	}
	l->used = true;
	d->guard = HV_GUARD_LEASE;
	/* They change hands: the reading frees only what is left to it. */
	d->lease_lockspace = l->lockspace;
	d->lease_key = strdup(l->key);
	d->lease_path = l->path;
	d->lease_offset = l->offset;
	l->lockspace = l->path = NULL;
	if (!d->lease_key)
		r->nomem = true;
}

static void finish_guards(struct reading *r)
{
	const char *path = "domain/metadata/taiki:domain/taiki:guard";

	for (unsigned i = 0; i < r->nguards; i++) {
		const struct read_guard *g = &r->guards[i];
		struct hv_disk *d = disk_named(r->c, g->disk);

		for (unsigned j = 0; j < i; j++)
			if (!strcmp(r->guards[j].disk, g->disk)) {
				hv_read_verdict(r, HV_REFUSED, g->line, path,
						"two guards for one disk");
				return;
			}
		if (!d)
			hv_read_verdict(r, HV_REFUSED, g->line, path, "no disk has that target");
		else if (g->guard == HV_GUARD_LEASE)
			use_lease(r, d, g);
		else
			d->guard = g->guard;
	}
	for (unsigned i = 0; i < r->nleases; i++)
		if (!r->leases[i].used)
			hv_read_verdict(r, HV_REFUSED, r->leases[i].line, "domain/devices/lease",
					"no <taiki:guard lease=KEY> says which disk it is for");
}

static void finish_defaults(struct reading *r)
{
	struct hv_config *c = r->c;

	if (!c->uuid[0])
		hv_uuid_derive(c->name, c->uuid);
	if (!c->current_memory)
		c->current_memory = c->memory;
	if (!r->has_vcpu_current)
		c->vcpus_current = c->vcpus;
	if (!r->has_memballoon)
		c->balloon = true; /* as libvirt does */
	/* A guest that asked for virtio alone gets its console; the UART then goes nowhere. */
	c->serial = c->console_is_serial || r->has_serial;
	if (!c->cmdline)
		c->cmdline = strdup("");
	if (!c->cmdline)
		r->nomem = true;
	for (unsigned i = 0; i < c->nnics; i++)
		if (!(r->mac_given & (1u << i)))
			hv_mac_derive(c->uuid, i, c->nic[i].mac);
}

void hv_read_finish(struct reading *r)
{
	struct hv_config *c = r->c;
	struct hv_error err;

	if (r->nomem)
		return;
	if (r->is_domain && !c->kernel && !c->loader && !r->boot_refused)
		hv_read_verdict(r, HV_REFUSED, 0, "domain/os",
				"firmware boot is not there yet: give <kernel>");
	/* What was refused in detail would only be refused again as a whole. */
	if (r->d->refused)
		return;
	if (!c->name)
		hv_read_verdict(r, HV_REFUSED, 0, "domain/name", "it is missing");
	if (!c->memory)
		hv_read_verdict(r, HV_REFUSED, 0, "domain/memory", "it is missing");
	if (r->d->refused)
		return;
	finish_guards(r);
	finish_defaults(r);
	hv_read_finish_heartbeat(r);
	hv_read_finish_io_error(r);
	hv_read_finish_gates(r);
	if (r->nomem || r->d->refused)
		return;
	if (hv_config_check(c, &err))
		hv_read_verdict(r, HV_REFUSED, 0, "domain", err.text);
}
