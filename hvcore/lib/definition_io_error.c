// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an I/O error of a disk does: libvirt's error_policy says it of a disk, our own
 * <taiki:on_io_error> of those that do not say it, and what follows a pause.
 */
#include <string.h>

#include "reading.h"

/* Reads and writes alike: a guest that is to wait for its disk must see neither fail. */
static enum hv_verdict_kind take_policy(struct reading *r, xmlNodePtr node, const char *value)
{
	unsigned bit = 1u << (r->c->ndisks - 1);
	bool stop = !strcmp(value, "stop");

	if ((r->policy_given & bit) && r->disk->pause_on_error != stop)
		return hv_read_refuse(r, "error_policy and rerror_policy are one here: give both "
					 "the same value, or error_policy alone");
	r->policy_given |= bit;
	r->disk->pause_on_error = stop;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_grace(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_duration(r, &r->c->heartbeat.io_grace, value);
}

static enum hv_verdict_kind take_on_io_error(struct reading *r, xmlNodePtr node, const char *value)
{
	bool fail = !strcmp(value, "fail");

	if (fail && xmlHasProp(node, (const xmlChar *)"grace"))
		return hv_read_refuse(r, "fail has no grace: give resume with one");
	if (fail)
		r->c->heartbeat.io_grace = 0;
	r->pause_on_error = strcmp(value, "report") != 0;
	return HV_UNDERSTOOD;
}

void hv_read_finish_io_error(struct reading *r)
{
	for (unsigned i = 0; i < r->c->ndisks; i++)
		if (!(r->policy_given & 1u << i))
			r->c->disk[i].pause_on_error = r->pause_on_error;
}

#define D "domain/devices/disk/driver/"
#define E "domain/metadata/taiki:domain/taiki:on_io_error"

static const char policies[] = "give report or stop";

const struct rule hv_rules_io_error[] = {
	{.path = D "@error_policy",
	 .kind = HV_UNDERSTOOD,
	 .values = "report|stop",
	 .why = policies,
	 .take = take_policy},
	{.path = D "@rerror_policy",
	 .kind = HV_UNDERSTOOD,
	 .values = "report|stop",
	 .why = policies,
	 .take = take_policy},
	{.path = E,
	 .kind = HV_UNDERSTOOD,
	 .values = "report|resume|fail",
	 .why = "give report, resume or fail",
	 .take = take_on_io_error,
	 .flags = RULE_ONCE},
	TAKE(E "/@grace", take_grace),
	{0},
};
