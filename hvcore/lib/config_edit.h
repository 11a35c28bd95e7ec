/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changing a configuration is made of. */
#ifndef HV_LIB_CONFIG_EDIT_H
#define HV_LIB_CONFIG_EDIT_H

#include "hv/config.h"

/* hv_config_copy() - @c, which has been checked, once more; @out the caller's to free. 0, -ENOMEM. */
int hv_config_copy(const struct hv_config *c, struct hv_config *out, struct hv_error *err);

/* hv_config_set() - Replaces a string of a configuration; NULL takes it away.  0, or -ENOMEM: it stays. */
int hv_config_set(char **to, const char *value);

/* hv_disk_free() - Frees what @d points to. */
void hv_disk_free(struct hv_disk *d);

#endif
