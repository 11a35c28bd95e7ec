/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's progress page, RUN/NAME/progress: one page of shared memory that
 * hv-domain writes and whoever watches it maps read-only, so that reading costs
 * no call.  Little-endian; every word is written and read as one relaxed atomic
 * and only ever says "this much has happened": a reader compares two looks.
 *
 *    0  magic, version, size
 *   32  the domain        state, since when, its clock, resets, turns of the loop
 *       vcpu[64]          work done, whether it waits (HLT)
 *       disk[24] nic[8]   requests and packets completed
 *
 * The file is made anew for each incarnation; a reader that holds an old one
 * sees it stand still, and finds the new one by the run directory.
 */
#ifndef HV_PROGRESS_H
#define HV_PROGRESS_H

#include <stdint.h>

#include "hv/config.h"

enum { HV_PROGRESS_SIZE = 4096, HV_PROGRESS_VERSION = 1 };
#define HV_PROGRESS_MAGIC "TKprogr" /* with its NUL: 8 bytes */

/* As query-status names them; a reader takes any other value for "running". */
enum hv_progress_state {
	HV_PROGRESS_PRELAUNCH,
	HV_PROGRESS_RUNNING,
	HV_PROGRESS_PAUSED,
	HV_PROGRESS_SHUTDOWN,
	HV_PROGRESS_PANICKED,
	HV_PROGRESS_INTERNAL_ERROR,
};

struct hv_progress {
	char magic[8];
	uint32_t version, size; /* HV_PROGRESS_VERSION, HV_PROGRESS_SIZE */
	uint32_t vcpus, disks, nics, reserved;

	uint64_t state;       /* enum hv_progress_state */
	uint64_t state_since; /* CLOCK_BOOTTIME, ns */
	uint64_t clock;       /* the guest's clock, ns, when something of this page changed last */
	uint64_t resets;      /* of this incarnation */
	uint64_t turns;       /* of hv-domain's loop: the hypervisor itself lives */
	uint64_t console;     /* bytes the guest has written to its console */

	struct {
		uint64_t work; /* instructions retired (soft) or exits (kvm): grows while it runs */
		uint64_t halted; /* 1: it waits for an interrupt */
	} vcpu[HV_VCPUS_MAX];
	struct {
		uint64_t done, errors, in_flight;
	} disk[HV_DISKS_MAX];
	struct {
		uint64_t rx, tx; /* packets */
	} nic[HV_NICS_MAX];
};

_Static_assert(sizeof(struct hv_progress) <= HV_PROGRESS_SIZE, "one page");

#endif
