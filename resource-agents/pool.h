/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocf:taiki:pool: the guests that wait on this host.  taiki-poold keeps them; the
 * agent starts it, asks it, and ends it and them.
 */
#ifndef POOL_AGENT_H
#define POOL_AGENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hv/daemon_control.h"

#include "ocf.h"
#include "poold/settings.h"

extern const struct hv_daemon pool_daemon;

enum pool_presence {
	POOL_ABSENT,  /* there is no daemon */
	POOL_ANSWERS, /* ours, and it answers */
	POOL_SILENT,  /* somebody has its lock and does not answer */
	POOL_FOREIGN, /* it is another pool's */
	POOL_UNKNOWN,
};

struct pool_view {
	enum pool_presence presence;
	pid_t pid;    /* 0: cannot be told */
	int error;    /* -errno */
	json_t *said; /* its answer; the caller's to json_decref() */
};

/* pool_look() - Ask the daemon @question ("look\n"), until hv_clock_ms() is @deadline. */
void pool_look(struct pool_view *v, const char *question, int64_t deadline);

/* pool_settings() - The parameters of this call; @s is the caller's to free on OCF_SUCCESS. */
enum ocf_rc pool_settings(struct pool_settings *s);

/* pool_standbys() - How many there are on this host, whoever made them; also what was left behind. */
unsigned pool_standbys(void);

/*
 * pool_end_standbys() - End them all at once, with proof, until @deadline.  What is just being
 * adopted is a domain by now, and left.  OCF_SUCCESS, or why not.
 */
enum ocf_rc pool_end_standbys(int64_t deadline);

/* pool_withdraw() - The attributes that the daemon has left. */
void pool_withdraw(int64_t deadline);

#endif
