/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Least rights, in two steps, both before the guest's first instruction.
 *
 *   main():  open everything: lock, log, sockets, images, taps, /dev/kvm (the
 *            engine), io_uring, timerfd, kernel and initrd
 *   jail_enter()         step 1, once, still one thread: what the process may
 *                        reach.  No file, no network, no other process
 *   start the run threads; each begins with jail_thread(JAIL_VCPU)
 *   jail_thread(JAIL_LOOP) on the loop thread
 *                        step 2: which system calls are left.  They are in one
 *                        table in jail_seccomp.c, with the reason for each
 *   say "ok" to the starter, let the run threads run
 *
 * What this means for the rest of hv-domain, after step 1: nothing can be
 * opened, connected to or unlinked by name: what a reset needs (kernel, initrd)
 * and what is written later (log) stays open or in memory.  After step 2: no
 * new threads, no fork, no executable memory, no signal to another process.
 * open() and socket() answer -EACCES, since libraries try them on a whim; any other
 * call that is not in the table ends the process, and the kernel's log names it.
 *
 * What keeps working: descriptors that are open, among them listening Unix
 * sockets (also for clients that come later); the lock; being signalled, by
 * pidfd too, and inspected by root.
 *
 * Who: every domain is a user of its own, JAIL_UID_BASE + 24 bits taken from
 * its UUID, so that not even a broken jail reaches another domain.  These uids
 * and gids are in nobody's range (not useradd's, systemd's, or subuid's) and
 * need no entry in /etc/passwd.
 *
 * Started without root (a developer), the process keeps its user; namespaces and the
 * change of user are left out, since it has no right to lose by them, and
 * everything else holds.
 */
#ifndef VMM_JAIL_H
#define VMM_JAIL_H

#include <sys/types.h>

#include "hv/config.h"

#define JAIL_UID_BASE 0x7a000000U

/* Which threads; each has its column in the table. */
enum jail_role {
	JAIL_LOOP, /* the loop thread: control, timers, host I/O */
	JAIL_VCPU, /* a run thread: the engine, and devices inside the guest's accesses */
	JAIL_DIAL, /* a process outside the jail that connects to one Unix socket again and again */
};

/* jail_uid() - The user (and group) the domain @uuid runs as. */
uid_t jail_uid(const char *uuid);

/* jail_enter() - Step 1 for the domain @uuid.  0, or -errno with @err; then exit. */
int jail_enter(const char *uuid, struct hv_error *err);

/*
 * jail_dial() - All that a process may lose that goes on to connect by a path: its rights but the one to reach
 * a socket whoever owns it (CAP_DAC_OVERRIDE), and the system calls that this does not take.  0, or -errno with @err;
 * then exit.
 */
int jail_dial(struct hv_error *err);

/* jail_thread() - Step 2 for the calling thread.  0, or -errno with @err; then exit. */
int jail_thread(enum jail_role role, struct hv_error *err);

#endif
