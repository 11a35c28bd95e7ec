/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control: the QMP server of a domain (design 5.3).
 *
 * Everything here runs with the board lock held.  Connections live on the loop;
 * only event_emit() may come from another thread, and it never closes a
 * connection, it only marks it for the loop to close.
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "hv/config.h"

enum {
	CONTROL_CLIENTS_MAX = 16,
	CONTROL_OUTPUT_MAX = 4 << 20, /* bytes a client may leave unread before it is dropped */
};

/*
 * control_listen() - Serve QMP on @path (mode 0600; what a crash left there is
 * replaced: the caller holds the run directory's lock).  After loop_init(),
 * before rights are dropped.  0, or -errno with @err.
 */
int control_listen(const char *path, struct hv_error *err);

/* control_close() - Drop every client and stop serving.  Loop thread. */
void control_close(void);

/*
 * What x-taiki-info says of this start.  control_listen() reads incarnation and
 * resource from the run directory; main() may set .jail, a static sentence.
 */
struct control_identity {
	char *incarnation;
	char *resource; /* NULL: no cluster owns it */
	const char *jail;
	uint64_t started; /* host ns */
};
extern struct control_identity control_identity;

struct control_counters {
	uint64_t clients; /* accepted */
	uint64_t refused; /* there were CONTROL_CLIENTS_MAX */
	uint64_t dropped; /* too slow, or they sent what cannot be followed */
	uint64_t requests;
	uint64_t events;
	uint64_t fds_closed; /* descriptors that came without a use */
};
extern struct control_counters control_counters;

/*
 * control_answer() - The answer to the command that took @ticket: @rc 0 with
 * @ret (stolen; NULL: {}), or -errno with @err.  Loop thread; nothing if its client has gone.
 */
void control_answer(uint64_t ticket, int rc, json_t *ret, const struct hv_error *err);

/* control_broadcast() - One message to every client that has negotiated. */
void control_broadcast(const json_t *message);

#endif
