// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * <metadata>: our own words, and everybody else's, which only describe; and
 * libvirt's <lease>, which a guard of ours refers to.
 */
#include <stdlib.h>
#include <string.h>

#include "reading.h"

static enum hv_verdict_kind take_engine(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->engine = !strcmp(value, "kvm")    ? HV_ENGINE_KVM
		       : !strcmp(value, "soft") ? HV_ENGINE_SOFT
						: HV_ENGINE_AUTO;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_guard(struct reading *r, xmlNodePtr node, const char *value)
{
	struct read_guard *g = &r->guards[r->nguards];

	if (!strcmp(value, "scsi-pr"))
		return hv_read_refuse(r, "the guard %s is not there yet: give fencing or lease",
				      value);
	if (strcmp(value, "fencing") && strcmp(value, "lease") && strcmp(value, "mirror"))
		return hv_read_refuse(r, "\"%.40s\" is not a guard: fencing, lease, mirror", value);
	if (r->nguards == HV_DISKS_MAX)
		return hv_read_refuse(r, "more guards than there can be disks");
	r->nguards++;
	g->guard = !strcmp(value, "lease")    ? HV_GUARD_LEASE
		   : !strcmp(value, "mirror") ? HV_GUARD_MIRROR
					      : HV_GUARD_FENCING;
	g->line = r->line;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_guard_disk(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->guards[r->nguards - 1].disk, value);
}

static enum hv_verdict_kind take_guard_lease(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->guards[r->nguards - 1].lease, value);
}

static enum hv_verdict_kind guard_done(struct reading *r, xmlNodePtr node, const char *value)
{
	const struct read_guard *g = &r->guards[r->nguards - 1];

	if (!g->disk)
		return hv_read_refuse(r, "it does not say of which disk: disk='vda'");
	if (g->guard == HV_GUARD_LEASE && !g->lease)
		return hv_read_refuse(r, "it does not say which lease: lease='KEY of a <lease>'");
	if (g->guard != HV_GUARD_LEASE && g->lease)
		return hv_read_refuse(r, "a lease is named, but the guard is not lease");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_lease(struct reading *r, xmlNodePtr node, const char *value)
{
	if (r->nleases == READ_LEASES_MAX)
		return hv_read_refuse(r, "more leases than there can be disks");
	r->lease = &r->leases[r->nleases++];
	r->lease->line = r->line;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_lockspace(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->lease->lockspace, value);
}

static enum hv_verdict_kind take_key(struct reading *r, xmlNodePtr node, const char *value)
{
	for (unsigned i = 0; i < r->nleases; i++)
		if (r->leases[i].key && !strcmp(r->leases[i].key, value))
			return hv_read_refuse(r, "two leases have the key \"%.50s\"", value);
	return hv_read_string(r, &r->lease->key, value);
}

static enum hv_verdict_kind take_lease_path(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->lease->path, value);
}

static enum hv_verdict_kind take_lease_offset(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_u64(r, &r->lease->offset, value);
}

static enum hv_verdict_kind lease_done(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!r->lease->lockspace || !r->lease->key || !r->lease->path)
		return hv_read_refuse(r, "a lease needs <lockspace>, <key> and <target path=>");
	return HV_UNDERSTOOD;
}

static const char foreign[] = "other programs' words";

const struct rule hv_rules_taiki[] = {
	PASS("domain/metadata", "it only describes"),
	REFUSE("domain/metadata/?:domain", "its name space is not " TAIKI_NS),
	{.path = "domain/metadata/taiki:domain", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	{.path = "domain/metadata/taiki:domain/taiki:engine",
	 .kind = HV_UNDERSTOOD,
	 .values = "auto|kvm|soft",
	 .why = "give auto, kvm or soft",
	 .take = take_engine,
	 .flags = RULE_ONCE},
	{.path = "domain/metadata/taiki:domain/taiki:guard",
	 .kind = HV_UNDERSTOOD,
	 .take = take_guard,
	 .done = guard_done},
	TAKE("domain/metadata/taiki:domain/taiki:guard/@disk", take_guard_disk),
	TAKE("domain/metadata/taiki:domain/taiki:guard/@lease", take_guard_lease),
	PASS_TREE("domain/metadata/*", foreign),

	{.path = "domain/devices/lease",
	 .kind = HV_UNDERSTOOD,
	 .take = take_lease,
	 .done = lease_done},
	TAKE_ONCE("domain/devices/lease/lockspace", take_lockspace),
	TAKE_ONCE("domain/devices/lease/key", take_key),
	{.path = "domain/devices/lease/target", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE("domain/devices/lease/target/@path", take_lease_path),
	TAKE("domain/devices/lease/target/@offset", take_lease_offset),
	{0},
};
