/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's run directory, RUN/NAME/ (RUN is $TAIKI_RUN_DIR, or /run/taiki):
 *
 *   lock            held (OFD, whole file, write) by hv-domain for life
 *   pid             its process, decimal
 *   cgroup          the name of its control group, below the slice
 *   cpus            CPUs that are its own (hv/tune.h); absent: none
 *   incarnation     the UUID of this start
 *   resource        the Pacemaker resource it belongs to; absent: none
 *   definition.xml  what it was started from
 *   config.json     what was left of that (hv/config.h)
 *   resolved        a twin's: what is left of it for the domain (lib/resolved.h)
 *   adopting        a standby becomes this domain, or its adopter died (hv/adopt.h)
 *   progress        a page of shared memory (hv/progress.h)
 *   intent          what the cluster's agent is about to do to it; see below
 *   ledger          what it holds of this host (hv/ledger.h)
 *   verdict         what heartbeat last concluded about it, one line for people
 *   resources       the agent's parameters as it applied them last, "memory=1GiB" a line
 *   not-applied     what it could not apply, one line for people
 *   qmp.sock console.sock channel/NAME.sock log
 *
 * What is true about a domain is read from the lock and from QMP, never from
 * a process name.  A directory whose lock is free was left behind and may be
 * reused by the next start.
 */
#ifndef HV_RUNDIR_H
#define HV_RUNDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hv/config.h"

enum hv_presence {
	HV_ABSENT,  /* nobody holds the lock: it does not run on this host */
	HV_PRESENT, /* somebody holds it */
	HV_UNKNOWN, /* cannot tell; err says why.  Never to be read as absent. */
};

/* hv_run_root() - RUN: $TAIKI_RUN_DIR or "/run/taiki".  Static. */
const char *hv_run_root(void);

/*
 * hv_name_ok() - Whether @name may name what runs (see HV_NAME_MAX): a domain, or a
 * standby ("web@twin", "3@spare").  Where only a domain will do: hv_name_kind() of
 * hv/standby.h.  No slashes, no leading dot.
 */
bool hv_name_ok(const char *name);

/* hv_run_path() - RUN/NAME/FILE into @out; 0 or -ENAMETOOLONG, -EINVAL for a bad name. */
int hv_run_path(char *out, size_t size, const char *name, const char *file);

/*
 * hv_presence() - Whether a domain runs on this host.  With HV_PRESENT,
 * *pid is the holder (F_OFD_GETLK cannot tell it: from the file `pid`, checked
 * to be alive, else 0).  @pid, @err may be NULL.
 */
enum hv_presence hv_presence(const char *name, pid_t *pid, struct hv_error *err);

/*
 * hv_run_read() - The first line of RUN/NAME/FILE without its newline, the
 * caller's to free; NULL if there is none.
 */
char *hv_run_read(const char *name, const char *file);

/*
 * An intent says that a domain is being stopped (moved, reloaded) on purpose,
 * so that its end is no failure: one line, "stop DEADLINE", DEADLINE in
 * milliseconds of CLOCK_BOOTTIME, after which it counts for nothing.  A new
 * start of the domain has none.
 */
enum hv_intent { HV_INTENT_NONE, HV_INTENT_STOP, HV_INTENT_MIGRATE, HV_INTENT_RELOAD };

/*
 * hv_intent_write() - @what is about to happen to @name and counts for @ms from
 * now; HV_INTENT_NONE takes back what was said.  0; -ENOENT: no run directory; or -errno with @err.
 */
int hv_intent_write(const char *name, enum hv_intent what, uint64_t ms, struct hv_error *err);

/*
 * hv_intent_read() - What counts now; HV_INTENT_NONE also for what has expired or
 * cannot be understood.  *until is its deadline, ms of CLOCK_BOOTTIME; may be NULL.
 */
enum hv_intent hv_intent_read(const char *name, uint64_t *until);

/* hv_intent_name() - "none", "stop", "migrate", "reload".  Static. */
const char *hv_intent_name(enum hv_intent what);

/*
 * hv_verdict_failed() - Whether heartbeatd has found this very incarnation failed:
 * RUN/NAME/verdict, "failed since ...", names it.  A verdict on an earlier one does not count.
 */
bool hv_verdict_failed(const char *name);

/*
 * hv_last_words() - What the log of a domain that is gone says of its end, into @out ("": nothing).  True: it
 * ended by itself, and that is why; false: it was killed or crashed, and that is its last line.
 */
bool hv_last_words(const char *name, char *out, size_t size);

/* hv_incarnation_new() - A UUID for a start of a domain, random (RFC 4122, version 4).  0 or -EIO. */
int hv_incarnation_new(char uuid[37]);

/* hv_run_list() - Names of all domains with a run directory, NULL-terminated, one block to free(). */
char **hv_run_list(struct hv_error *err);

#endif
