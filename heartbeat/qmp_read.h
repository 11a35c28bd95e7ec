/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain's QMP server says, as far as heartbeat listens.  Pure: one line
 * in, one meaning out.  hv-domain faces a hostile guest, so it is not believed
 * further than that: whatever cannot be understood is QMP_OTHER.
 */
#ifndef HEARTBEAT_QMP_READ_H
#define HEARTBEAT_QMP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hv/role.h"

#include "detector.h"

enum qmp_says {
	QMP_OTHER, /* not understood, or of no interest */
	QMP_GREETING,
	QMP_RUN,      /* .run is the machine's state (an answer, or an event) */
	QMP_VCPUS,    /* .thread[.vcpus]: the answer to query-cpus-fast */
	QMP_ENGINE,   /* .soft: the answer to x-taiki-info */
	QMP_RESET,    /* the guest was reset; .by_guest */
	QMP_PANICKED, /* .ends: its hv-domain ends with it */
	QMP_WATCHDOG, /* .run is what follows: RUN_UNSEEN for nothing */
	QMP_SHUTDOWN, /* .cause */
	QMP_IO_ERROR,
	QMP_ROLE,    /* .line: the last that the guest said on its role port, "" none; .open */
	QMP_REFUSED, /* a command was, or the connection */
	QMP_DONE,    /* a command without an answer of interest was executed */
};

/* The ids our commands carry. */
enum qmp_id {
	QMP_ID_NONE,
	QMP_ID_CAPABILITIES,
	QMP_ID_STATUS,
	QMP_ID_CPUS,
	QMP_ID_INFO,
	QMP_ID_RESET,
	QMP_ID_CONT,
	QMP_ID_ROLE,
	QMP_ID_OTHER, /* of no interest */
};

struct qmp_meaning {
	enum qmp_says says;
	enum qmp_id id; /* of the command that is answered */
	enum hb_run run;
	bool by_guest, ends, soft;
	unsigned vcpus;
	pid_t thread[HV_VCPUS_MAX];
	char cause[48]; /* printable */
	bool open;
	char line[HV_ROLE_LINE_MAX]; /* printable */
};

/* qmp_read() - One line of @len bytes. */
struct qmp_meaning qmp_read(const char *line, size_t len);

/* qmp_run() - The state that query-status calls @status. */
enum hb_run qmp_run(const char *status);

#endif
