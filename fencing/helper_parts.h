/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the helper's worker, each with one library of Pacemaker's.
 */
#ifndef TAIKI_FENCE_HELPER_PARTS_H
#define TAIKI_FENCE_HELPER_PARTS_H

#include "fencing/helper.h"

/* worker_tell() - Send @m to the daemon. */
void worker_tell(struct helper_message *m);

/* cib_mark() - Write (@off) or lift the mark, and wait until the cluster has it.  0, -errno and @text. */
int cib_mark(const char *resource, const char *by, bool off, uint32_t timeout_ms, char *text,
	     size_t size);

/* settle() - worker_tell() an answer to @m when the DC's controller is idle, or at its deadline. */
void settle(const struct helper_message *m);

/* history_start() - Hear the fencer from now on, and again after each loss. */
void history_start(void);

/* cib_has_fabric() - Whether a fence device of the cluster leaves the power on. */
bool cib_has_fabric(void);

#endif
