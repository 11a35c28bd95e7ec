/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing run directories. */
#ifndef HV_LIB_RUN_FILE_H
#define HV_LIB_RUN_FILE_H

#include "hv/config.h"

/* hv_run_put() - Replaces RUN/NAME/FILE in one step, or removes it where there is no @text. */
int hv_run_put(const char *name, const char *file, const char *text, struct hv_error *err);

/*
 * hv_run_rename() - RUN/FROM becomes RUN/TO in one step, and what was RUN/TO is RUN/FROM then, if
 * anything.  0 or -errno.
 */
int hv_run_rename(const char *from, const char *to, struct hv_error *err);

/*
 * hv_run_remove() - Removes RUN/NAME and everything in it, the turn last.  The caller has that (turn.h), and no
 * process is in it.  0, also if it is not there, another one removes it, or it has been made anew; or -errno.
 */
int hv_run_remove(const char *name, struct hv_error *err);

#endif
