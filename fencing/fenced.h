/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of taiki-fenced share.  All of it is the main loop's; nothing is locked.
 *
 *   doors ─► clients.c ─► REQUEST ─┐                      ┌─► duties.c: mark, kill, settle
 *   domains.c ─────────► UP, DOWN ─┤► cluster.c ─► sync.c ┤─► clients.c: answers
 *   duties.c ─► MARKED, PROOF, ... ┤   (the order)        └─► hosts.c: who has gone
 *   hosts.c ─────────► HOST_DEAD ──┘
 */
#ifndef TAIKI_FENCE_FENCED_H
#define TAIKI_FENCE_FENCED_H

#include "fencing/confirm.h"
#include "fencing/domains.h"
#include "fencing/helper.h"
#include "fencing/sync.h"

struct fenced_settings {
	char listen[8][128]; /* addresses of the TLS door */
	unsigned nlisten;
	char keys[4096];
	char audit[4096]; /* "" for the usual place */
	unsigned confirmations;
	int debug;
};

struct fenced {
	struct qb_loop *loop;
	struct fenced_settings set;
	struct sync sync;
	bool connected; /* to Corosync */
	bool quorate;   /* not known to be without quorum */
	bool settled;   /* quorate, in the ring of the newest view */
	bool helper;    /* the worker hears the fencer */
};

extern struct fenced fenced;

int64_t fenced_now_ns(void);

/* fenced_able() - Whether requests can be carried out here and now. */
bool fenced_able(void);
/* fenced_send() - Stamp @m and multicast it; what is lost is sent again after the next round. */
void fenced_send(struct order_message *m);

/* daemon.c: everything is connected and watched; the loop may run.  0, -errno. */
int daemon_open(void);

/* clients.c */
int clients_open(char *err, size_t size);
void clients_changed(void); /* the state has: answer whom it concerns */
void clients_resend(void);  /* what was asked may have been lost on its way */
void clients_no_quorum(const char *why);
unsigned clients_count(void);

/* duties.c */
void duties_changed(void);
void duties_resend(void); /* after a round: what was sent may have been passed over */
void duties_answer(const struct helper_message *m);
void duties_worked(const struct work_kill *k);
unsigned duties_count(void);

/* hosts.c */
void hosts_changed(void);
void hosts_resend(void);
void hosts_fenced(const struct confirm_entry *e);
/* hosts_why_not() - Why the newest entry about @nodeid does not confirm its end; NULL: no entry. */
const char *hosts_why_not(uint32_t nodeid);

/*
 * keep.c: the state on disk, so that ids, outcomes and what is known of domains outlive a
 * restart of every host's daemon.  keep_open() - Take up what was kept.
 */
int keep_open(void);
void keep_changed(void);

/* status.c: a socket that tells everything as JSON, and its reader. */
int status_open(void);
int status_show(bool json);

/* settings.c: 0, or -EINVAL with a message in @err. */
int settings_read(struct fenced_settings *s, const char *path, bool must, char *err, size_t size);
int settings_set(struct fenced_settings *s, const char *key, const char *value, char *err,
		 size_t size);

#endif
