// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <string.h>

#include "fencing/authorise.h"

enum fence_right fence_authorise(const char *sender_group, const char *target_group)
{
	if (!sender_group || !*sender_group)
		return FENCE_SENDER_HAS_NO_GROUP;
	if (!target_group || !*target_group)
		return FENCE_TARGET_HAS_NO_GROUP;
	return strcmp(sender_group, target_group) ? FENCE_OTHER_GROUP : FENCE_MAY;
}

const char *fence_right_text(enum fence_right r)
{
	static const char *const text[] = {
		[FENCE_MAY] = "it may",
		[FENCE_SENDER_HAS_NO_GROUP] = "who asks has no fence group",
		[FENCE_TARGET_HAS_NO_GROUP] = "the target has no fence group: nobody may fence it",
		[FENCE_OTHER_GROUP] = "the target is not in the fence group of who asks",
	};

	return r < sizeof(text) / sizeof(text[0]) ? text[r] : "not allowed";
}
