/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An adopted spare keeps its disks and its number for as long as the domain runs:
 * RUN/NAME/cgroup or one of its disks still names the spare.
 */
#ifndef POOL_SWEEP_H
#define POOL_SWEEP_H

#include <stdbool.h>
#include <stddef.h>

/* config_text() - RUN/NAME/config.json, the caller's to free, or NULL. */
char *config_text(const char *name, size_t *len);

/* spare_is_domain() - Whether a running domain was the spare @k, or that cannot be told. */
bool spare_is_domain(unsigned k);

/* spare_in_use() - The same, or it is a standby's. */
bool spare_in_use(unsigned k);

/* images_sweep() - Remove images of this node's spares that nobody has. */
void images_sweep(const char *directory);

#endif
