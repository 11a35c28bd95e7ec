/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every OCF resource agent needs (OCF Resource Agent API 1.1): the
 * environment it is called in, its answer, and metadata made from the same
 * tables that drive it.
 */
#ifndef OCF_H
#define OCF_H

#include <stdbool.h>
#include <stdint.h>

enum ocf_rc {
	OCF_SUCCESS = 0,
	OCF_ERR_GENERIC = 1,
	OCF_ERR_ARGS = 2, /* a parameter is wrong on this host */
	OCF_ERR_UNIMPLEMENTED = 3,
	OCF_ERR_PERM = 4,
	OCF_ERR_INSTALLED = 5,  /* this host cannot run it */
	OCF_ERR_CONFIGURED = 6, /* wrong on every host: Pacemaker tries no other */
	OCF_NOT_RUNNING = 7,
	OCF_RUNNING_PROMOTED = 8,
	OCF_FAILED_PROMOTED = 9,
	OCF_DEGRADED = 190, /* runs, but look at it: shown, not recovered */
};

enum ocf_type { OCF_STRING, OCF_INTEGER, OCF_BOOLEAN };

struct ocf_parameter {
	const char *name; /* NULL ends the table */
	enum ocf_type type;
	bool required, unique;
	bool reloadable;      /* changing it does not restart the resource */
	const char *fallback; /* the default, or NULL */
	const char *shortdesc, *longdesc;
};

enum ocf_role { OCF_ANY_ROLE, OCF_PROMOTED, OCF_UNPROMOTED };

struct ocf_action {
	const char *name;         /* NULL ends the table */
	enum ocf_rc (*run)(void); /* NULL: the library does it (meta-data) */
	unsigned timeout;         /* seconds: the hint, and what holds where Pacemaker gives none */
	unsigned interval;        /* seconds, 0: not recurring */
	bool since_1_1;           /* not part of the 1.0 API */
	enum ocf_role role;       /* a monitor of one role */
};

struct ocf_agent {
	const char *name, *version;
	const char *shortdesc, *longdesc;
	const struct ocf_parameter *parameters;
	const struct ocf_action *actions;
};

/* ocf_main() - Runs the action argv[1]; returns the exit status. */
int ocf_main(const struct ocf_agent *agent, int argc, char **argv);

/* ocf_param() - The value of parameter @name, else its default, else NULL.  Empty is not given. */
const char *ocf_param(const char *name);

/* ocf_param_given() - Whether @name was given a value that is not its default. */
bool ocf_param_given(const char *name);

/* ocf_param_true() - A boolean as Pacemaker's users write them: yes, true, 1, on, y. */
bool ocf_param_true(const char *name);

/* ocf_param_seconds() - "90", "90s", "2m", "1500ms" in milliseconds; -1 where it is no such thing. */
int ocf_param_ms(const char *name);

/* ocf_parse_ms() - The same of @text. */
int ocf_parse_ms(const char *text);

/* ocf_instance() - The resource's name, without a clone's number.  "" outside of everything. */
const char *ocf_instance(void);

/* ocf_is_clone() - Whether Pacemaker runs this as (part of) a clone. */
bool ocf_is_clone(void);

/* ocf_is_probe() - A monitor that asks what is there, instead of whether it is still well. */
bool ocf_is_probe(void);

/* ocf_check_level() - OCF_CHECK_LEVEL, 0 if not given. */
int ocf_check_level(void);

/* ocf_timeout_ms() - What the action was given in all. */
int ocf_timeout_ms(void);
/* ocf_left_ms() - What is left of that; never negative. */
int ocf_left_ms(void);
/* ocf_now_ms() - CLOCK_MONOTONIC. */
int64_t ocf_now_ms(void);

/*
 * ocf_exit_reason() - One sentence that `crm_mon` and `pcs status` show beside
 * a failure; the last one counts.  Returns @rc.
 */
enum ocf_rc ocf_exit_reason(enum ocf_rc rc, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ocf_daemon_rc() - The exit code for what hv_daemon_spawn() returned. */
enum ocf_rc ocf_daemon_rc(int rc);

/* ocf_log() - One line for Pacemaker's log. */
void ocf_log(const char *level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ocf_metadata() - Prints it.  @minor: of the API's version 1.x that the caller speaks. */
void ocf_metadata(const struct ocf_agent *agent, int minor);

/* ocf_use() - What ocf_main() does first; for tests. */
void ocf_use(const struct ocf_agent *agent, const struct ocf_action *action);

#endif
