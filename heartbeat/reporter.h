/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reporter: a process of its own that talks to Pacemaker, so that nothing
 * of it can hold the detector.
 *
 *   taiki-heartbeatd ──socketpair──► taiki-heartbeat-reporter: uid hacluster, no capabilities,
 *          │                         libcrmcommon on glib's loop
 *          └ forks at start ► keeper: forks the worker, and another when it ends
 *
 * Why a process, and a program of its own, and not a thread: libcrmcommon connects
 * and sends in blocking calls, logs through globals, exits on some errors and brings 40 MiB of
 * libraries; and the process that reads what guests say needs no right to fail resources.  A worker whose call
 * into Pacemaker lasts longer than REPORTER_CALL_S is ended by SIGALRM and made anew.
 *
 * Between them go the two structures below, one a packet, on its descriptor
 * REPORTER_FD: both ends are made together.
 *
 * A worker that has found the controller also tells the cluster what this host can give
 * (reporter_capacity.h).
 *
 * taiki-poold has one of its own, for its attributes and for what its domains are defined as.
 */
#ifndef HEARTBEAT_REPORTER_H
#define HEARTBEAT_REPORTER_H

#include <stdint.h>

enum { REPORTER_CALL_S = 10, REPORTER_TEXT = 256, REPORTER_FD = 3 };

enum reporter_kind {
	REPORTER_FAIL, /* the resource `name` has failed on this node */
	REPORTER_ATTR, /* set the node attribute `name` to `value` (transient); "": delete it */
	/*
	 * Tell of the resource `name`: now, and again whenever its parameters have changed,
	 * until the worker ends.  .rc of these answers is the size of a text in the descriptor that comes
	 * with them (SCM_RIGHTS): "NAME=VALUE" and a NUL for each parameter that has a value, and
	 * "fencing-enabled=" true or false.  -ENXIO: there is no such resource; another -errno: the
	 * CIB cannot be asked, and will be again.
	 */
	REPORTER_WATCH,
	REPORTER_LOOK,   /* ask again for what is watched; no answer if nothing has changed */
	REPORTER_FORGET, /* nothing is watched any more; no answer */
};

/* The .id of the answer that nobody asked for: the worker is a new one, and watches nothing. */
enum { REPORTER_BORN = 0 };

struct reporter_request {
	uint32_t id, kind; /* id: not 0 */
	char name[REPORTER_TEXT];
	char value[REPORTER_TEXT];
};

/* Once per request; none comes for requests that a worker died with. */
struct reporter_answer {
	uint32_t id;
	int32_t rc; /* 0: the controller has it; -ESHUTDOWN: not now, it is in maintenance; -errno */
	int64_t sent; /* CLOCK_MONOTONIC, ns: handed to Pacemaker's IPC */
	char node[64];
};

/*
 * reporter_start() - Fork the keeper; call before there are threads and locked
 * memory.  A socket (SEQPACKET, non-blocking) to the workers, or -errno.
 */
int reporter_start(void);

/* reporter_worker() - What the worker runs on @fd; returns its exit status when the peer has gone. */
int reporter_worker(int fd);

#endif
