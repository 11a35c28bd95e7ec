/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the node's attributes that the daemon may have set: RUN/.poold.attributes,
 * a name a line, written before the first of them is set.
 */
#ifndef POOL_ATTRIBUTES_H
#define POOL_ATTRIBUTES_H

#define ATTRIBUTE_TWIN   "taiki-twin-"
#define ATTRIBUTE_SPARES "taiki-spares"

/* attributes_write() - @names, a line each.  0 or -errno. */
int attributes_write(const char *names);

/* attributes_read() - Call @each(@arg) with every name; how many. */
unsigned attributes_read(void (*each)(void *arg, const char *name), void *arg);

#endif
