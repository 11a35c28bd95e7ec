/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a domain: states, reasons, and the table that leads from one
 * state to the next.
 */
#ifndef HEARTBEAT_VERDICT_H
#define HEARTBEAT_VERDICT_H

/* From 1 on, so that a cell of the table that was forgotten is 0. */
enum hb_state { HB_UNKNOWN = 1, HB_ALIVE, HB_SUSPECT, HB_FAILED, HB_STATES };

/* What all the evidence amounts to at one moment. */
enum hb_sign {
	SIGN_GONE,    /* its process is gone */
	SIGN_SAID,    /* the guest, or its hypervisor, has said that it failed */
	SIGN_ORDERED, /* somebody has paused, saves, moves or ends it on purpose */
	SIGN_GRACE,   /* it boots, and has shown no life yet */
	SIGN_SILENT,  /* something that was to come has not come for all of its timeout */
	SIGN_EXCUSED, /* the same, and something else speaks for it */
	SIGN_LATE,    /* something is later than it ever was, or half its timeout late */
	SIGN_LIFE,    /* all that is expected comes */
	SIGN_NOTHING, /* nothing is expected of it */
	SIGNS
};

/* Why; each belongs to one sign. */
enum hb_reason {
	WHY_NOTHING_YET, /* SIGN_NOTHING */
	WHY_NOT_WATCHED,
	WHY_GOODBYE,
	WHY_POWERED_OFF,
	WHY_LIVES, /* SIGN_LIFE */
	WHY_BEATS,
	WHY_AGENT,
	WHY_BOOTING,     /* SIGN_GRACE */
	WHY_NOT_STARTED, /* SIGN_ORDERED */
	WHY_PAUSED,
	WHY_MIGRATING,
	WHY_SAVING,
	WHY_INTENT,
	WHY_LATE_BEATS, /* SIGN_LATE */
	WHY_LATE_AGENT,
	WHY_LATE_HYPERVISOR,
	WHY_LATE_VCPU,
	WHY_IO_ERROR_GRACE,
	WHY_HEALTH_GRACE,
	WHY_DOES_IO,  /* SIGN_EXCUSED */
	WHY_NO_BEATS, /* SIGN_SILENT */
	WHY_NO_BEATS_RUNS,
	WHY_NEVER_BEAT,
	WHY_NO_AGENT,
	WHY_HYPERVISOR,
	WHY_VCPU,
	WHY_PANICKED, /* SIGN_SAID */
	WHY_WATCHDOG,
	WHY_INTERNAL_ERROR,
	WHY_IO_ERROR,
	WHY_HEALTH,
	WHY_RESET_STORM,
	WHY_PROCESS_GONE, /* SIGN_GONE */
	WHYS
};

/* verdict_next() - The state after @from when the evidence amounts to @sign. */
enum hb_state verdict_next(enum hb_state from, enum hb_sign sign);

const char *verdict_state_name(enum hb_state s);   /* "alive" */
const char *verdict_reason_name(enum hb_reason r); /* "no-beats": for machines */
const char *verdict_reason_text(enum hb_reason r); /* for people */
enum hb_sign verdict_reason_sign(enum hb_reason r);

#endif
