/* SPDX-License-Identifier: GPL-2.0-or-later */
/* taiki-heartbeat: what its subcommands share. */
#ifndef HEARTBEAT_CLI_H
#define HEARTBEAT_CLI_H

#include <jansson.h>
#include <stdbool.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/*
 * cli_ask() - Ask the daemon about @name ("": all domains).  The document is the
 * caller's; NULL: it was said on standard error why there is none.
 */
json_t *cli_ask(const char *name);

/* The subcommands: exit statuses. */
int cli_status(int argc, char **argv);
int cli_log(int argc, char **argv);
int cli_metrics(int argc, char **argv);

/* Of a document, with "" and 0 where it is not there. */
const char *cli_text(const json_t *o, const char *key);
double cli_number(const json_t *o, const char *key);

#endif
