/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's control group: MOUNT/taiki.slice/NAME in every hierarchy that
 * matters (version 2; or version 1's cpu, memory, and the one systemd follows
 * its services by).  $TAIKI_CGROUP names another place than taiki.slice, below
 * each mount; "" keeps domains where they are started.  RUN/NAME/cgroup names the
 * last part, which is not NAME where the domain was a standby: groups of version 2
 * cannot be renamed.
 */
#ifndef HV_LIB_CGROUP_H
#define HV_LIB_CGROUP_H

#include "hv/config.h"

/*
 * hv_cgroup_join() - Put the calling process there and apply @c's cputune.
 * What cannot be done is said on @log, one line each, and left: a domain runs
 * without control groups too.
 */
void hv_cgroup_join(const struct hv_config *c, int log);

/* hv_cgroup_remove() - Remove an ended domain's groups; one that is in use stays. */
void hv_cgroup_remove(const char *name);

/*
 * hv_cgroup_weight() - Version 2's cpu.weight (1 to 10000) for version 1's
 * @shares: in proportion, so that 1024 is what every other group has (100).
 */
unsigned hv_cgroup_weight(uint64_t shares);

#endif
