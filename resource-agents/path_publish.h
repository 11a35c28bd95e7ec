/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redundant paths of a host - the links of a bond, the paths of a multipath map: which of them count, and
 * the node's attributes that tell the cluster how many do: taiki-KIND-NAME (up) and
 * taiki-KIND-NAME-wanted.
 *
 * A path that has failed counts again only when it has worked for a while without a break ("hold"), so
 * that one that comes and goes moves nobody to and fro; one that is seen for the first time counts at once.
 *
 * What is known of each, and what was told last, is kept in RUN/.paths/KIND-NAME, so that a
 * monitor runs no program where nothing has changed.
 */
#ifndef PATH_PUBLISH_H
#define PATH_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PATH_ID = 64,        /* bytes of a path's name, the final NUL included */
	PATHS_MAX = 256,     /* in a bond or a map */
	PATH_NOT_TOLD = -1,  /* of struct path_told */
	PATH_SINCE_EVER = 0, /* of struct path_known: it works since it was first seen */
	PATH_NOT_SINCE = -1, /* it does not work */
};

/* One path, as it is now. */
struct path_seen {
	const char *id; /* without blanks; shorter than PATH_ID */
	bool works;
	/* Grows whenever it fails, so that a failure between two looks is seen too; 0 where nobody counts. */
	uint64_t failures;
};

/* ... and as it is remembered. */
struct path_known {
	char id[PATH_ID];
	uint64_t failures;
	int64_t since; /* ocf_now_ms() since which it works, PATH_SINCE_EVER or PATH_NOT_SINCE */
};

struct path_told {
	int up, wanted; /* PATH_NOT_TOLD: nothing was */
};

struct path_record {
	struct path_known path[PATHS_MAX];
	unsigned n;
	struct path_told told;
};

/* ---- path_hold.c: pure ---- */

/*
 * path_hold() - Take @n paths as they are at @now into @r; @counts[i] says whether seen[i] counts.  What
 * is no longer there is forgotten.  How many count.  Beyond PATHS_MAX none does.
 */
unsigned path_hold(struct path_record *r, const struct path_seen *seen, unsigned n, int64_t now,
		   int64_t hold_ms, bool *counts);

/* path_record_print() - As text, NUL-terminated, the caller's to free; NULL: no memory. */
char *path_record_print(const struct path_record *r);

/* path_record_parse() - The same back.  What cannot be read is as if it had never been written. */
void path_record_parse(struct path_record *r, const char *text);

/* ---- path_publish.c ---- */

/* What is published about, and how. */
struct path_subject {
	const char *kind, *name; /* "bond", "bond0" */
	int dampen_ms; /* attrd waits so long for more changes before it tells the cluster */
};

/* path_recall() - What is kept of @s; nothing where nothing can be read. */
void path_recall(struct path_record *r, const struct path_subject *s);

/* path_remember() - Keep @r.  What cannot be kept is logged: hysteresis then begins anew. */
void path_remember(const struct path_record *r, const struct path_subject *s);

/*
 * path_publish() - Have the cluster know, unless it was told so last; @always: all the same, and without
 * dampening (a start's, a probe's).  What cannot be told is logged, and @r says so: the next call
 * tries again.  Call path_remember() after it.
 */
void path_publish(struct path_record *r, const struct path_subject *s, unsigned up, unsigned wanted,
		  bool always, int64_t deadline);

/* path_withdraw() - Take both attributes back, where anything is kept, and forget it. */
void path_withdraw(const struct path_subject *s, int64_t deadline);

/* path_forget() - Forget what is kept: the next look is the first. */
void path_forget(const struct path_subject *s);

#endif
