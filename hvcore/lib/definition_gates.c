// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a standby and the domain may have in common is known only when all
 * disks and interfaces are: gates find what they close, and whatever has none
 * must be different on every node.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hv/standby.h"
#include "reading.h"

static const char gate_path[] = "domain/metadata/taiki:domain/taiki:standby/taiki:active-only";
static const char standby_path[] = "domain/metadata/taiki:domain/taiki:standby";

__attribute__((format(printf, 4, 5))) static void refuse(struct reading *r, int line,
							 const char *path, const char *format, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	hv_read_verdict(r, HV_REFUSED, line, path, why);
}

static bool *disk_gate(struct hv_config *c, const char *target)
{
	for (unsigned i = 0; i < c->ndisks; i++)
		if (!strcmp(c->disk[i].target, target))
			return &c->disk[i].gated;
	return NULL;
}

/* "net0" is the first interface of the file. */
static bool *nic_gate(struct hv_config *c, const char *name)
{
	char is[16];

	for (unsigned i = 0; i < c->nnics; i++) {
		snprintf(is, sizeof(is), "net%u", i);
		if (!strcmp(is, name))
			return &c->nic[i].gated;
	}
	return NULL;
}

static void close_gate(struct reading *r, const struct read_gate *g)
{
	const char *name = g->disk ? g->disk : g->interface;
	bool *gated = g->disk ? disk_gate(r->c, name) : nic_gate(r->c, name);

	if (!gated && g->disk)
		refuse(r, g->line, gate_path, "no disk has the target %.40s", name);
	else if (!gated)
		refuse(r, g->line, gate_path,
		       "there is no interface %.40s: the file's first is net0", name);
	else if (*gated)
		refuse(r, g->line, gate_path, "%.40s is named twice", name);
	else
		*gated = true;
}

/* On two nodes at once, the twin and the domain would write one image and have one address. */
static void check_own(struct reading *r)
{
	struct hv_config *c = r->c;
	char net[16];

	for (unsigned i = 0; i < c->ndisks; i++) {
		const struct hv_disk *d = &c->disk[i];

		if (!d->gated && !d->readonly && !(r->disk_node & (1u << i)))
			refuse(r, r->standby_line, standby_path,
			       "disk %.40s would be written by the domain and by its twin: put "
			       "{node} into its path (each node then has its own), or make it "
			       "active-only or read-only",
			       d->target);
	}
	for (unsigned i = 0; i < c->nnics; i++) {
		snprintf(net, sizeof(net), "net%u", i);
		if (!c->nic[i].gated && r->mac_given & (1u << i))
			refuse(r, r->standby_line, standby_path,
			       "interface %s would have the same MAC address in the domain and in "
			       "its twin: leave <mac> out (each node then has its own), or make it "
			       "active-only",
			       net);
	}
}

/* hv_mac_derive() from a UUID that no other node derives. */
static void own_macs(struct reading *r, const char *node)
{
	char text[HV_NODE_MAX + 64], uuid[37];

	snprintf(text, sizeof(text), "%s/%s", r->c->uuid, node);
	hv_uuid_derive(text, uuid);
	for (unsigned i = 0; i < r->c->nnics; i++)
		if (!r->c->nic[i].gated && !(r->mac_given & (1u << i)))
			hv_mac_derive(uuid, i, r->c->nic[i].mac);
}

void hv_read_finish_gates(struct reading *r)
{
	const char *node = hv_node_name();

	for (unsigned i = 0; i < r->ngates; i++)
		close_gate(r, &r->gates[i]);
	if (!r->c->standby.wanted)
		return;
	if (!r->c->standby.template)
		check_own(r);
	if (!node)
		hv_read_verdict(r, HV_REFUSED, r->standby_line, standby_path,
				"the name of this node is none that a standby could be told by: "
				"only A-Z a-z 0-9 . _ -, letter or digit first");
	else if (!r->d->refused)
		own_macs(r, node);
	if (!hv_read_add_channel(r, HV_CHANNEL_ROLE))
		hv_read_verdict(r, HV_REFUSED, r->standby_line, standby_path,
				"its channel does not fit: all 16 are taken");
}
