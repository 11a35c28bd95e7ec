/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands as data: what one is called, which arguments it takes, and the
 * function that does it.  The functions run on the loop thread with the board
 * lock held, and never wait.
 */
#ifndef VMM_CONTROL_COMMAND_H
#define VMM_CONTROL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "hv/config.h"

#include "fds.h"

enum arg_type { ARG_STRING, ARG_INTEGER, ARG_BOOLEAN };
enum { COMMAND_ARGS_MAX = 24 };

struct command_arg {
	const char *name; /* NULL ends the list */
	enum arg_type type;
	bool optional;
};

/* What a connection has agreed on, and what it holds. */
struct session {
	bool negotiated;
	struct fds fds;
	uint64_t later;   /* the ticket of a command whose answer is still to come; 0: none */
	json_t *later_id; /* its "id", or NULL */
};

/* What run_in() returns when the answer comes later, to session_later(). */
enum { COMMAND_LATER = 1 };

struct command {
	const char *name; /* NULL ends the table */
	/*
	 * run() - @args is an object that holds what .args allows and nothing
	 * else.  0 with *ret, a reference ({} if it was left NULL); -errno with
	 * @err, which becomes a GenericError.
	 */
	int (*run)(const json_t *args, json_t **ret, struct hv_error *err);
	/*
	 * run_in() - In its place: a command that needs to know whose it is.  One
	 * that cannot be answered without waiting takes a ticket with
	 * session_later() and returns COMMAND_LATER; control_answer() ends it.
	 */
	int (*run_in)(struct session *s, const json_t *args, json_t **ret, struct hv_error *err);
	struct command_arg args[COMMAND_ARGS_MAX + 1];
};

extern const struct command commands[];         /* commands.c: the machine */
extern const struct command device_commands[];  /* devices.c: disks, balloon */
extern const struct command fd_commands[];      /* fds.c: descriptors that clients hand over */
extern const struct command standby_commands[]; /* standby.c: its gates, its role, its adoption */
extern const struct command limit_commands[];   /* limits.c: rate limits, memory */
extern const struct command *const command_tables[]; /* all, NULL-terminated */

/*
 * dispatch() - Execute one request, @len bytes of text, and return the reply;
 * NULL when memory ran out, or with s->later set: the answer comes later.
 */
json_t *dispatch(struct session *s, const char *text, size_t len);

/* session_later() - A ticket for the command that is running; never 0. */
uint64_t session_later(struct session *s);
/* session_reply() - The late answer: @rc 0 with @ret (stolen; NULL: {}), or -errno with @err.  NULL: no memory. */
json_t *session_reply(struct session *s, int rc, json_t *ret, const struct hv_error *err);
/* session_end() - Let go of what it holds. */
void session_end(struct session *s);

/* reply_error() - {"error": {"class": @class, "desc": @desc}, "id": @id}; @id may be NULL. */
json_t *reply_error(const char *class, const char *desc, json_t *id);

/* version_json() - What the greeting and query-version say. */
json_t *version_json(void);

#endif
