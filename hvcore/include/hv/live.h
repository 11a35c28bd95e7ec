/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing what a running domain may take: memory, shares and caps, CPUs of its
 * own, rate limits, and how many of its processors the guest uses.
 *
 * A configuration says what is wanted, hv_live_now() what is in force;
 * hv_live_change() turns "key=value" into a change of one, and hv_live_apply() makes
 * the domain as a configuration says.  hv set, the cluster's agent and adoption all
 * go this way.
 */
#ifndef HV_LIVE_H
#define HV_LIVE_H

#include "hv/config.h"

enum {
	HV_LIVE_CPU = 1 << 0,    /* cputune: shares, period, quota */
	HV_LIVE_PINS = 1 << 1,   /* pin, emulatorpin */
	HV_LIVE_LIMITS = 1 << 2, /* limits of disks and interfaces */
	HV_LIVE_MEMORY = 1 << 3, /* current_memory, by the balloon */
	HV_LIVE_VCPUS = 1 << 4,  /* vcpus_current, by the guest's agent */
	HV_LIVE_ASPECTS = 5,
	/* What needs nothing of the guest but, for memory, its balloon driver. */
	HV_LIVE_HOST = HV_LIVE_CPU | HV_LIVE_PINS | HV_LIVE_LIMITS | HV_LIVE_MEMORY,
};

/* hv_live_name() - "CPU", "pins", "limits", "memory", "vcpus": of one HV_LIVE_ bit.  Static. */
const char *hv_live_name(unsigned aspect);

/*
 * hv_live_change() - Change @c as @setting says, and add what that touches to *@what:
 *
 *   memory=SIZE            MiB, or with KiB, MiB, GiB
 *   shares=N period=US quota=US|-1
 *   cpus=CPUS|none         of all virtual processors; pin.N=, emulatorpin= of one kind of thread
 *   vcpus=N
 *   vda.KEY=N  net0.KEY=N  hv_limits_set()'s keys; N with K, M or G for 1024 times
 *
 * 0; -EINVAL, -ENOMEM, with @err.  The whole
 * is hv_config_check()'s to judge, afterwards.
 */
int hv_live_change(struct hv_config *c, const char *setting, unsigned *what, struct hv_error *err);

/*
 * hv_live_now() - What is in force for the running @name: its configuration with
 * cputune and pins as they are and, where @what has HV_LIVE_LIMITS or HV_LIVE_MEMORY,
 * for which the domain is asked, the limits and current_memory (what was asked of the
 * balloon).  @c is the caller's to free on success.  0 or -errno.
 */
int hv_live_now(const char *name, struct hv_config *c, unsigned what, int timeout_ms,
		struct hv_error *err);

/*
 * hv_live_apply() - Make the running domain @c->name as @c says in the aspects
 * @what, one after the other.  0, or the first failure; *@done (may be NULL) are those
 * that were done, a failing one's among them where it may have been done in part.
 */
int hv_live_apply(const struct hv_config *c, unsigned what, int timeout_ms, unsigned *done,
		  struct hv_error *err);

/*
 * hv_live_book() - Tell the ledger (hv/ledger.h), before hv_live_apply(), what
 * the domain is to have of memory and CPU, where @what has them.  0; -ENOSPC: there is
 * no room, and nothing was booked (@force: it was, all the same); -errno.
 */
int hv_live_book(const struct hv_config *c, unsigned what, bool force, int timeout_ms,
		 struct hv_error *err);

/*
 * hv_guest_vcpus() - Have the guest's agent (org.qemu.guest_agent.0) use @n of
 * its processors.  -ENOTSUP: no such channel, or the agent cannot; -ETIMEDOUT: nobody answers.
 */
int hv_guest_vcpus(const struct hv_config *c, unsigned n, int timeout_ms, struct hv_error *err);

#endif
