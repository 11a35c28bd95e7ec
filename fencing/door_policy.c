// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/door_policy.h"
#include "hv/standby.h"

const struct policy_limit policy_messages = {.burst = 50, .interval_ms = 50};
const struct policy_limit policy_power = {.burst = 10, .interval_ms = 1000};
const struct policy_limit policy_refusals = {.burst = 10, .interval_ms = 5000};
const struct policy_limit policy_handshakes = {.burst = 40, .interval_ms = 100};

/* What there is to know about an operation. */
static const struct {
	bool known, targeted, power;
} operations[] = {
	[FENCE_OP_OFF] = {.known = true, .targeted = true, .power = true},
	[FENCE_OP_ON] = {.known = true, .targeted = true, .power = true},
	[FENCE_OP_REBOOT] = {.known = true, .targeted = true, .power = true},
	[FENCE_OP_STATUS] = {.known = true, .targeted = true},
	[FENCE_OP_LIST] = {.known = true},
	[FENCE_OP_MONITOR] = {.known = true},
};

static bool known(unsigned op)
{
	return op < sizeof(operations) / sizeof(operations[0]) && operations[op].known;
}

bool policy_changes_power(unsigned op)
{
	return known(op) && operations[op].power;
}

const char *policy_malformed(const struct fence_request *r)
{
	uint8_t any = 0;

	for (unsigned i = 0; i < sizeof(r->id); i++)
		any |= r->id[i];
	if (!any)
		return "it has no id";
	if (!known(r->op))
		return "there is no such operation";
	if (r->timeout_ms < POLICY_TIMEOUT_MIN_MS || r->timeout_ms > POLICY_TIMEOUT_MAX_MS)
		return "its timeout is not between 100 ms and an hour";
	if (operations[r->op].targeted && hv_name_kind(r->target) != HV_KIND_DOMAIN)
		return "its target is not a domain's name";
	if (!operations[r->op].targeted && r->target[0])
		return "the operation has no target";
	return NULL;
}

/*
 * Each token pushes full_at one interval away; as long as it is less than a whole
 * burst away there is one left.  A full_at that lies further ahead than it can was made by
 * a clock that went back: it counts as empty and fills from now on.
 */
bool policy_take(struct policy_bucket *b, const struct policy_limit *l, int64_t now_ms)
{
	int64_t all = (int64_t)l->burst * l->interval_ms;

	if (b->full_at < now_ms)
		b->full_at = now_ms;
	if (b->full_at > now_ms + all)
		b->full_at = now_ms + all;
	if (b->full_at + l->interval_ms > now_ms + all)
		return false;
	b->full_at += l->interval_ms;
	return true;
}
