// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/message.h"

static const char *name_of(const char *const *names, size_t n, unsigned value)
{
	return value < n && names[value] ? names[value] : "unknown";
}

#define NAME_OF(names, value) name_of(names, sizeof(names) / sizeof((names)[0]), value)

const char *fence_op_name(unsigned op)
{
	static const char *const names[] = {
		[FENCE_OP_OFF] = "off",       [FENCE_OP_ON] = "on",
		[FENCE_OP_REBOOT] = "reboot", [FENCE_OP_STATUS] = "status",
		[FENCE_OP_LIST] = "list",     [FENCE_OP_MONITOR] = "monitor",
	};

	return NAME_OF(names, op);
}

const char *fence_result_name(unsigned result)
{
	static const char *const names[] = {
		[FENCE_DONE] = "done",           [FENCE_FAILED] = "failed",
		[FENCE_DENIED] = "denied",       [FENCE_NO_TARGET] = "no-target",
		[FENCE_NO_QUORUM] = "no-quorum", [FENCE_TOO_OFTEN] = "too-often",
		[FENCE_CONDEMNED] = "condemned", [FENCE_REPLAYED] = "replayed",
		[FENCE_MALFORMED] = "malformed",
	};

	return NAME_OF(names, result);
}

const char *fence_power_name(unsigned power)
{
	static const char *const names[] = {
		[FENCE_POWER_ON] = "on",
		[FENCE_POWER_OFF] = "off",
	};

	return NAME_OF(names, power);
}
