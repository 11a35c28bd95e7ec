/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A twin keeps in its run directory what its domain's definition came to, so that who adopts it
 * with the very same definition does not have it read again: reading XML takes a process of
 * its own, and half of an adoption's time.
 */
#ifndef HV_LIB_RESOLVED_H
#define HV_LIB_RESOLVED_H

#include <stdbool.h>
#include <stddef.h>

#include "hv/config.h"

/* The file: a line that says what it was made from, then the configuration (hv_config_to_json()). */
#define HV_RESOLVED "resolved"

/*
 * hv_resolved_put() - The twin @standby is made from the text @definition, which came to @domain.
 * Either is NULL: it is no twin, and the file is removed.  0 or -errno.
 */
int hv_resolved_put(const char *standby, const struct hv_config *domain, const char *definition,
		    struct hv_error *err);

/*
 * hv_resolved_find() - What this text comes to, where a twin was made here from the same bytes, by
 * the same release, on a node of this name.  True: @c is the caller's to hv_config_free(); false:
 * nobody here knows, and @c is empty.  @guess is the domain's name as far as the caller can tell.
 */
bool hv_resolved_find(struct hv_config *c, const char *text, size_t len, const char *guess);

#endif
