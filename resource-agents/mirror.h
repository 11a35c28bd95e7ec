/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocf:taiki:mirror: a volume in two places, a promotable clone.  taiki-mirrord keeps it; the agent
 * starts it, asks it, promotes, demotes and ends it.
 */
#ifndef MIRROR_AGENT_H
#define MIRROR_AGENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hv/daemon_control.h"
#include "mirror/place.h"

#include "ocf.h"

extern const struct ocf_parameter mirror_parameters[];

/* Promotion scores of an UpToDate disk, the worse first; see mirror_score(). */
enum mirror_score_of { MIRROR_CONSISTENT, MIRROR_LONE, MIRROR_GOOD, MIRROR_SCORES };

enum { MIRROR_NO_SCORE = -1, MIRROR_SCORE_MAX = 1000000, MIRROR_ENDPOINT = 80 };

/* The parameters of this call; strings are the environment's. */
struct mirror_settings {
	const char *resource; /* the volume's name */
	const char *config;   /* the drbd.conf that describes it; NULL: parameters do */
	char local[MIRROR_ENDPOINT],
		peer[MIRROR_ENDPOINT]; /* ADDRESS:PORT; empty: not this host's */
	int score[MIRROR_SCORES];
};

/* mirror_settings() - Read and check them.  OCF_SUCCESS, or why not. */
enum ocf_rc mirror_settings(struct mirror_settings *s);

/*
 * mirror_hosts() - Find @node and the other one in @text, "NODE=ADDRESS:PORT NODE=ADDRESS:PORT" (or a comma between); pure.
 * 0 with both ends, 1 where @node is not among them, -EINVAL where that is not what it says.
 */
int mirror_hosts(const char *text, const char *node, char local[MIRROR_ENDPOINT],
		 char peer[MIRROR_ENDPOINT]);

/* mirror_scores() - "0 1000 10000" into @out; pure.  0 or -EINVAL. */
int mirror_scores(const char *text, int out[MIRROR_SCORES]);

/* What a daemon says of its volume, in DRBD's words. */
struct mirror_state {
	const char *role, *connection, *disk, *peer_disk;
};

/*
 * mirror_score() - How good this host is to be promoted: MIRROR_NO_SCORE where its data must not be used.
 * Pure.
 */
int mirror_score(const struct mirror_state *s, const int score[MIRROR_SCORES]);

/* mirror_connected() - Whether the peer is there. */
bool mirror_connected(const struct mirror_state *s);

enum mirror_presence {
	MIRROR_ABSENT,  /* there is no daemon */
	MIRROR_ANSWERS, /* there is, and it answers */
	MIRROR_SILENT,  /* somebody has its lock and does not answer */
	MIRROR_UNKNOWN,
};

struct mirror_view {
	enum mirror_presence presence;
	pid_t pid; /* 0: cannot be told */
	int error; /* -errno */
	struct mirror_state state;
	json_t *said; /* what @state points into; the caller's to json_decref() */
};

/* mirror_look() - Ask the daemon of @resource for its state, until hv_clock_ms() is @deadline. */
void mirror_look(struct mirror_view *v, const char *resource, int64_t deadline);

/*
 * mirror_conf_up() - Start the volume that s->config describes.  mirror_conf_check() - Whether it describes it
 * on this host.
 */
enum ocf_rc mirror_conf_up(const struct mirror_settings *s, int64_t deadline);
enum ocf_rc mirror_conf_check(const struct mirror_settings *s, int64_t deadline);

/* mirror_spawn() - Start it, and wait until it is ready.  mirror_end() - End it, with proof: 0 or -errno. */
enum ocf_rc mirror_spawn(const struct mirror_settings *s, int64_t deadline);
int mirror_end(const char *resource, pid_t pid, int64_t deadline);

/*
 * mirror_publish() - Have Pacemaker know @score (MIRROR_NO_SCORE: take it back).  @always: also where it
 * is what was said last.  What cannot be said is logged; the next monitor tries again.
 */
void mirror_publish(const char *resource, int score, bool always, int64_t deadline);

#endif
