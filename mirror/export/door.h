/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Unix socket of an export, where its clients come in.
 *
 * Nobody is let in while somebody who has the volume open has left unnoticed: a guest that was killed is begun
 * anew at once, perhaps at another door, and its old writes must not come after the new ones.
 */
#ifndef MIRROR_EXPORT_DOOR_H
#define MIRROR_EXPORT_DOOR_H

#include "mirror/engine/volume.h"

struct door {
	struct loop *loop;
	struct volume *volume;
	char *path;
	struct watch listener;
	struct timer again;
	/* The descriptor is the callee's; nobody comes while door_stop() is in force. */
	void (*come)(struct door *d, int fd);
	bool stopped;
};

/* door_open() - Listen at @path, which is replaced if it is a socket nobody listens at.  0 or -errno. */
int door_open(struct door *d, struct loop *l, struct volume *v, const char *path,
	      void (*come)(struct door *d, int fd));

/* door_stop() - Who comes now waits.  door_go() - Let them in again. */
void door_stop(struct door *d);
void door_go(struct door *d);

/* door_close() - The socket is removed. */
void door_close(struct door *d);

#endif
