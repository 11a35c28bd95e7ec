/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fence-peer handler as a process: PROGRAM fence|unfence RESOURCE, with DISK_STATE=UpToDate in its
 * environment.  One at a time, in the order they were asked for.
 */
#ifndef MIRROR_HANDLER_H
#define MIRROR_HANDLER_H

#include "mirror/engine/volume.h"

struct handler;

/* handler_open() - Have @v fenced by @program.  0 or -errno. */
int handler_open(struct handler **out, struct loop *l, struct volume *v, const char *program);

/* handler_close() - Kill what runs; nothing is told any more. */
void handler_close(struct handler *h);

#endif
