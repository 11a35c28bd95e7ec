/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host has for its domains: measured, or said in host.conf(5).
 *
 *   has    MemTotal, or the limit of the control groups domains are put below, if
 *          that is less; the CPUs this process may use, or a quota of those groups
 *   keep   what the host keeps for itself (nothing, where nothing is configured)
 *   room   what all domains together may hold:
 *          (has.memory - keep.memory) * overcommit-memory,
 *          (has.cpu - keep.cpu) * overcommit-cpu; HV_CPU_UNLIMITED where none is configured
 *
 * Nothing here is written anywhere, and nothing waits.
 */
#ifndef HV_CAPACITY_H
#define HV_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

/* An amount of what a domain takes. */
struct hv_room {
	uint64_t memory; /* bytes */
	uint64_t cpu;    /* percent of one CPU: 250 are two and a half */
};

#define HV_CPU_UNLIMITED UINT64_MAX

/* /etc/taiki/host.conf, or $TAIKI_HOST_CONF: "key = value" lines, # begins a comment. */
struct hv_host_conf {
	struct hv_room has;         /* memory=, cpu=; 0: measured */
	struct hv_room keep;        /* keep-memory=, keep-cpu=; 0 */
	unsigned overcommit_memory; /* overcommit-memory=, percent, 100 to 1000; 100 */
	unsigned overcommit_cpu;    /* overcommit-cpu=, percent, 100 to 10000; 0: no limit */
	uint64_t each;              /* domain-memory=: what each domain's process takes itself; 0 */
	uint64_t slack;             /* slack-memory=: hv/ledger.h, growing back; UINT64_MAX: 1/64 */
};

/*
 * hv_host_conf_parse() - @len bytes of a host.conf into @out (defaults first); @file is
 * for messages.  0, or -EINVAL with @err naming file, line and what was expected.
 */
int hv_host_conf_parse(const char *file, const char *text, size_t len, struct hv_host_conf *out,
		       struct hv_error *err);

/* hv_host_conf_load() - The host's own; the defaults where there is none.  0 or -errno with @err. */
int hv_host_conf_load(struct hv_host_conf *out, struct hv_error *err);

struct hv_capacity {
	struct hv_room has, keep, room;
	uint64_t guarantee;    /* CPU that can be guaranteed: has.cpu - keep.cpu */
	uint64_t each;         /* bytes counted for each domain besides its own memory */
	uint64_t slack;        /* bytes that growing back leaves free */
	char memory_from[128]; /* for people: "MemTotal", a control group's file, host.conf */
	char cpu_from[128];
};

/* hv_capacity_decide() - Pure: from what was measured and what was configured. */
void hv_capacity_decide(const struct hv_room *measured, const struct hv_host_conf *conf,
			struct hv_capacity *out);

/* hv_capacity() - Measure, load, decide.  0; -EINVAL a bad host.conf; -errno with @err. */
int hv_capacity(struct hv_capacity *out, struct hv_error *err);

#endif
