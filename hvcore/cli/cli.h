/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv: one command a file, all in one table (main.c).
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>

#include <jansson.h>

#include "hv/config.h"
#include "hv/definition.h"
#include "hv/qmp.h"

/* Exit codes, as hv(8) documents them. */
enum {
	HV_EXIT_OK,
	HV_EXIT_FAILED,      /* the host or the domain could not do it */
	HV_EXIT_USAGE,       /* the command line makes no sense */
	HV_EXIT_NOT_RUNNING, /* no such domain, or it does not run on this host */
	HV_EXIT_REFUSED,     /* a definition is refused, or it is the cluster's to do */
	HV_EXIT_TIMEOUT,     /* not done within --timeout; it may still happen */
	HV_EXIT_UNKNOWN,     /* cannot tell */
	HV_EXIT_SQUEEZED,    /* hv plan: every loss is covered, some only at a squeeze */
	HV_EXIT_UNCOVERED,   /* hv plan: a loss is not covered */
};

enum {
	OPT_JSON = 1 << 0,
	OPT_FORCE = 1 << 1,
	OPT_TIMEOUT = 1 << 2,
	OPT_CHECK = 1 << 3,
	OPT_REMOVE = 1 << 4,
	OPT_RESOLVE = 1 << 5, /* not in the help: hv_definition_resolve()'s */
	OPT_PAUSED = 1 << 6,
	OPT_FOLLOW = 1 << 7,
	OPT_LINES = 1 << 8,
	OPT_CONFIG = 1 << 9,
	OPT_AS = 1 << 10, /* not in the help: the name a file has in messages */
	OPT_GUEST_STONITH = 1 << 11,
	OPT_RELAX = 1 << 12,
	OPT_ADOPT = 1 << 13,
	OPT_WATCH = 1 << 14,
	OPT_CIB = 1 << 16,
	OPT_LOSSES = 1 << 17,
	OPT_LOSS = 1 << 18,
	OPT_APPLY = 1 << 19,
	OPT_DRY_RUN = 1 << 20,
	OPT_REHOME = 1 << 21,
	OPT_PUBLISH = 1 << 22,
	OPT_ALL = 1 << 23,
	OPT_TO = 1 << 24,
};

struct options {
	unsigned given; /* OPT_… */
	int timeout_ms;
	unsigned lines;
	const char *config, *as, *cib, *loss, *to;
	unsigned losses;
	int64_t guest_stonith_ms;
};

struct command {
	const char *name;
	const char *arguments; /* "NAME" */
	const char *brief;     /* a line in `hv help` */
	const char *detail;    /* paragraphs in `hv NAME --help` */
	unsigned options;      /* OPT_… it takes */
	int min, max;          /* arguments */
	int timeout_s;         /* where --timeout is not given; 0: none */
	int (*run)(const struct options *o, int argc, char **argv);
};

int cmd_run(const struct options *o, int argc, char **argv);
int cmd_start(const struct options *o, int argc, char **argv);
int cmd_shutdown(const struct options *o, int argc, char **argv);
int cmd_destroy(const struct options *o, int argc, char **argv);
int cmd_reset(const struct options *o, int argc, char **argv);
int cmd_pause(const struct options *o, int argc, char **argv);
int cmd_resume(const struct options *o, int argc, char **argv);
int cmd_list(const struct options *o, int argc, char **argv);
int cmd_info(const struct options *o, int argc, char **argv);
int cmd_console(const struct options *o, int argc, char **argv);
int cmd_set(const struct options *o, int argc, char **argv);
int cmd_define(const struct options *o, int argc, char **argv);
int cmd_check(const struct options *o, int argc, char **argv);
int cmd_cluster(const struct options *o, int argc, char **argv);
int cmd_failback(const struct options *o, int argc, char **argv);
int cmd_pool(const struct options *o, int argc, char **argv);
int cmd_plan(const struct options *o, int argc, char **argv);
int cmd_ledger(const struct options *o, int argc, char **argv);
int cmd_log(const struct options *o, int argc, char **argv);
int cmd_events(const struct options *o, int argc, char **argv);

/* help_command() - What @c is for, and the options it takes.  HV_EXIT_OK. */
int help_command(const struct command *c);

/* say.c */

/* fail() - Print @err for errno @rc and return the exit code that goes with it. */
int fail(int rc, const struct hv_error *err);
/* usage() - Print a message about the command line; HV_EXIT_USAGE. */
int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* print_json() - Print @value (stolen) and return @code, or HV_EXIT_FAILED. */
int print_json(json_t *value, int code);
/* left() - Milliseconds left of --timeout since the program started, at least 1. */
int left(const struct options *o);

/* domain.c */

/* running() - HV_EXIT_OK if @name runs here; else a message and its exit code. */
int running(const char *name);
/* config_of() - The configuration a running domain was started with. */
int config_of(const char *name, struct hv_config *c, struct hv_error *err);
/* ask() - Open, one call, close.  *@ret may be NULL. */
int ask(const char *name, const char *command, json_t *args, int timeout_ms, json_t **ret,
	struct hv_error *err);
/* load_file() - hv_definition_load(); a missing file is a failure, no missing domain. */
int load_file(const char *file, struct hv_definition *d, struct hv_error *err);
/* definition_of() - Load NAME's or FILE's definition. */
int definition_of(const char *what, struct hv_definition *d, struct hv_error *err);

/* owner.c: the cluster's domains are the cluster's to start, end and change. */

/*
 * owner_allows() - HV_EXIT_OK if @what may be done to @name: no resource owns
 * it, or --force was given, which is logged.
 */
int owner_allows(const struct options *o, const char *name, const char *what);

#endif
