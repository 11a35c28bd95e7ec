/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting and ending hv-domain processes; what `hv` and the agent share.
 */
#ifndef HV_LAUNCH_H
#define HV_LAUNCH_H

#include <stdbool.h>

#include "hv/config.h"

struct hv_launch {
	const struct hv_config *config;
	const char *definition; /* XML text kept in the run directory, or NULL */
	/*
	 * A twin's: what its definition came to for the domain, kept for who adopts it
	 * (lib/resolved.h).  Else NULL.
	 */
	const struct hv_config *domain;
	const char *resource; /* Pacemaker resource it belongs to, or NULL */
	bool fencing_enabled; /* whether the guard `fencing` may be relied on */
	bool paused;          /* start, but do not run the guest yet */
	bool has_turn;        /* the caller has its turn (lib/turn.h), and keeps it */
	int timeout_ms;       /* until it must say that it is ready */
	int booking;          /* hv_ledger_book()'s descriptor, 0: none; stays the caller's */
};

/*
 * hv_launch() - Start hv-domain in a session and (where there are control
 * groups) a slice of its own, wait until it has its lock, has dropped its
 * rights and serves QMP, or has said what is wrong.  0; -EEXIST it runs
 * already; -ETIMEDOUT (it is killed then); -errno with @err as hv-domain said it.
 *
 * The contract with hv-domain:
 *   hv-domain --config-fd N --status-fd M [--booking-fd L] [--paused] NAME
 * N is a sealed memfd with hv_config JSON; M a pipe on which hv-domain writes
 * "ok\n", or "error: TEXT\n" and exits; L keeps what was booked for it until it has its
 * lock, whatever becomes of the starter.  $TAIKI_HV_DOMAIN names another binary.
 */
int hv_launch(const struct hv_launch *l, struct hv_error *err);

/*
 * hv_kill() - End the domain and prove it: SIGKILL by pidfd, wait until the
 * process is gone, its lock is free and the image locks of its run directory's
 * config are free.  0 proven (also if it never ran); -ETIMEDOUT or -errno: not proven,
 * and not by asking again either where the config is lost: until the next start.
 * Needs no definition and no living daemon.
 */
int hv_kill(const char *name, int timeout_ms, struct hv_error *err);

/*
 * hv_kill_incarnation() - hv_kill() of one start of the domain and of no other: what runs is
 * compared under a pidfd, before the signal.  0 proven: that incarnation has ended and can write
 * no more; *@ran tells whether it ran until it was killed here.  Another one is left alone.
 */
int hv_kill_incarnation(const char *name, const char *incarnation, int timeout_ms, bool *ran,
			struct hv_error *err);

/* hv_wait_gone() - Wait for an ordered end, with the same proof as hv_kill(). */
int hv_wait_gone(const char *name, int timeout_ms, struct hv_error *err);

#endif
