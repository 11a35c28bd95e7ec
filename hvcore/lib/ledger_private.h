/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the ledger share.  ledger_text, _share, _sum, _admit, _grow and _promise are
 * pure; ledger_read, _write, _book, _squeeze and _relax are around them.
 */
#ifndef HV_LIB_LEDGER_PRIVATE_H
#define HV_LIB_LEDGER_PRIVATE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/ledger.h"
#include "hv/qmp.h"

/* Memory is moved in whole MiB where it can be. */
enum { LEDGER_GRAIN = 1 << 20, LEDGER_COMMIT_MS = 10000 };

/* ledger_find() - The entry of @name, or NULL. */
struct hv_ledger_entry *ledger_find(const struct hv_ledger *l, const char *name);

/* ledger_change() - Note that @e goes to @to.  0 or -ENOMEM. */
int ledger_change(struct hv_ledger_answer *a, const struct hv_ledger_entry *e,
		  const struct hv_room *to);

/*
 * ledger_unsaid() - One whose booking is damaged while its start is under way, or NULL.  How much it holds nobody can
 * tell until it runs or has ended, so nothing is given away meanwhile.
 */
const struct hv_ledger_entry *ledger_unsaid(const struct hv_ledger *l);

/*
 * ledger_entry_worst() - hv_ledger_entry() of a domain that runs and about which nothing else
 * is known: all the memory and CPU it could ever have.
 */
void ledger_entry_worst(const struct hv_config *c, enum hv_ledger_kind kind,
			struct hv_ledger_entry *out);

/* --- ledger_file.c: one entry, and the right to change any --- */

/* ledger_now() - CLOCK_BOOTTIME in milliseconds. */
uint64_t ledger_now(void);

/*
 * ledger_lock() - The right to decide and to write, until the descriptor is closed.  Makes RUN if
 * need be.  -ETIMEDOUT past @deadline (hv_clock_ms()); -errno with @err.
 */
int ledger_lock(int64_t deadline, struct hv_error *err);

/*
 * ledger_load() - RUN/NAME/ledger into @e, name and state BOOKED or RUNNING with it.  *@booked: its
 * booker lives.  0; -ENOENT; -EINVAL, -EPROTO or -errno with @err: it cannot be believed.
 */
int ledger_load(const char *name, struct hv_ledger_entry *e, bool *booked, struct hv_error *err);

/*
 * ledger_store() - Replace the entry of @e->name in one step.  With @fd not NULL, as its booker: *@fd
 * is the descriptor that keeps it alive (-1: none yet; it is replaced in place otherwise).
 * Needs ledger_lock().  0 or -errno with @err.
 */
int ledger_store(const struct hv_ledger_entry *e, int *fd, struct hv_error *err);

/* ledger_wait() - For the booker of @name's entry to be done with it, until @deadline.  0 or -errno. */
int ledger_wait(const char *name, int64_t deadline);

/* ledger_mine() - Whether @fd keeps the entry of @name that is there now. */
bool ledger_mine(int fd, const char *name);

/* --- ledger_steer.c: what a domain is told, and what it says --- */

/* ledger_steer_say() - @fmt to @say, the domain's log and syslog. */
void ledger_steer_say(const char *name, hv_ledger_say *say, void *arg, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* ledger_steer_step() - "from 64 to 32 MiB and from 100 to 50% CPU": what changes of it. */
void ledger_steer_step(const struct hv_room *from, const struct hv_room *to, char out[96]);

/*
 * ledger_steer() - Tell @name to have @room, with @e saying what full and minimal are.  *@q is its
 * connection, opened where it is NULL, and NULL again after a failure.  0 or -errno with @err.
 */
int ledger_steer(const struct hv_ledger_entry *e, const struct hv_room *room, struct hv_qmp **q,
		 int timeout_ms, struct hv_error *err);

/* ledger_tune() - Make @c's cputune that of @e with @cpu. */
void ledger_tune(const struct hv_ledger_entry *e, uint64_t cpu, struct hv_config *c);

/* ledger_steer_actual() - What the balloon leaves @name now, bytes.  0 or -errno. */
int ledger_steer_actual(const char *name, struct hv_qmp **q, int timeout_ms, uint64_t *actual,
			struct hv_error *err);

/* ledger_config() - RUN/NAME/config.json; @c is the caller's to free.  0 or -errno. */
int ledger_config(const char *name, struct hv_config *c);

static inline uint64_t ledger_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t ledger_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t ledger_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
