/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEST_LIB_UTIL_H
#define TEST_LIB_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hv/config.h"

/* slurp() - A file's contents, NUL-terminated, the caller's to free; fails the test if it cannot. */
char *slurp(const char *path, size_t *len);

/* sample() - A configuration with something in every field; the caller's to hv_config_free(). */
void sample(struct hv_config *c);

/* scratch() - A directory of this test's own, $TAIKI_RUN_DIR and $TAIKI_ETC_DIR in it. */
const char *scratch(void);
void scratch_remove(void);

/* lock_waiters() - How many wait for the lock of the file at @path, by the kernel's own account. */
unsigned lock_waiters(const char *path);
/* until_waited_for() - Stands still until @n do; false if they do not come. */
bool until_waited_for(const char *path, unsigned n);

#endif
