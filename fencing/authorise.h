/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may fence whom.  A pure decision over what every host of the cluster knows.
 *
 *   - A domain without a group fences nobody, and nobody fences it.
 *   - Members of one group may fence one another.
 *   - A stranger (a key with group=) may fence the members of that group.
 *   - Oneself is allowed: Pacemaker fences its own node when it has lost a resource that it
 *     cannot stop and no peer is there to do it; the guest is a member of its group like any other.
 */
#ifndef TAIKI_FENCE_AUTHORISE_H
#define TAIKI_FENCE_AUTHORISE_H

#include <stdbool.h>

enum fence_right {
	FENCE_MAY = 0,
	FENCE_SENDER_HAS_NO_GROUP,
	FENCE_TARGET_HAS_NO_GROUP,
	FENCE_OTHER_GROUP,
};

/* fence_authorise() - @sender_group, @target_group: "" or NULL for none. */
enum fence_right fence_authorise(const char *sender_group, const char *target_group);

/* fence_right_text() - For a person: "it is not in the target's group". */
const char *fence_right_text(enum fence_right r);

#endif
