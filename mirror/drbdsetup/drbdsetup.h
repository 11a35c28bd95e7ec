/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-drbdsetup: what drbdadm calls in place of drbdsetup (of DRBD 8.4).
 *
 *   main.c     the commands        options.c   theirs, as taiki-mirrord's
 *   keep.c     what was said in new-resource, new-minor and attach until connect starts the daemon:
 *              RUN/.mirror/NAME/drbdsetup.json
 */
#ifndef MIRROR_DRBDSETUP_H
#define MIRROR_DRBDSETUP_H

#include <jansson.h>

/* As drbdsetup's; drbdadm shows standard error and passes the failure on. */
enum { SETUP_OK = 0, SETUP_FAILED = 10, SETUP_USAGE = 20 };

/* keep_load() - Of resource @name; NULL: there is none.  keep_save() - 0 or -errno.  keep_remove(). */
json_t *keep_load(const char *name);
int keep_save(const char *name, const json_t *o);
void keep_remove(const char *name);

/* keep_find() - The resource, and its name in @name[64], whose @key has @value; NULL. */
json_t *keep_find(const char *key, const char *value, char name[64]);

/*
 * option_take() - drbdsetup's @option ("--protocol=C") as taiki-mirrord's, appended to the array @out, or
 * passed over where it tunes what a kernel does.  0; -ENOTSUP: it asks for what is not there, and a message
 * has said so.  "--shared-secret=" becomes "--shared-secret-file" of a file of @name's.
 */
int option_take(json_t *out, const char *name, const char *option);

#endif
