/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adoption: a standby that waits on this host becomes a domain (design 5.9).
 *
 * The commit point comes first.  In the turns of both names the adopter writes the
 * domain's definition.xml and resource into the standby's run directory and renames that to
 * the domain's: from then on whoever asks about the domain sees it, whatever dies.  Only
 * then guard, disks, CPU, link and role follow, in this order, and the memory in the
 * background.  config.json and incarnation are the standby's until its disks are about to be
 * opened, and then the domain's.  The file `adopting` is there from before
 * the first change until after the last step, so that nobody takes half an adoption
 * for a running domain: hv_adopting().
 *
 * What cannot be finished is undone: the standby is killed, with proof (hv_kill()).
 */
#ifndef HV_ADOPT_H
#define HV_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/config.h"

enum {
	HV_ADOPT_TWIN = 1 << 0,
	HV_ADOPT_SPARE = 1 << 1,
};

/* In the order in which they are reached. */
enum hv_adopt_step {
	HV_ADOPT_FOUND,   /* a standby that fits and answers */
	HV_ADOPT_BOOKED,  /* the host's ledger has room for it */
	HV_ADOPT_CLAIMED, /* it has the domain's name, for everybody */
	HV_ADOPT_GUARDED, /* each active-only disk may be written here */
	HV_ADOPT_DISKS,   /* they are open in the guest */
	HV_ADOPT_CPU,     /* it has the domain's quota, shares and processors */
	HV_ADOPT_LINK,    /* its active-only interfaces are up */
	HV_ADOPT_ROLE,    /* the guest was told, or is when it opens its port */
	HV_ADOPT_MEMORY,  /* the balloon is on its way */
	HV_ADOPT_DONE,
	HV_ADOPT_UNDONE, /* instead of the rest: the standby has ended, proven */
	HV_ADOPT_STEPS,
};

/* hv_adopt_step_name() - "found", "booked"...  Static. */
const char *hv_adopt_step_name(enum hv_adopt_step step);

/* A step has been reached, @ns after hv_adopt() was called; @standby is what it is about. */
typedef void hv_adopt_step_fn(void *arg, enum hv_adopt_step step, const char *standby, uint64_t ns);

struct hv_adopt {
	const struct hv_config *config; /* the domain's */
	const char *definition;         /* XML text kept in the run directory, or NULL */
	const char *resource;           /* Pacemaker resource it belongs to, or NULL */
	unsigned from;                  /* HV_ADOPT_...; 0: only end what would be in the way */
	bool fencing_enabled;           /* whether the guard `fencing` may be relied on */
	bool book;                      /* ask the host's ledger first (hv/ledger.h) */
	unsigned book_flags;            /* HV_LEDGER_... */
	int timeout_ms;                 /* for all of it, but for the proof of an undoing */
	hv_adopt_step_fn *step;         /* or NULL */
	void *arg;
	/*
	 * The domain's turn (lib/turn.h), which the caller has and keeps.  After the renaming
	 * it is another descriptor.
	 */
	int *turn;
};

/*
 * hv_adopt() - Find the best standby on this host and make it the domain: the twin, then spares; where
 * spares come into question, first those of them all whose guest has said that it is booted.  What would
 * fail with any of them (a guard, a disk that is somebody else's) ends the search.
 * 0: it runs.  -EEXIST: the domain runs already.  -ENOENT: nothing there that could be
 * adopted.  -ENOSPC: the ledger has no room, for a cold start neither; standbys wait on.
 * -ENOTRECOVERABLE: something may still run that is not proven to have ended; the domain must
 * not be started.  Else what went wrong last; it is undone.  With -ENOENT and the latter nothing
 * of the domain's is in the way of a cold start any more: a twin that could not be adopted has
 * been ended.  @err says why.
 */
int hv_adopt(const struct hv_adopt *a, struct hv_error *err);

/*
 * hv_adopting() - Whether @name's run directory is one whose adoption was not completed: under way,
 * or its adopter died.
 */
bool hv_adopting(const char *name);

#endif
