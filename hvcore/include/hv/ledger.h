/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's ledger: which domain holds how much of this host, what it may grow
 * to, and what would be taken here if another host were lost.
 *
 * The truth is in the run directories: RUN/NAME/ledger is NAME's entry, a few lines
 * of text with version and checksum, replaced in one step.  It counts while NAME runs
 * (its lock is held) or whoever booked it lives (an OFD lock on the entry itself), so
 * that nothing has to be cleaned up after a death.  A domain that runs and has no
 * entry, or a damaged, foreign or stale one (of an earlier incarnation), counts in
 * full from its config.json.  Decisions are made, and entries written, under
 * RUN/.ledger.lock; nobody waits for a guest with it held.
 *
 *   now      what it holds.  Never less than it can take: growing is booked before
 *            the balloon is told, shrinking when the guest has given back.
 *   target   what it is on the way to.  target < now: shrinking; target > now: it
 *            waits until others have shrunk.
 *
 * Two things hold at every moment, whoever dies where:
 *   the sum of all `now` fits the host's room, and so does the sum of all `target`
 * (but for domains that were started by force, or while the ledger was not asked).
 *
 * A start, from outside (hv_ledger_launch() does all of it):
 *
 *   hv_ledger_entry(&config, HV_LEDGER_ACTIVE, &want);
 *   fd = hv_ledger_book(name, &want, 0, ms, &answer, &err);   -ENOSPC: no, err says why
 *   if (answer.verdict == HV_LEDGER_SQUEEZE)
 *           rc = hv_ledger_squeeze(fd, name, ms, NULL, NULL, &err);    others shrink
 *   hv_launch() with current_memory = answer.granted.memory
 *   hv_ledger_commit(fd, name, &err);       it runs: the entry is its own now
 *   ...or, when it did not start: close(fd), and the entry counts no more.
 *
 * An adoption is the same with NAME the standby's ("web@twin") and an entry of kind
 * active: the standby's entry is replaced, what it holds already is kept, and the entry goes
 * along when the run directory is renamed; hv_ledger_commit() then gets the new name.
 * The twin can go ahead with what it holds while others shrink.
 */
#ifndef HV_LEDGER_H
#define HV_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/capacity.h"
#include "hv/config.h"

enum {
	HV_LEDGER_VERSION = 1,
	HV_LEDGER_NAME = HV_NAME_MAX + 1, /* "web@twin" and a NUL fit */
	HV_LEDGER_HOST = 256,             /* a node's name and a NUL */
	HV_LEDGER_TEXT = 2048,            /* bytes an entry has at most */
	HV_PRIORITY_MAX = 1000,
};

enum hv_ledger_kind { HV_LEDGER_ACTIVE, HV_LEDGER_TWIN, HV_LEDGER_SPARE };

/* How an entry was found; not in the file. */
enum hv_ledger_state {
	HV_LEDGER_RUNNING,  /* the domain's lock is held, the entry is of this incarnation */
	HV_LEDGER_BOOKED,   /* its booker lives; nobody else changes it */
	HV_LEDGER_UNBOOKED, /* it runs without an entry that can be believed: counted in full */
};

struct hv_ledger_entry {
	char name[HV_LEDGER_NAME]; /* of the run directory; not in the file */
	enum hv_ledger_kind kind;
	unsigned priority;          /* 0..1000: who shrinks first (lower) */
	struct hv_room now, target; /* above */
	struct hv_room minimum;     /* a squeeze never goes below; full: cannot be squeezed */
	struct hv_room full;        /* what it has without a squeeze; a twin: once it is adopted */
	uint64_t guaranteed;        /* of full.cpu, what must be there whenever it is wanted */
	uint64_t shares, shares_minimum; /* go with CPU from full to minimum; 0: left alone */
	char active_on[HV_LEDGER_HOST];  /* twin: the host its active runs on; "" not known */
	char incarnation[37];            /* whose entry it is; "" until hv_ledger_commit() */
	uint64_t changed;                /* CLOCK_BOOTTIME ms of the last shrinking or growing */
	uint64_t refused;                /* ...when the guest last refused to shrink, 0: never */
	enum hv_ledger_state state;      /* not in the file */
	char why[96]; /* HV_LEDGER_UNBOOKED, or BOOKED and damaged: why; not in the file */
};

struct hv_ledger {
	struct hv_ledger_entry *entry; /* by name */
	size_t n;
};

/*
 * hv_ledger_entry() - What @c takes as @kind: now and target are equal.  ACTIVE: full is its
 * CPU (quota, or all its processors) and its current memory (all of it where there is no
 * balloon).  TWIN, SPARE: now is what it waits with (standby), full as when active.
 */
void hv_ledger_entry(const struct hv_config *c, enum hv_ledger_kind kind,
		     struct hv_ledger_entry *out);

/* --- the file (pure) --- */

/* hv_ledger_print() - @e as text into @out; the number of bytes, or -EMSGSIZE. */
int hv_ledger_print(const struct hv_ledger_entry *e, char *out, size_t size);

/*
 * hv_ledger_parse() - The reverse; state, name and why are left empty.  0; -EPROTO another version;
 * -EINVAL damaged, cut short, or numbers that contradict one another; @err says what.
 */
int hv_ledger_parse(const char *text, size_t len, struct hv_ledger_entry *out,
		    struct hv_error *err);

/* --- decisions (pure) --- */

enum hv_ledger_verdict {
	HV_LEDGER_YES,
	HV_LEDGER_SQUEEZE, /* yes, when others have shrunk, or with less than it wanted, or both */
	HV_LEDGER_NO,
};

struct hv_ledger_change {
	char name[HV_LEDGER_NAME];
	struct hv_room from, to; /* targets */
};

struct hv_ledger_answer {
	enum hv_ledger_verdict verdict;
	struct hv_room granted; /* what it gets in the end; less than full only at a squeeze */
	struct hv_room at_once; /* what it may take before anybody has shrunk */
	struct hv_room lacking; /* NO: what would still be missing after every squeeze */
	struct hv_ledger_change *change; /* who shrinks to what, the least needed first */
	size_t nchanges;
	char reason[256]; /* one sentence with the numbers */
	/* From hv_ledger_book(): what was promised and has no room then; "": nothing. */
	char breaks[256];
};

/*
 * hv_ledger_admit() - Whether @want (name, kind, priority, minimum, full, guaranteed;
 * `target` is what it asks for) fits beside @l, where an entry of its name is
 * replaced by it and keeps what that one held.
 *
 * What is missing is taken from entries of no higher priority than @want's, @want itself
 * among them, the lowest priority first, within one priority in proportion to what
 * each has above its minimum; never below a minimum; twins, spares, and what is booked and does
 * not run yet, are left alone, and so is whoever refused in the last HV_LEDGER_REFUSED_MS
 * before @now_ms (CLOCK_BOOTTIME).  0, or -ENOMEM.
 */
int hv_ledger_admit(const struct hv_capacity *cap, const struct hv_ledger *l,
		    const struct hv_ledger_entry *want, uint64_t now_ms,
		    struct hv_ledger_answer *out);
void hv_ledger_answer_free(struct hv_ledger_answer *a);

/* What the loss of one host would take here: its twins, adopted. */
struct hv_ledger_promise {
	char host[HV_LEDGER_HOST]; /* "" for twins whose active's host is not known */
	unsigned twins;
	struct hv_room takes; /* beside what the twins hold now */
	unsigned refused;     /* so many of them would not get their minimum */
	bool squeezed;        /* somebody would shrink */
};

/*
 * hv_ledger_promises() - One for each host some twin's active is on, by name; the caller's to
 * free.  Twins are granted by priority, the highest first.  0, or -ENOMEM.
 */
int hv_ledger_promises(const struct hv_capacity *cap, const struct hv_ledger *l, uint64_t now_ms,
		       struct hv_ledger_promise **out, size_t *n);

/*
 * hv_ledger_breaks() - Whether @want, granted as @a says, would take the room that a twin here was
 * to have when its active's host is lost: 1, *@twin (an entry of @l) is the first; 0; -ENOMEM.
 * A twin of lower priority than @want's does not count, nor one that has no room already.
 */
int hv_ledger_breaks(const struct hv_capacity *cap, const struct hv_ledger *l,
		     const struct hv_ledger_entry *want, const struct hv_ledger_answer *a,
		     uint64_t now_ms, const struct hv_ledger_entry **twin);

enum {
	HV_LEDGER_REFUSED_MS = 60000, /* a guest that refused is not asked again for so long */
	HV_LEDGER_HOLD_MS = 10000,    /* what has shrunk does not grow for so long */
};

/*
 * hv_ledger_grow() - Who may grow back to what: the highest priority first, in
 * proportion within one; leaves slack free, moves nothing that was squeezed in
 * the last HV_LEDGER_HOLD_MS, nor by less than 1/16 of what it has lost (unless that is the rest), so that
 * nothing goes to and fro.  Only .change and .nchanges of @out.  0, or -ENOMEM.
 */
int hv_ledger_grow(const struct hv_capacity *cap, const struct hv_ledger *l, uint64_t now_ms,
		   struct hv_ledger_answer *out);

/* hv_ledger_held() - Sum of `now` (or of `target`), each domain's own overhead with it. */
struct hv_room hv_ledger_held(const struct hv_capacity *cap, const struct hv_ledger *l,
			      bool target);

/* --- the run directories --- */

/*
 * hv_ledger_read() - Every entry that counts, without waiting for anybody; a glance, not
 * a decision.  0, or -errno with @err.  @out is the caller's to hv_ledger_free().
 */
int hv_ledger_read(struct hv_ledger *out, struct hv_error *err);
void hv_ledger_free(struct hv_ledger *l);

/* hv_ledger_in_use() - What @name's process has of the host's memory now, bytes; 0: none, or cannot tell. */
uint64_t hv_ledger_in_use(const char *name);

enum {
	/* Written down as if there were room, whatever the answer is: no -ENOSPC, nobody shrinks. */
	HV_LEDGER_FORCE = 1 << 0,
	/* Nobody is to shrink or to be waited for: -ENOSPC where the answer is HV_LEDGER_SQUEEZE. */
	HV_LEDGER_IN_PEACE = 1 << 1,
	/* It is new work, which can wait: -ENOSPC where hv_ledger_breaks() what was promised. */
	HV_LEDGER_NEW_WORK = 1 << 2,
};

/*
 * hv_ledger_book() - Decide on @want and write its entry down in RUN/NAME/ (made if need
 * be).  Returns a descriptor that keeps the entry alive until it is closed or handed to
 * hv_ledger_commit(); -ENOSPC: no room, @err is the sentence with the numbers;
 * -EBUSY: somebody else has booked @name and lives, or a start whose booking is damaged has been under way all the
 * time, so that nobody can tell what is free; -ETIMEDOUT; -EINVAL bad host.conf;
 * -EIO: its entry cannot be written, as on a full file system; -errno.  @answer may be NULL; otherwise the caller's to free, also after -ENOSPC.
 * With HV_LEDGER_SQUEEZE the entry holds answer.at_once, and hv_ledger_squeeze() is next.
 */
int hv_ledger_book(const char *name, const struct hv_ledger_entry *want, unsigned flags,
		   int timeout_ms, struct hv_ledger_answer *answer, struct hv_error *err);

/* Every step of a squeeze or growth, one line for people ("shrinks from ... to ...").  May be NULL. */
typedef void hv_ledger_say(void *arg, const char *name, const char *line);

/*
 * hv_ledger_squeeze() - Make the booking @fd on @name come true: tell the domains that
 * are to shrink, wait until they have, let the booking hold what they gave.  A guest that refuses is
 * passed over, and the next in order is asked.  0: it holds all it was granted, *@held (may
 * be NULL) says how much; -ENOSPC: there is no more to be had; -ETIMEDOUT.  After these
 * two the booking stays as it is and holds *@held; the rest is not asked for any more.
 * Where @name runs already (an adoption) it is told to have what the booking holds in the end.
 * Each step is a line in the log of the domain it is about and in syslog.
 */
int hv_ledger_squeeze(int fd, const char *name, int timeout_ms, struct hv_room *held,
		      hv_ledger_say *say, void *arg, struct hv_error *err);

/*
 * hv_ledger_commit() - The domain booked as @fd runs, in the run directory @name: bind the entry
 * to its incarnation.  Closes @fd, always.  0; -ESRCH it does not run; -errno.
 */
int hv_ledger_commit(int fd, const char *name, struct hv_error *err);

/*
 * hv_ledger_launch() - The cold start of a domain with all of this: book @want (NULL: what
 * l->config takes as an active), let others shrink where that is needed, hv_launch() (with
 * less current memory and CPU where it was granted less), commit.  A standby gives hv_ledger_entry()
 * of its domain, with active_on, since its own configuration does not say what it will be.
 * l->timeout_ms is for all of it.  With HV_LEDGER_FORCE nothing but hv_launch() can fail.
 * 0; -ENOSPC with the sentence; or as hv_launch().
 */
struct hv_launch;
int hv_ledger_launch(const struct hv_launch *l, const struct hv_ledger_entry *want, unsigned flags,
		     hv_ledger_say *say, void *arg, struct hv_error *err);

/*
 * hv_ledger_release() - Remove the entry of a domain that has ended, or was not started.  Not
 * needed for it to count no more.  0 (also if there is none); -EBUSY it runs; -errno.
 */
int hv_ledger_release(const char *name, struct hv_error *err);

/* hv_ledger_active_on() - Twin @name's active is on @host now ("": not known).  0; -ENOENT; -errno. */
int hv_ledger_active_on(const char *name, const char *host, int timeout_ms, struct hv_error *err);

/*
 * hv_ledger_describe() - What the standby @name is once it is adopted (full, minimum, priority, guaranteed, shares) is
 * what @want says: an entry that was written anew could not know.  What it holds stays.  0, also where it
 * says so already; -ENOENT; -EINVAL it is an active's; -errno.
 */
int hv_ledger_describe(const char *name, const struct hv_ledger_entry *want, int timeout_ms,
		       struct hv_error *err);

/*
 * hv_ledger_resize() - The running @name is to have @full from now on (`hv set`, a reload): books
 * growth, as hv_ledger_book(), without a squeeze; -ENOSPC where it does not fit, -EBUSY at once where it cannot be
 * told what is free.  The caller then tells the domain.
 */
int hv_ledger_resize(const char *name, const struct hv_room *full, unsigned flags, int timeout_ms,
		     struct hv_error *err);

/*
 * hv_ledger_relax() - Give back what can be given back (hv_ledger_grow()), and write entries for
 * domains that run without one.  While it cannot be told what is free, nobody grows.  Called now and then by the
 * pool; safe from anywhere.  Returns how many domains grew, or -errno with @err.
 */
int hv_ledger_relax(int timeout_ms, hv_ledger_say *say, void *arg, struct hv_error *err);

#endif
