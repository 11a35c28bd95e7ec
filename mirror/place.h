/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon and the command line have to agree on: where a resource's sockets are, and how a
 * disk's metadata is named.
 */
#ifndef MIRROR_PLACE_H
#define MIRROR_PLACE_H

#include <stddef.h>

#include "mirror/drbd/meta.h"

enum { PLACE_PATH = 108 }; /* as much as the address of a Unix socket holds */

/* place_name_ok() - Whether @name may be a resource's: letters, digits, "-_.", 1 to 63, no leading dot. */
bool place_name_ok(const char *name);

/*
 * place_path() - RUN/.mirror/NAME/FILE; RUN is $TAIKI_RUN_DIR, or /run/taiki.  0, -EINVAL for a bad
 * name, -ENAMETOOLONG.
 */
int place_path(char out[PLACE_PATH], const char *name, const char *file);

/*
 * place_state() - STATE/mirror-NAME.WHAT; STATE is $TAIKI_STATE_DIR, or /var/lib/taiki.  The caller's to free; NULL:
 * a bad name, or no memory.
 */
char *place_state(const char *name, const char *what);

/* place_make() - Make RUN/.mirror/NAME.  0 or -errno. */
int place_make(const char *name);

/* place_forget() - What drbdadm has said of a volume (mirror/drbdsetup/) is over with its daemon. */
void place_forget(const char *name);

/*
 * place_daemon() - What the volume's daemon is called to hv_daemon_lock() and struct hv_daemon: it holds
 * RUN/.mirror/NAME/control.lock for life.  0 or -errno as place_path().
 */
int place_daemon(char out[PLACE_PATH], const char *name);

/*
 * place_meta() - "internal", "PATH" (flexible, external) or "PATH[INDEX]", as drbd.conf has it.  @path:
 * the caller's to free, NULL for internal.  0, -EINVAL or -ENOMEM.
 */
int place_meta(const char *text, char **path, enum md_kind *kind, unsigned *index);

#endif
