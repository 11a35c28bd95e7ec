/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_HOLDER_H
#define HV_LIB_HOLDER_H

#include "hv/config.h"

/*
 * hv_holder() - A pidfd of the process that holds a domain's lock: the one in
 * its file `pid` if that one has it, else whichever process has.
 * -ESRCH nobody has it; -errno.  The caller closes it.
 */
int hv_holder(const char *name, struct hv_error *err);

#endif
