/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fence_taiki: a fence agent (FenceAgentAPI.md of fence-agents) that asks the hypervisor.
 *
 *   options   what Pacemaker wrote to stdin, or a person on the command line
 *   action    what is to be done, and what the exit status says of it
 *   ask       one request and its reply, over as many connections as it takes
 *   link      one connection: a virtio port, or the TLS helper's socket
 *
 * It runs in guests of any kind, so it needs no library but libc and is linked
 * statically.  TLS is a program of its own (fence_taiki_tls), so that a guest
 * that fences through its channel needs no GnuTLS.
 */
#ifndef TAIKI_FENCE_AGENT_H
#define TAIKI_FENCE_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fencing/message.h"

/* FenceAgentAPI: "off" is the only action that is not 0 or 1. */
enum { AGENT_OK = 0, AGENT_FAILED = 1, AGENT_OFF = 2 };

enum option_id {
	OPT_ACTION,
	OPT_PLUG,
	OPT_PORT, /* what plug was called before, as ipaddr, debug */
	OPT_TRANSPORT,
	OPT_DEVICE,
	OPT_IP,
	OPT_IPADDR,
	OPT_IPPORT,
	OPT_IDENTITY,
	OPT_KEY_FILE,
	OPT_PSK,
	OPT_DELAY,
	OPT_LOGIN_TIMEOUT,
	OPT_POWER_TIMEOUT,
	OPT_POWER_WAIT,
	OPT_SHELL_TIMEOUT,
	OPT_SEPARATOR,
	OPT_VERBOSE,
	OPT_QUIET,
	OPT_DEBUG,
	OPT_DEBUG_FILE,
	OPT_VERSION,
	OPT_HELP,
	OPT_COUNT,
};

enum option_type { TYPE_STRING, TYPE_SECOND, TYPE_INTEGER, TYPE_BOOLEAN, TYPE_SELECT };

/* One parameter, for stdin, command line, metadata and manual at once. */
struct option_def {
	const char *name; /* on stdin; on the command line with - for _ */
	char letter;      /* 0: none */
	const char *arg;  /* what its argument is called; NULL: a flag */
	enum option_type type;
	const char *initial;   /* NULL: none */
	const char *choice[4]; /* TYPE_SELECT */
	int same_as;           /* deprecated: it sets this option; else -1 */
	const char *text;
};

extern const struct option_def option_defs[OPT_COUNT];

/* What was asked of us.  Strings are the caller's (argv) or in `text`. */
struct options {
	const char *value[OPT_COUNT];
	char *text; /* stdin; free() it */
};

/*
 * options_read() - The last value of each key on @in; unknown keys and comments are passed over.
 * 0, or -EFBIG (more than 64 KiB), -EIO, -ENOMEM.
 */
int options_read(struct options *o, FILE *in);
/* options_parse() - A command line.  0; -EINVAL: said on stderr. */
int options_parse(struct options *o, int argc, char **argv);
/* options_get() - Its value, or its initial one, or NULL. */
const char *options_get(const struct options *o, enum option_id opt);
bool options_flag(const struct options *o, enum option_id opt);
/* options_ms() - A number of seconds, in milliseconds; -1: it is none (0 to a day). */
int64_t options_ms(const struct options *o, enum option_id opt);
/* options_wrong() - What is wrong with them for @action, into @out; false: nothing. */
bool options_wrong(const struct options *o, const char *action, bool needs_plug, char *out,
		   size_t size);

void agent_help(FILE *out);
void agent_metadata(FILE *out);
void agent_manual(FILE *out);

/* say() - To stderr unless quiet, and to the debug file.  detail(): with verbose only. */
void agent_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void agent_detail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void agent_log_open(const struct options *o);

int64_t agent_now_ms(void);
void agent_sleep_ms(int64_t ms);

/* A connection to who answers.  -1 and negative errno alike mean it is not there. */
struct agent_link {
	const struct options *options;
	int fd;            /* -1: none */
	int helper;        /* the TLS helper's process; 0: none */
	char problem[256]; /* why the last attempt failed */
};

/*
 * link_open() - One attempt, until @deadline.  0; -EBUSY: another agent has the port;
 * -errno, with the reason in problem.
 */
int link_open(struct agent_link *l, int64_t deadline);
void link_close(struct agent_link *l);
int link_open_channel(struct agent_link *l, int64_t deadline);
int link_open_tls(struct agent_link *l, int64_t deadline);
/* link_find_port() - The device of FENCE_PORT; -ENODEV: this guest has none. */
int link_find_port(char *out, size_t size);

/*
 * agent_ask() - Ask @r (its id is made here) over @link for at most @timeout_ms, again over a
 * new connection with the same id whenever one breaks.  0 with *@reply (fence_reply_free()), and
 * the connection is kept for the next question; -ETIMEDOUT, -errno: said on stderr.
 */
int agent_ask(struct agent_link *link, struct fence_request *r, int64_t timeout_ms,
	      struct fence_reply *reply);

/* agent_act() - Do what was asked; the exit status. */
int agent_act(const struct options *o);

#endif
