/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What taiki-fenced wants of Pacemaker, through a process of its own: Pacemaker's
 * libraries bring a main loop of theirs and wait for answers.  The worker runs as
 * hacluster, without any right; a keeper makes another when it ends.
 *
 *   daemon ◄── socketpair, one message a packet ──► worker ◄── IPC ──► pacemaker
 *
 * A question has a deadline, at which the worker is killed by its own alarm: the
 * answer is then lost, and helper_lost() says so.
 */
#ifndef TAIKI_FENCE_HELPER_H
#define TAIKI_FENCE_HELPER_H

#include "fencing/confirm.h"
#include "fencing/order.h"

struct qb_loop;

enum helper_what {
	HELPER_MARK = 1,  /* write the owner's mark */
	HELPER_LIFT,      /* take it away */
	HELPER_SETTLE,    /* wait until the cluster's controller is idle */
	HELPER_FENCED,    /* told unasked: an entry of the fencing history */
	HELPER_CONNECTED, /* told unasked: the worker hears the fencer (rc 0), or does not */
};

struct helper_message {
	uint32_t what; /* enum helper_what */
	uint32_t seq;  /* of the question */
	uint32_t timeout_ms;
	int32_t rc;
	char resource[ORDER_RESOURCE];
	char by[ORDER_TEXT];
	char text[ORDER_TEXT];
	struct confirm_entry entry;
};

struct helper_ops {
	void (*answer)(const struct helper_message *m);
	void (*fenced)(const struct confirm_entry *e);
	void (*connected)(bool is);
};

/* helper_start() - Fork keeper and worker; before threads and before rights are dropped.  0, -errno. */
int helper_start(void);
/* helper_open() - Take part in the main loop. */
int helper_open(struct qb_loop *loop, const struct helper_ops *ops);

/*
 * helper_ask() - @m->what, resource, by, timeout_ms; answer() comes once, at the latest a
 * second after timeout_ms.  The number of the question, or -EAGAIN, -ENOTCONN.
 */
int helper_ask(struct helper_message *m);

/* The worker: serves @fd until it is closed. */
int helper_worker(int fd);

#endif
