/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains of this host, by inotify on the run root and a pidfd of each: who starts, who
 * has ended and is proven to have.
 */
#ifndef TAIKI_FENCE_DOMAINS_H
#define TAIKI_FENCE_DOMAINS_H

#include "fencing/order.h"
#include "fencing/work.h"

struct qb_loop;

struct domains_ops {
	void (*up)(const struct order_domain *d);
	/* down() - Proven: its process is gone, its lock and its disks are free. */
	void (*down)(const struct order_domain *d);
};

/* domains_open() - Watch $TAIKI_RUN_DIR (made if need be).  0, -errno. */
int domains_open(struct qb_loop *loop, const struct domains_ops *ops);

/* domains_list() - Those that are up, or not proven to be down.  At most ORDER_DOMAINS_MAX. */
uint32_t domains_list(struct order_domain *out);

/* domains_find() - The one of that name that is up here; or NULL. */
const struct order_domain *domains_find(const char *name);

/* domains_worked() - A kill with an id of zeros was ours: its end. */
bool domains_worked(const struct work_kill *k);

#endif
