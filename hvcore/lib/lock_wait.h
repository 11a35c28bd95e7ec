/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_LOCK_WAIT_H
#define HV_LIB_LOCK_WAIT_H

#include <stdint.h>

/*
 * hv_lock_wait() - Take the write lock (OFD) of the whole file @fd, and wait for it in the
 * kernel's queue, in the order of arrival, until @deadline (hv_clock_ms()).  SIGALRM is the calling thread's
 * own meanwhile: its handler and its mask are put back.  The lock is @fd's open
 * file description's.  Returns 0; -ETIMEDOUT where others have held it all the time; -errno.
 */
int hv_lock_wait(int fd, int64_t deadline);

#endif
