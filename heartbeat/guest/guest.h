/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-guest: beats on a virtio port, and what they report.  One thread, one
 * epoll; nothing in it waits for anything else.  Each file below is one idea:
 *
 *   options.c  what the administrator wants      job.c     a child with a deadline
 *   port.c     the port, which comes and goes    health.c  what its runs mean
 *   role.c     scripts in order                  log.c     words that block nobody
 *   rights.c   memory, priority, capabilities    main.c    the loop
 */
#ifndef TAIKI_GUEST_H
#define TAIKI_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "heartbeat/beat.h"

/* --- options.c --- */

struct options {
	const char *port;           /* a path; NULL: found by its name, BEAT_PORT */
	unsigned interval;          /* ms; what the host says replaces it */
	const char *health_command; /* for sh -c; NULL: none */
	unsigned health_interval;   /* ms, from start to start */
	unsigned health_timeout;    /* ms */
	unsigned health_failures;   /* so many in a row are reported */
	const char *role_dir;
	unsigned role_timeout; /* ms, each script */
	const char *run_dir;   /* where the role outlives a restart */
	bool lock_memory;
	bool realtime;
	bool syslog;
};

/*
 * options_get() - Defaults, the configuration file, then the command line.  Says
 * what is wrong on stderr.  -1: go on; else what to exit with (also after --help).
 */
int options_get(struct options *o, int argc, char **argv);

/* options_line() - One line of a configuration file; false: *@why says why not. */
bool options_line(struct options *o, char *line, const char **why);

/* --- log.c --- */

/* log_open() - To syslog(3)'s socket instead of stderr. */
void log_open(bool syslog);

/* say() - One line, @priority as in <syslog.h>.  Lost rather than waited for. */
__attribute__((format(printf, 2, 3))) void say(int priority, const char *format, ...);

/* --- port.c --- */

struct port {
	const char *path; /* as configured; NULL: by name */
	int fd;           /* -1: it is not there */
	int uevent, inotify;
	bool connected; /* the host listens */
	bool cut;       /* a line went out in part: the next one begins with a newline */
};

/* port_watch() - Listen for ports that come; -1 in both descriptors where nothing can tell. */
void port_watch(struct port *p);

/* port_event() - Drain @fd, one of the two; whether it is worth to call port_open(). */
bool port_event(struct port *p, int fd);

/* port_open() - 0, or why it is not there now: -ENOENT, -EBUSY, ... */
int port_open(struct port *p);
void port_close(struct port *p);

/* port_send() - All of it or (the host does not take it now) nothing of any use. */
bool port_send(struct port *p, const char *line, size_t len);

/* port_read() - Bytes that have come, 0: none now; -errno: the port is gone. */
ssize_t port_read(struct port *p, char *buf, size_t size);

/* --- job.c --- */

struct job {
	const char *what; /* for messages */
	pid_t pid;        /* 0: none; leads a process group of its own */
	int timer;        /* timerfd of its deadline */
	bool late;        /* its group was killed */
};

/* timer_open(), timer_set() - A timerfd, CLOCK_MONOTONIC; @first and @every in ms, 0: off. */
int timer_open(void);
void timer_set(int timer, unsigned first, unsigned every);

/* job_start() - Run @argv, with @timeout ms from now.  0 or -errno. */
int job_start(struct job *j, const char *const argv[], unsigned timeout);

/* job_expired() - Its timer says so: true when its group has been killed just now. */
bool job_expired(struct job *j);

/* job_ended() - Whether it has; *@status as of waitpid(). */
bool job_ended(struct job *j, int *status);

/* job_kill() - Without another word, with its group. */
void job_kill(struct job *j);

/* --- health.c --- */

struct health {
	unsigned limit; /* so many failures in a row count */
	unsigned row;   /* as many there were */
	uint64_t failures;
	enum beat_health said;
};

/* health_note() - A run has ended as @result; whether there is something new to say. */
bool health_note(struct health *h, enum beat_health result);

/* --- role.c --- */

enum { ROLE_SCRIPTS_MAX = 64, ROLE_SCRIPT_NAME_MAX = 64 };

struct roles {
	const char *dir, *run_dir;
	unsigned timeout;
	struct job job;
	char current[BEAT_ROLE_MAX + 1]; /* what beats say */
	char running[BEAT_ROLE_MAX + 1]; /* "": no scripts run */
	char wanted[BEAT_ROLE_MAX + 1];  /* to be begun after that; "": none */
	char script[ROLE_SCRIPTS_MAX][ROLE_SCRIPT_NAME_MAX];
	unsigned scripts, next;
};

/* roles_load() - The role that an earlier taiki-guest left in the run directory. */
void roles_load(struct roles *r);

/* roles_ask() - The host wants @role; true when it is the current one now. */
bool roles_ask(struct roles *r, const char *role);

/* roles_reap() - A child has ended, maybe this one's; true when there is a new current role. */
bool roles_reap(struct roles *r);

/* --- rights.c --- */

/* rights_settle() - Lock memory, raise priority, give up what is not needed; says what failed. */
void rights_settle(const struct options *o);

#endif
