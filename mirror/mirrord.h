/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-mirrord from the inside.
 */
#ifndef MIRROR_MIRRORD_H
#define MIRROR_MIRRORD_H

#include <jansson.h>

#include "mirror/engine/volume.h"
#include "mirror/export/nbd.h"
#include "mirror/place.h"

struct options {
	struct volume_config volume;
	char nbd[PLACE_PATH], control[PLACE_PATH];
	bool connect;
};

/* options_read() - 0; -EINVAL with a message on standard error; 1: it was --help or --version, and is done. */
int options_read(struct options *o, int argc, char **argv);

struct mirrord {
	struct loop loop;
	struct volume *volume;
	struct nbd *nbd;
	struct control *control;
	struct watch signals;
	struct timer alive;
	bool going_down;
};

/* mirrord_down() - Close everything, and end; -EBUSY while somebody has the volume open, unless @force. */
int mirrord_down(struct mirrord *m, bool force);

/* control_open() - Serve commands at @path: JSON, a line each; see taiki-mirrord(8).  0 or -errno. */
struct control;
int control_open(struct control **out, struct mirrord *m, const char *path);
void control_close(struct control *c);

/* status_json() - What `status` returns. */
json_t *status_json(struct mirrord *m);

#endif
