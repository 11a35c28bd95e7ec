/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's own log: standard error, for the journal or whoever started it.
 * A reader that does not read costs lines (counted), never time.
 */
#ifndef HEARTBEAT_LOG_H
#define HEARTBEAT_LOG_H

#include <stdint.h>
#include <syslog.h>

/* log_init() - @who begins each line; lines less important than @level are left out. */
void log_init(const char *who, int level);

/* log_line() - One line of @level (syslog's), written at once or lost. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* log_lost() - How many lines nobody took. */
uint64_t log_lost(void);

#endif
