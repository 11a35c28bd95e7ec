/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocf:taiki:domain.  What is decided is in domain_decide.c and is pure; what
 * is asked and done is around it, one action a file.
 */
#ifndef DOMAIN_H
#define DOMAIN_H

#include <stdbool.h>

#include "hv/config.h"
#include "hv/rundir.h"

#include "ocf.h"

/* What its guest has made of the role that it was told. */
enum domain_role {
	ROLE_FINE,    /* it took it, has time to, was told none, or speaks of none */
	ROLE_UNTAKEN, /* its time is over */
	ROLE_FAILED,  /* a script of it ended badly */
};

/* What was seen of one domain. */
struct domain_view {
	enum hv_presence presence;
	int qmp;         /* 0: it answered; else -errno */
	char status[32]; /* as query-status has it, when it answered */
	int64_t io_error_ms,
		io_grace_ms; /* status io-error: for how long, and how long that may be */
	int64_t owing_ms; /* for how long its slowest disk has answered nothing, from a second on */
	enum domain_role role;
	bool failed;         /* heartbeat's verdict on this incarnation */
	bool adopting;       /* its adoption was not completed (hv/adopt.h) */
	struct hv_error err; /* why presence is unknown, or QMP did not answer */
};

/* How a stop begins. */
enum domain_stop {
	STOP_DONE,    /* nothing runs; only the proof is left */
	STOP_ORDERED, /* power button, wait, then kill */
	STOP_RESUME,  /* the same, but it has to be resumed for it */
	STOP_KILL,    /* there is nothing to save, or nobody to ask */
};

struct domain_verdict {
	enum ocf_rc rc;
	enum domain_stop stop;
	const char *what; /* a clause: "is paused by an administrator" */
};

/* domain_judge() - What a monitor says, and how a stop begins. */
struct domain_verdict domain_judge(const struct domain_view *v);

/*
 * domain_role() - Of the lines of org.taiki.role.0 (hv/role.h): @kept, which the guest was told @told_ms ago, and
 * @last, the last that it has said; either may be NULL.  @patience_ms: how long it may take, 0: for ever.
 */
enum domain_role domain_role(const char *kept, const char *last, int64_t told_ms,
			     int64_t patience_ms);

/*
 * domain_ordered_ms() - How much of a stop's @timeout_ms the ordered shutdown
 * gets; the rest is for the kill and its proof.  @wanted_ms: the parameter
 * shutdown_timeout, 0 or less: as much as there is.
 */
int domain_ordered_ms(int timeout_ms, int wanted_ms);

/* domain_launch_rc() - The exit code for hv_launch()'s or a resolver's -errno. */
enum ocf_rc domain_launch_rc(int rc);

/* domain_adopt_from() - The parameter standby as HV_ADOPT_... (hv/adopt.h).  0 or -EINVAL. */
int domain_adopt_from(const char *text, unsigned *from);

/* One run directory, as far as it matters whose it is. */
struct domain_seen {
	const char *name;
	const char *resource; /* NULL: none */
	enum hv_presence presence;
};
enum domain_owner {
	OWNER_OTHER,  /* another resource's, or nobody's business */
	OWNER_US,     /* its run directory names this resource */
	OWNER_UNSAID, /* something runs there that no resource claims: compare names */
};
enum domain_owner domain_owner(const struct domain_seen *s, const char *resource);

/* The domains of this resource on this host; names belong to the list. */
struct domain_list {
	char **all;        /* hv_run_list()'s block */
	const char **name; /* those that are ours, the ones that run first */
	unsigned n, running;
	struct hv_error err;
};

/*
 * domain_find() - Looks through the run directories.  Only where a domain runs
 * that no resource claims, the definition is looked at for the name; where it
 * cannot be read, the resource's own name stands for it.  0, or -errno: cannot tell.
 */
int domain_find(struct domain_list *l);
void domain_list_free(struct domain_list *l);

/* domain_look() - Presence and QMP status of @name within @timeout_ms. */
void domain_look(const char *name, int timeout_ms, struct domain_view *v);

/*
 * domain_definition() - The resource's definition: decoded or read, its digest
 * compared.  *text is the caller's to free, *where names it in messages.
 * OCF_SUCCESS, or the exit code with @err.
 */
enum ocf_rc domain_definition(char **text, size_t *len, const char **where, struct hv_error *err);

/*
 * domain_config() - The same, resolved.  @c and *text (may be NULL) are the
 * caller's to free on success, and nothing is left to free otherwise.
 */
enum ocf_rc domain_config(struct hv_config *c, char **text, struct hv_error *err);

/* domain_ignores_ledger() - The parameter ledger=ignore. */
bool domain_ignores_ledger(void);

/*
 * domain_resources() - Change @c, before it is started, as the parameters memory, shares
 * ... say.  A parameter that makes no sense is logged, and shown once it runs: it is
 * no reason to leave a guest without its domain.
 */
void domain_resources(struct hv_config *c);
/* domain_resources_started() - It runs with them. */
void domain_resources_started(const char *name);
/* domain_resources_validate() - Whether all of them make sense for @c; else the exit code, reason said. */
enum ocf_rc domain_resources_validate(const struct hv_config *c);

/* domain_at_most() - @ms, or what is left of the action's timeout, less what saying it needs. */
int domain_at_most(int ms);

/* domain_already() - What start says of a domain of ours that is there: started is started. */
enum ocf_rc domain_already(const char *name);

/* domain_bring_up() - @c, whose XML is @text, runs: what waits here becomes it, or it is started cold. */
enum ocf_rc domain_bring_up(struct hv_config *c, const char *text);

enum ocf_rc domain_start(void);
enum ocf_rc domain_stop(void);
enum ocf_rc domain_monitor(void);
enum ocf_rc domain_validate(void);
enum ocf_rc domain_reload(void);

#endif
