/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an entry of Pacemaker's fencing history proves the end of a host that was lost
 * from the cluster.  A pure rule.
 *
 * It counts when it names the host, is an off or a reboot, is done, is of a kind that the
 * administrator trusts, and was completed after the host was last seen.  Last seen is when it
 * left the membership, less what Corosync needs to notice (token and consensus): a host
 * that is switched off is a member for that long still.
 *
 * Clocks.  "Last seen" and "learned" are CLOCK_MONOTONIC of this host, which no
 * administrator steps.  `completed` is what the fencer of this host wrote when it heard of the end of
 * the operation, or what another host's wrote, where the histories were merged: CLOCK_REALTIME, or
 * CLOCK_MONOTONIC in some releases of Pacemaker (told apart by its size).
 *  - An entry that came with a notification is never later than that, and never
 *    earlier than `completed` says: the earlier of the two counts.
 *  - An entry found in the history is placed by its age on CLOCK_REALTIME at that moment.  One
 *    with another host's CLOCK_MONOTONIC cannot be placed, and one in the future is not believed.
 * So a clock that is wrong delays a confirmation or hides it; the next fencing gives it again.
 */
#ifndef TAIKI_FENCE_CONFIRM_H
#define TAIKI_FENCE_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>

enum confirm_kind {
	CONFIRM_POWER = 1,    /* a fence device that takes the power, reported success */
	CONFIRM_MANUAL = 2,   /* stonith_admin --confirm: a person says so */
	CONFIRM_WATCHDOG = 4, /* the host was to fence itself, and was given the time for it */
	CONFIRM_FABRIC = 8,   /* a device that cuts off storage or network: the host may run on */
};

struct confirm_entry {
	char target[64];
	char action[16];
	char delegate[64]; /* who carried it out; "a human" for a manual one */
	bool done;
	bool live;            /* it came with a notification */
	bool fabric;          /* the cluster has devices that leave the power on */
	int64_t completed_ns; /* as the history has it */
	int64_t learned_ns;   /* CLOCK_MONOTONIC, when this host's daemon first saw it */
	int64_t real_ns;      /* CLOCK_REALTIME at that same moment */
};

struct confirm_rule {
	unsigned kinds;       /* enum confirm_kind that count */
	int64_t detection_ns; /* token and consensus */
};

/* confirm_kind() - What kind of confirmation @e is. */
enum confirm_kind confirm_kind(const struct confirm_entry *e);

/*
 * confirm_counts() - Whether @e proves the end of @host, which left at @left_ns
 * (CLOCK_MONOTONIC).  NULL if it does; else why not, for a person.
 */
const char *confirm_counts(const struct confirm_entry *e, const struct confirm_rule *r,
			   const char *host, int64_t left_ns);

/* confirm_parse() - "power,manual" as a set of kinds; 0 if a word is none of them. */
unsigned confirm_parse(const char *text);
const char *confirm_kind_name(enum confirm_kind k);

#endif
