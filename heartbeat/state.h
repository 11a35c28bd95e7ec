/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must outlive the daemon about a domain: RUN/NAME/heartbeat, text,
 * versioned, with a checksum.  Times are CLOCK_BOOTTIME nanoseconds (the run directory
 * does not outlive a boot).
 *
 *   taiki-heartbeat 1
 *   incarnation UUID
 *   boot 81234000000        when its guest was started or reset last
 *   beaten 1                it has beaten since
 *   goodbye 0               ... and then taken its leave
 *   reported 0              Pacemaker was told of this incarnation
 *   reset 80234000000       a reset in place; a line each, oldest first
 *   crc 89abcdef            CRC-32 of all before this line
 */
#ifndef HEARTBEAT_STATE_H
#define HEARTBEAT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

enum { STATE_RESETS_MAX = 32, STATE_TEXT_MAX = 2048 };

struct state {
	char incarnation[INCARNATION_MAX];
	int64_t boot;
	bool beaten, goodbye, reported;
	int64_t reset[STATE_RESETS_MAX]; /* the last ones, oldest first */
	unsigned nresets;
};

/* state_format() - Into @out; its length. */
size_t state_format(char out[STATE_TEXT_MAX], const struct state *s);

/* state_parse() - 0, -EINVAL (not one, or of another version), -EBADMSG (checksum); @s is as it was then. */
int state_parse(const char *text, size_t len, struct state *s);

/* state_read(), state_write() - The file of the domain @name.  0, -ENOENT, -errno. */
int state_read(const char *name, struct state *s);
int state_write(const char *name, const struct state *s);

/* state_note_reset() - One more; the oldest makes room. */
void state_note_reset(struct state *s, int64_t when);

/* state_now() - CLOCK_BOOTTIME, ns. */
int64_t state_now(void);

#endif
