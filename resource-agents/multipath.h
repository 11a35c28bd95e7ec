/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocf:taiki:multipath: watches dm-multipath maps through multipathd, which builds them and keeps
 * them.  It says what is left of a map's paths, and sees to it that I/O without any
 * path fails at some time instead of waiting for ever, so that a domain on it can be stopped.
 */
#ifndef MULTIPATH_AGENT_H
#define MULTIPATH_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocf.h"
#include "path_publish.h"

enum {
	MULTIPATH_NAME = 128, /* bytes of a map's name, the final NUL included */
	MULTIPATH_MAPS = 32,  /* of one resource */
	MULTIPATH_REPLY_MAX = 1 << 20,
};

/* What I/O does while there is no path. */
enum multipath_queueing {
	MULTIPATH_FAILS,
	MULTIPATH_WAITS_BOUNDED, /* no_path_retry is a number */
	MULTIPATH_WAITS,         /* no_path_retry queue: for ever */
};

struct multipath_path {
	char dev[32]; /* "sda" */
	bool works;   /* I/O may go this way; a passive controller's does */
};

struct multipath_map {
	enum multipath_queueing queueing;
	bool suspended; /* nothing passes while its table is changed */
	struct multipath_path path[PATHS_MAX];
	unsigned n, working;
};

/* ---- multipath_read.c: pure ---- */

/* multipath_name_ok() - Whether @name can be a map's: it stands in commands and in file names. */
bool multipath_name_ok(const char *name);

/* multipath_names() - The maps in @text, between blanks.  How many; -EINVAL: a bad name, none, too many, or one twice. */
int multipath_names(const char *text, char name[MULTIPATH_MAPS][MULTIPATH_NAME]);

/*
 * multipath_read() - multipathd's answer to "show map NAME json".  0; -ENOENT: it has no such map;
 * -EAGAIN: it had no time; -EPROTO: it makes no sense.
 */
int multipath_read(const char *text, size_t len, const char *name, struct multipath_map *m);

/* ---- multipath_sysfs.c ---- */

/*
 * multipath_sysfs() - What the kernel itself says of the map below @root ("/sys"), where multipathd
 * does not answer: its paths, and whether their devices are there.  0, -ENOENT, -errno.
 */
int multipath_sysfs(const char *root, const char *name, struct multipath_map *m);

/* ---- multipath_ask.c ---- */

/*
 * multipath_ask() - Say @command to multipathd at @socket (a path; "@NAME" is abstract) and read the
 * answer into *reply, NUL-terminated, the caller's to free.  0, -EPERM (whoever listens there is
 * not root), -ETIMEDOUT at @deadline (hv_clock_ms()), -EMSGSIZE, -errno.
 */
int multipath_ask(const char *socket, const char *command, int64_t deadline, char **reply,
		  size_t *len);

/* ---- multipath_judge.c: pure ---- */

struct multipath_limits {
	unsigned wanted, minimum;
	int64_t grace_ms; /* fewer than the minimum is degraded for so long, then failed */
	int64_t queue_ms; /* without a path I/O waits at most so long; 0: as long as it takes */
};

/* What is remembered of a map between two looks. */
struct multipath_past {
	int64_t short_since; /* ocf_now_ms() since which there are fewer than the minimum; 0: there are not */
	int64_t none_since; /* ... since which there is none */
	bool unqueued;      /* we had its I/O fail */
};

enum multipath_act {
	MULTIPATH_NOTHING,
	MULTIPATH_UNQUEUE, /* have its I/O fail */
	MULTIPATH_REQUEUE, /* have it wait again, as it is configured */
};

struct multipath_verdict {
	enum ocf_rc rc;
	enum multipath_act act;
	const char *what; /* a clause */
};

/*
 * multipath_judge() - What @m with @up paths that count amounts to at @now; takes the times into @past.
 * The act is to be done by the caller, who says in @past whether it was.
 */
struct multipath_verdict multipath_judge(const struct multipath_map *m, unsigned up,
					 const struct multipath_limits *l,
					 struct multipath_past *past, int64_t now);

/* ---- multipath_past.c: what is kept in RUN/.paths/multipath@RESOURCE; that it is there means started ---- */

struct multipath_memory {
	char name[MULTIPATH_MAPS][MULTIPATH_NAME];
	struct multipath_past past[MULTIPATH_MAPS];
	unsigned n;
};

/* multipath_recall() - False: there is none.  multipath_remember(), multipath_forget() - 0 or -errno. */
bool multipath_recall(struct multipath_memory *m, const char *resource);
int multipath_remember(const struct multipath_memory *m, const char *resource);
int multipath_forget(const char *resource);

/* multipath_memory_parse(), ..._print() - As text; pure.  What cannot be read is not there. */
void multipath_memory_parse(struct multipath_memory *m, const char *text);
size_t multipath_memory_print(const struct multipath_memory *m, char *out, size_t size);

/* ---- multipath_watch.c ---- */

struct multipath_settings {
	char name[MULTIPATH_MAPS][MULTIPATH_NAME];
	unsigned n;
	struct multipath_limits limits;
	int hold_ms, dampen_ms;
	const char *socket; /* NULL: the usual ones */
};

/* multipath_deadline() - hv_clock_ms() until which the action may take, less what saying how it went needs. */
int64_t multipath_deadline(void);

/* multipath_look() - Ask multipathd for one map; as multipath_ask() and multipath_read(). */
int multipath_look(const struct multipath_settings *s, const char *name, struct multipath_map *m);

/*
 * multipath_check_all() - Look at each map, publish, judge, act and remember.  The worst of the maps'
 * exit codes, reasons said.  @always: publish also what was published last.
 */
enum ocf_rc multipath_check_all(const struct multipath_settings *s,
				const struct multipath_memory *before, bool always);

/* multipath_leave() - The map is no longer watched: nothing of ours stays with it. */
void multipath_leave(const struct multipath_settings *s, const char *name,
		     struct multipath_past *past);

#endif
