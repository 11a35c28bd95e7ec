/* SPDX-License-Identifier: GPL-2.0-or-later */
/* taiki-mirror: what its subcommands share. */
#ifndef MIRROR_CLI_H
#define MIRROR_CLI_H

#include <jansson.h>
#include <stdbool.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/*
 * cli_ask() - Have the daemon of resource @name execute @command with @arguments (taken over; NULL: none).
 * What it returns, the caller's; NULL: it was said on standard error why not.
 */
json_t *cli_ask(const char *name, const char *command, json_t *arguments);

/* The subcommands: exit statuses. */
int cli_create_md(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_history(int argc, char **argv);
int cli_metrics(int argc, char **argv);
int cli_up(int argc, char **argv);

/* cli_each() - Of every volume that has a daemon here, by name; the worst of what each() returns. */
int cli_each(int (*each)(void *arg, const char *name), void *arg);

/* cli_show_split() - What status says of @split, "split-brain" of volume @name's status; NULL: nothing. */
void cli_show_split(const char *name, const json_t *split);

/* cli_text() - A string of @o; "?" where there is none. */
const char *cli_text(const json_t *o, const char *key);

#endif
