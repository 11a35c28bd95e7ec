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
 *       incarnation       whose page it is
 *
 * The file is made anew for each start; a reader that holds an old one
 * sees it stand still, and finds the new one by the run directory.  A standby's page
 * goes on under the incarnation of the domain that has adopted it.
 *
 * What can be told from two looks, a tenth of a second or more apart:
 *
 *              soft: work   halted   kvm: work             halted
 *   computes   grows        0        grows if it makes exits   0
 *   spins      grows        0        stands still              0
 *   waits      grows a bit  1        grows a bit               0
 *   paused     stands still; state and clock say so
 *
 * Under kvm the processor waits inside the kernel, and a guest that spins
 * without touching a device makes no exit: both stand still.  The process's CPU
 * time (clock_getcpuclockid(3)) tells them apart.
 */
#ifndef HV_PROGRESS_H
#define HV_PROGRESS_H

#include <stdint.h>

#include "hv/config.h"
#include "hv/rundir.h"

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
	HV_PROGRESS_WATCHDOG,
	HV_PROGRESS_IO_ERROR,
};

struct hv_progress {
	char magic[8];
	uint32_t version, size; /* HV_PROGRESS_VERSION, HV_PROGRESS_SIZE */
	uint32_t vcpus, disks, nics, reserved;

	uint64_t state;       /* enum hv_progress_state */
	uint64_t state_since; /* CLOCK_BOOTTIME, ns */
	uint64_t clock;  /* the guest's clock, ns, as of the last turn of the loop or of a vCPU */
	uint64_t resets; /* of this incarnation */
	uint64_t
		turns; /* of hv-domain's loop: where it grows, the hypervisor lives; with nothing to do it waits */
	uint64_t console; /* bytes the guest has written to its console */

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
	char incarnation[40]; /* as in the run directory, NUL-terminated; see identity */
	/*
	 * Adoption gives the page another incarnation: odd while it is being
	 * written.  hv_progress_look() sees the old one or the new one.
	 */
	uint64_t identity;
};

_Static_assert(sizeof(struct hv_progress) <= HV_PROGRESS_SIZE, "one page");

/*
 * hv_progress_open() - Map the page of the domain @name, read-only; *out is the
 * caller's until hv_progress_close().  Only a whole page that belongs to root or
 * to the caller, and that nobody else may write, is mapped: who could cut it
 * short under the reader could do anything.  0; -ENOENT: none; -EPERM, -EPROTO
 * (not a page, or of another version), or another -errno; @err says which.
 */
int hv_progress_open(const char *name, const struct hv_progress **out, struct hv_error *err);

/* hv_progress_close() - NULL is nothing. */
void hv_progress_close(const struct hv_progress *p);

/*
 * hv_progress_look() - One look: @p into @out, each word one relaxed load.  vcpus, disks and
 * nics are never more than there are rows; the incarnation is one that was, or "" where its
 * writer was ended in the middle of changing it.
 */
void hv_progress_look(const struct hv_progress *p, struct hv_progress *out);

#endif
