/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands between a door and a guest's agent: hv-domain's channel socket on one side, and
 * on the other a Unix socket in place of the guest's port.
 */
#ifndef TEST_FENCING_RELAY_H
#define TEST_FENCING_RELAY_H

#include <stdbool.h>

struct qb_loop;

/* relay_open() - RUN/@domain/channel/org.taiki.fence.0.sock and RUN/@domain/port. */
bool relay_open(struct qb_loop *loop, const char *domain);

#endif
