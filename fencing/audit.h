/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log of fencing: every request and every outcome, one JSON object a line.
 *
 *   {"time": "2026-01-31T12:00:00.123456Z", "event": "outcome", "door": "channel",
 *    "who": "domain db1 (channel)", "op": "off", "target": "db2", "id": "0001…0f",
 *    "incarnation": "…", "result": "done", "text": "…", "us": 41250}
 *
 * A line is one write() to a file opened for appending, so that lines of two writers
 * do not mix.  When the file is moved away or removed, the next line begins a new one.  It is not synced: what fences must not wait for a disk, and the kernel
 * writes it within seconds.  When it cannot be written, fencing goes on; the line goes
 * to the system's log instead, and so does, once, that and why the file fails.
 */
#ifndef TAIKI_FENCE_AUDIT_H
#define TAIKI_FENCE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "fencing/message.h"

#define AUDIT_PATH "/var/log/taiki/fence.log"

enum audit_event {
	AUDIT_REQUEST, /* it was handed to the daemon */
	AUDIT_OUTCOME, /* it was answered by the daemon */
	AUDIT_REPEAT,  /* it was asked before: answered from memory, or still open */
	AUDIT_REFUSED, /* the door refused it, or who stood at the door */
};

struct audit_line {
	enum audit_event event;
	const char *door, *who;
	const struct fence_request *asked; /* NULL: it did not come to a request */
	int result;                        /* enum fence_result; -1: none yet */
	const char *incarnation;           /* NULL: not known */
	const char *text;                  /* NULL: none */
	int64_t us;                        /* from request to outcome; -1: none yet */
	uint64_t untold;                   /* refusals before this one that were not logged */
};

/*
 * audit_open() - Log to @path; NULL: $TAIKI_FENCE_LOG, or AUDIT_PATH.  Its directory is made.
 * 0 or -errno; with an error everything still works, and goes to the system's log.
 */
int audit_open(const char *path);
/* audit_reopen() - Open it anew (SIGHUP); as audit_open(). */
int audit_reopen(void);
void audit_write(const struct audit_line *l);
void audit_close(void);

/* audit_format() - The line for @l at @when (CLOCK_REALTIME, µs), with its newline; free() it.  NULL: no memory. */
char *audit_format(const struct audit_line *l, int64_t when_us);

/*
 * audit_clean() - @text into @out (cut to @size with its NUL), with everything but printable
 * ASCII, and the backslash, as \xNN.  Returns @out.
 */
char *audit_clean(char *out, size_t size, const char *text);

#endif
