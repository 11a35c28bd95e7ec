/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FENCING_ENABLED_H
#define FENCING_ENABLED_H

#include "hv/config.h"

/*
 * fencing_enabled() - The cluster option stonith-enabled (default true), as
 * crm_attribute reads it.  1, 0, or -errno with @err: no cluster answers.
 */
int fencing_enabled(int timeout_ms, struct hv_error *err);

#endif
