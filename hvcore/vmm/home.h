/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domain's side of its run directory (hv/rundir.h): it makes the
 * directory, holds the lock for life and says who it is.
 */
#ifndef VMM_HOME_H
#define VMM_HOME_H

#include "hv/config.h"

/*
 * home_take() - Make RUN/NAME of @c, take the lock (never waits), and replace what
 * an earlier start left: intent, progress, pid, incarnation, config.json (@json).
 * definition.xml and resource are the starter's.  0, -EEXIST (the domain runs), -ECANCELED (nobody
 * reads the pipe @starter any more; -1: there is none) or -errno with @err.
 */
int home_take(const struct hv_config *c, const char *json, int starter, struct hv_error *err);

/* home_leave() - Remove what a finished domain need not leave behind; the lock goes with the process. */
void home_leave(const char *name);

#endif
