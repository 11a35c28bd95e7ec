/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-guest: beats on one virtio port, and what they report; on another the role
 * that the host gives.  One thread, one epoll; nothing in it waits for anything
 * else.  Each file below is one idea:
 *
 *   options.c  what the administrator wants      job.c     a child with a deadline
 *   port.c     a port, which comes and goes      health.c  what its runs mean
 *   channel.c  ... and its timer                 log.c     words that block nobody
 *   role.c     scripts in order                  rights.c  memory, priority, capabilities
 *   keep.c     the role outlives a restart       disks.c   partitions of disks that open
 *   agent.c    QEMU's guest agent's port, if it  vcpus.c   processors on and off
 *              is wanted (agent.h)               main.c    the loop
 */
#ifndef TAIKI_GUEST_H
#define TAIKI_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "heartbeat/beat.h"
#include "hv/role.h"

/* --- options.c --- */

struct options {
	const char *port;           /* a path; NULL: found by its name, BEAT_PORT */
	const char *role_port;      /* the same, HV_CHANNEL_ROLE */
	unsigned interval;          /* ms; what the host says replaces it */
	const char *health_command; /* for sh -c; NULL: none */
	unsigned health_interval;   /* ms, from start to start */
	unsigned health_timeout;    /* ms */
	unsigned health_failures;   /* so many in a row are reported */
	const char *role_dir;
	unsigned role_timeout;  /* ms, each script */
	const char *run_dir;    /* where the role outlives a restart */
	bool agent;             /* serve QEMU's guest agent's port as well */
	const char *agent_port; /* the same as port */
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
	const char *name; /* on the host's side */
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

/* --- main.c --- */

/* loop_watch() - From now on @fd's events of @what are handled; false: errno says why not. */
bool loop_watch(int fd, uint32_t what);

/* loop_again() - An edge that was not used up comes once more. */
void loop_again(int fd, uint32_t what);

/* --- channel.c --- */

struct channel {
	struct port port;
	int timer;        /* while the port is not there: to look for it */
	unsigned every;   /* ms; while it is: to call connected() again, 0: not */
	int last_failure; /* of port_open(): said once */
	void (*opened)(void);
	void (*connected)(void); /* the host has begun to listen */
	void (*heard)(const char *data, size_t len);
};

/* channel_watch() - Its descriptors into the loop; false: errno says why not. */
bool channel_watch(struct channel *c);

/* channel_open() - Now, or whenever its port is there. */
void channel_open(struct channel *c);

/* channel_handle() - Events of @fd; false: it is none of @c's. */
bool channel_handle(struct channel *c, int fd, uint32_t what);

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

/* job_start() - Run @argv in @env, with @timeout ms from now.  0 or -errno. */
int job_start(struct job *j, const char *const argv[], char *const env[], unsigned timeout);

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
	char current[HV_ROLE_MAX + 1]; /* what beats say */
	uint64_t seq;                  /* of the last order that was done in this boot; 0: none */
	uint32_t sum;                  /* its CRC: another order may have the same number */
	struct hv_role running;        /* .role "": none */
	struct hv_role wanted;         /* to be begun after that; .role "": none */
	bool disks;                    /* what runs is not a script yet, but disks_read() */
	char script[ROLE_SCRIPTS_MAX][ROLE_SCRIPT_NAME_MAX];
	unsigned scripts, next;

	/* What is to be told; whoever tells it, clears it. */
	bool changed;    /* there is something new to say about the current role */
	uint64_t ended;  /* the seq of an order that has ended; 0: none */
	unsigned status; /* how; 0: well */
};

/* roles_ask() - The host wants @role (in the beats' channel: without data, or an answer). */
void roles_ask(struct roles *r, const char *role);

/* roles_order() - The host gives a role: @order is of HV_ROLE_ROLE. */
void roles_order(struct roles *r, const struct hv_role *order);

/* roles_reap() - A child has ended, maybe this one's. */
void roles_reap(struct roles *r);

/* --- environment.c --- */

/* role_environment() - This process's, with the role and its data in it; good until the next call. */
char *const *role_environment(const struct hv_role *role);

/* --- keep.c --- */

/* keep_save() - The current role into the run directory: for whoever reads it, and for keep_load(). */
void keep_save(const struct roles *r);

/* keep_load() - It back; "none" where there is none, and where it is of an earlier boot. */
void keep_load(struct roles *r);

/* --- disks.c --- */

/* The word with which taiki-guest runs itself for disks_read(). */
#define DISKS_READ "--read-disks"

/*
 * disks_read() - Read the partitions of virtio disks that have none yet, in a program of its
 * own; @wait: a little, for a disk without capacity to get one.  Its exit status.
 */
int disks_read(bool wait);

/* --- rights.c --- */

/* rights_settle() - Lock memory, raise priority, give up what is not needed; says what failed. */
void rights_settle(const struct options *o);

#endif
