/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain gets of its host's processors, while it runs: its control
 * group's share and cap, and CPUs that are its own.
 *
 * A pinned CPU is dedicated: two domains of a host cannot have it both, and
 * whatever is not pinned there stays off it.  RUN/NAME/cpus says what a running
 * domain has ("vcpu 0 2", "emulator 0-1"); RUN/.cpus.lock is held while CPUs
 * change hands.  Threads have the affinity, which a jailed domain cannot change;
 * a virtual processor's thread is called "vcpuN".
 */
#ifndef HV_TUNE_H
#define HV_TUNE_H

#include "hv/config.h"

/*
 * hv_tune() - Apply what @c's cputune names to the domain as it runs;
 * what is 0 stays as it is.  0; -ENOENT where it has no control group of its own; -errno.
 */
int hv_tune(const struct hv_config *c, struct hv_error *err);

/*
 * hv_tune_group() - The same as at a start: what @c does not name is nothing of
 * the last one's (no quota, everybody's shares).
 */
int hv_tune_group(const struct hv_config *c, struct hv_error *err);

/* hv_tune_all() - hv_tune_group() and hv_pins_set(): all that @c says of its host's CPUs. */
int hv_tune_all(const struct hv_config *c, struct hv_error *err);

/* What is in force, as the kernel says. */
struct hv_tuned {
	char group[HV_NAME_MAX + 8]; /* its control group's name below the slice */
	uint64_t shares;    /* of version 1; of version 2 the shares its weight stands for */
	uint64_t period;    /* us */
	int64_t quota;      /* us a period, of the whole domain; -1: no limit */
	uint64_t usage;     /* us of CPU it has had */
	uint64_t throttled; /* periods in which it was held back by its quota */
};

/* hv_tune_read() - 0; -ENOENT: @name has no control group of its own; -errno. */
int hv_tune_read(const char *name, struct hv_tuned *t);

/*
 * hv_pins_take() - For hv-domain, when it holds its lock and has no thread but
 * this: @c's pins are its own from now on, and the calling thread goes where it
 * belongs.  0; -EBUSY: another domain has one of them, or nothing is left for those
 * without; -EINVAL: this host has no such CPU; -errno.  @err names CPU and domain.
 */
int hv_pins_take(const struct hv_config *c, struct hv_error *err);

/* hv_pins_enter() - The calling thread is virtual processor @vcpu, after hv_pins_take(). */
void hv_pins_enter(unsigned vcpu);

/* hv_pins_set() - Give the running domain @c->name the pins of @c in place of those it has. */
int hv_pins_set(const struct hv_config *c, struct hv_error *err);

/* hv_pins_release() - @name has ended: its CPUs are everybody's. */
void hv_pins_release(const char *name);

/* hv_pins_load() - What @c->name has on this host, in place of @c's pins.  0 or -ENOMEM. */
int hv_pins_load(struct hv_config *c);

/* hv_pins_read() - What @name has, as "vcpu 0: 2, emulator: 0-1"; the caller's to free, NULL: no pins. */
char *hv_pins_read(const char *name);

#endif
