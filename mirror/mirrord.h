/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-mirrord from the inside.
 */
#ifndef MIRROR_MIRRORD_H
#define MIRROR_MIRRORD_H

#include <jansson.h>

#include "mirror/engine/volume.h"
#include "mirror/export/nbd.h"
#include "mirror/export/vhost.h"
#include "mirror/handler.h"
#include "mirror/place.h"

struct options {
	struct volume_config volume;
	char nbd[PLACE_PATH], vhost[PLACE_PATH], control[PLACE_PATH];
	char fence_peer[PLACE_PATH]; /* the handler; empty: none */
	bool connect, quorum;
	bool fixed_rate; /* c-plan-ahead is 0 */
	unsigned resync_rate;
};

/* options_read() - 0; -EINVAL with a message on standard error; 1: it was --help or --version, and is done. */
int options_read(struct options *o, int argc, char **argv);

/*
 * options_again() - Other options for a volume that is up: all but those that say what it is.  0, or -EINVAL with a
 * message on standard error.
 */
int options_again(struct options *o, int argc, char **argv);

struct mirrord {
	struct loop loop;
	struct volume *volume;
	struct nbd *nbd;
	struct vhost *vhost;
	struct control *control;
	struct handler *handler;
	struct quorum *quorum;
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

/*
 * quorum_open() - Tell @v whether Corosync's part of the cluster that this host is in has quorum.  Until that
 * is known, and without Corosync, it has none.  0 or -errno.
 */
struct quorum;
int quorum_open(struct quorum **out, struct loop *l, struct volume *v);
void quorum_close(struct quorum *q);

/* status_json() - What `status` returns. */
json_t *status_json(struct mirrord *m);

/* reconfigure_json() - What `options` returns; NULL: they are no good, and the log says why. */
json_t *reconfigure_json(struct mirrord *m, const json_t *arguments);

/* history_json() - What `history` returns: a list, the newest last. */
json_t *history_json(struct mirrord *m);

#endif
