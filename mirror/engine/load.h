/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk and its metadata, before they are a volume's: opened, locked, recovered, read.  Everything here waits
 * for the disk; it touches no volume, and may run on a thread of its own.
 */
#ifndef MIRROR_ENGINE_LOAD_H
#define MIRROR_ENGINE_LOAD_H

#include "mirror/drbd/meta_file.h"
#include "mirror/engine/bitmap.h"
#include "mirror/engine/disk.h"
#include "mirror/engine/volume.h"

struct loaded {
	struct disk_file data, meta; /* meta.fd -1: internal */
	struct md_file md;
	struct bitmap bitmap;
	uint64_t sectors; /* of the volume */
	bool fresh;       /* nothing was ever agreed: it has no data yet */
};

/*
 * load() - The disk that @c names; its activity log is empty afterwards.  @sectors: what the volume has, 0: what
 * the metadata says.  A disk that is for less, and has the room, becomes larger: what is new is out of sync.  Blocks: for
 * the disk, and up to five seconds for whoever has it open to let it go.  0 or -errno, with the reason logged and nothing
 * to be dropped.
 */
int load(struct loaded *x, struct loop *l, const struct volume_config *c, uint64_t sectors);
void load_drop(struct loaded *x);

/* load_complain() - Say that @what of the volume has failed with @error, which is returned. */
int load_complain(const struct volume_config *c, const char *what, int error);

#endif
