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

/* hv_config_unpin() - Takes away all pins. */
void hv_config_unpin(struct hv_config *c);

/* hv_config_pin() - Pins @vcpu to @cpuset in place of where it was; NULL: nowhere.  0, -ENOMEM, -ENOSPC. */
int hv_config_pin(struct hv_config *c, unsigned vcpu, const char *cpuset);

/* hv_config_pin_as() - The pins of @from in place of those of @to.  0 or -ENOMEM. */
int hv_config_pin_as(struct hv_config *to, const struct hv_config *from);

#endif
