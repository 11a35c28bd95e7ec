/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of hv_adopt(); see hv/adopt.h. */
#ifndef HV_LIB_ADOPT_H
#define HV_LIB_ADOPT_H

#include "hv/adopt.h"
#include "hv/qmp.h"
#include "served.h"

/* The file that says that an adoption was not completed. */
#define HV_ADOPT_MARK "adopting"

enum {
	/* For a standby to answer at all: a host that takes over many is busy, and colder is slower. */
	HV_ADOPT_LOOK_MS = 3000,
	HV_ADOPT_CALL_MS = 5000, /* for one command to it */
	HV_ADOPT_UNDO_MS = 5000, /* for the proof of an undoing, at least */
};

/* An adoption under way. */
struct adoption {
	const struct hv_adopt *a;
	const char *domain;
	uint64_t began;   /* ns */
	int64_t deadline; /* hv_clock_ms() */
	char standby[HV_NAME_MAX + 1];
	char now[HV_NAME_MAX + 1]; /* the name of its run directory now */
	int turn;                  /* the standby's; after the renaming the domain's */
	char incarnation[37];      /* of the domain */
	bool only_ready;           /* a guest that has not said hello is passed over */
	bool hurried;              /* its share of the processors has been lifted */
	bool claimed;              /* something in the run directory has been changed */
	struct hv_qmp *qmp;
	struct hv_config was;               /* what the standby was started with */
	struct hv_config config;            /* what the domain runs with */
	int disk[HV_DISKS_MAX];             /* opened here; -1: none */
	struct served served[HV_DISKS_MAX]; /* of those behind a server */
	int booking;                        /* hv_ledger_book()'s, or -1 */
	uint64_t memory;                    /* bytes the balloon is to leave */
	bool hopeless; /* what failed would fail with any other standby as well */
	bool squeeze;  /* others shrink for it */
};

/* adopt_left() - Milliseconds a call may take: what is left, at most @ms, at least 1. */
int adopt_left(const struct adoption *d, int ms);

/*
 * adopt_find() - Take the turn of @name and look whether it can be adopted: it runs, fits, answers.
 * 0: d->turn, .qmp, .was, .config are set; else all is given back: -ENOENT not there, -EBUSY its
 * turn is somebody else's, -EINPROGRESS not ready and d->only_ready, or why not.
 */
int adopt_find(struct adoption *d, const char *name, struct hv_error *err);

/* adopt_calm() - It waits on, with what it waited with. */
void adopt_calm(struct adoption *d);

/* adopt_claim() - The commit point.  Sets d->claimed at the first change and d->now after the renaming. */
int adopt_claim(struct adoption *d, struct hv_error *err);

/* adopt_identify() - The domain's configuration and incarnation: before the first gate is opened. */
int adopt_identify(struct adoption *d, struct hv_error *err);

/* adopt_guard() - What keeps each gated disk to one writer: may it be written here? */
int adopt_guard(struct adoption *d, struct hv_error *err);

/*
 * adopt_open_disks() - Open and lock the gated disks of @c into @fd (-1 elsewhere), or connect to the servers they are behind,
 * which tell @served, in a child, so
 * that a disk that hangs does not hold the caller.  -ETIMEDOUT past @deadline.
 */
int adopt_open_disks(const struct hv_config *c, int fd[HV_DISKS_MAX],
		     struct served served[HV_DISKS_MAX], int64_t deadline, struct hv_error *err);
void adopt_close_disks(int fd[HV_DISKS_MAX]);

/* adopt_steps() - Everything after the claim, in its order. */
int adopt_steps(struct adoption *d, struct hv_error *err);

/* adopt_say() - The step has been reached. */
void adopt_say(struct adoption *d, enum hv_adopt_step step);

#endif
