/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domain's log: lines on stderr and, once opened, in RUNDIR/log:
 *
 *   2026-01-31T12:00:00.000Z hv-domain[NAME]: LEVEL: TEXT
 *
 * Any thread.  A log that cannot be written is never a reason to stop.
 */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include "hv/config.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE };
enum { LOG_FILE_MAX = 4 << 20 }; /* bytes; at the end the older half goes */

/* log_open() - Lines carry @name (kept by reference); appended to @path too unless NULL. */
int log_open(const char *name, const char *path, struct hv_error *err);
/* log_rename() - Lines carry @name (kept by reference) from now on. */
void log_rename(const char *name);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
