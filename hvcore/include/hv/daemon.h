/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Taiki's daemons (taiki-heartbeatd, taiki-fenced) have in common: that there is one of
 * each, their log, what systemd is told, the rights they give up, and the process that
 * keeps a worker of theirs alive.
 *
 * Each part is a file of its own (daemon_*.c) and none has locks: one thread calls them.
 */
#ifndef HV_DAEMON_H
#define HV_DAEMON_H

#include <stdint.h>
#include <sys/types.h>
#include <syslog.h>

#include "hv/config.h"

/*
 * hv_daemon_lock() - Become the one taiki-@name of this run root, for life: RUN/.NAME.lock is
 * locked (OFD, whole file, write), holds our process id, decimal, for who must end us though
 * we do not answer, and stays open in us and in what we fork without exec.  RUN is made
 * if it is not there.  @does is what one does with a run root, for the message ("serves").
 * 0; -EEXIST: another holds it; or another -errno; @err says which.
 */
int hv_daemon_lock(const char *name, const char *does, struct hv_error *err);

/*
 * The log: standard error, for the journal (syslog's level is put before each line if
 * $JOURNAL_STREAM is set) or whoever started the daemon (time, name and process are put before
 * it).  A reader that does not read costs lines (counted), never time.
 */

/* hv_log_init() - @who (kept, not copied) begins lines; those less important than @level are left out. */
void hv_log_init(const char *who, int level);

/* hv_log_line() - One line of @level (syslog's), written at once or lost. */
void hv_log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* hv_log_lost() - How many lines nobody took. */
uint64_t hv_log_lost(void);

/* What systemd is told: sd_notify(3)'s protocol, a datagram to $NOTIFY_SOCKET. */

/*
 * hv_notify_open() - Once, before rights are dropped; takes the variable out of the
 * environment.  Without it nothing is ever told.
 */
void hv_notify_open(void);

/* hv_notify_say() - "READY=1", "STATUS=...", "STOPPING=1"; what cannot be sent at once is lost. */
void hv_notify_say(const char *what);

/*
 * hv_notify_alive() - Feed the watchdog if that is due: every third of $WATCHDOG_USEC.
 * Returns nanoseconds until it is due again; 0: nobody waits for it.
 */
uint64_t hv_notify_alive(void);

/*
 * hv_privilege_drop() - Keep the @n capabilities of @keep (linux/capability.h) and no
 * other, for good: also in the bounding set, and no program can give more (no_new_privs).
 * 0 or -errno; as a user without capabilities there is nothing to drop.
 */
int hv_privilege_drop(const int *keep, unsigned n);

/*
 * hv_become() - What a worker does first: become @user and its group, of no other group, keep
 * no capability, and be killed when @parent ends (_exit(0) if it has ended already).
 * Who is not root stays who it is.  0; -ENOENT: there is no such user; or another -errno; @err
 * says what was refused, and the caller is to end.
 */
int hv_become(const char *user, pid_t parent, struct hv_error *err);

/* hv_signals_fresh() - For a child about to exec: every signal as a program expects it, none blocked. */
void hv_signals_fresh(void);

/*
 * A keeper: a process between a daemon and its worker that makes the worker, and another
 * when it ends with anything but status 0 (by which it says that the daemon has closed its end).
 *
 *   daemon ◄── socketpair, one message a packet ──► worker      keeper: waits for its end
 *
 * It keeps CAP_SETUID and CAP_SETGID, for its workers to become somebody else, and is
 * killed when the daemon ends.
 */
struct hv_keeper {
	const char *name; /* of the keeper's process, up to 15 bytes */
	const char *what; /* the worker, for the log: "helper" */
	/*
	 * worker() - In a new process, @keeper's child, with its end of the socketpair (non-blocking,
	 * close-on-exec): returns its exit status, or runs another program.  See hv_become().
	 */
	int (*worker)(int fd, pid_t keeper);
};

/*
 * hv_keeper_start() - Fork the keeper @k (the caller's, needed during the call only: the
 * keeper has a copy of everything).  Call it before there are threads and locked memory.
 * The daemon's end (SEQPACKET, non-blocking, close-on-exec), the caller's to close; or -errno.
 */
int hv_keeper_start(const struct hv_keeper *k);

#endif
