/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface of the host that belongs to one guest: a macvtap in passthrough mode on it.  Unlike a tap it
 * outlives the process that has it open, so that whoever proves a domain's end removes it.
 */
#ifndef HV_LIB_MACVTAP_H
#define HV_LIB_MACVTAP_H

#include <net/if.h>
#include <stdint.h>

#include "hv/config.h"

/*
 * macvtap_take() - @lower is the caller's as long as it has the descriptor open, which the kernel sees to:
 * RUN/.direct-LOWER is locked.  -EBUSY: another domain has it.
 */
int macvtap_take(const char *lower, struct hv_error *err);

/*
 * macvtap_make() - On @lower, up, with the guest's address, its name in @name.  One that is left there of a
 * domain that has ended is replaced: take it first.  Needs CAP_NET_ADMIN.  0 or -errno.
 */
int macvtap_make(const char *lower, const uint8_t mac[6], char name[IFNAMSIZ],
		 struct hv_error *err);

/*
 * macvtap_remove() - That of @lower, unless there is none or somebody has taken it: the interface has its
 * own address again.  0 or -errno.
 */
int macvtap_remove(const char *lower);

#endif
