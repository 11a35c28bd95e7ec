// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the super block says of the state, for whoever starts next.
 */
#include "mirror/engine/private.h"

/* kept_disk() - What the metadata says of the disk, while it comes or goes. */
static enum disk kept_disk(const struct volume *v)
{
	switch (v->state.disk) {
	case DISK_FAILED: return v->leave.as;
	case DISK_ATTACHING:
	case DISK_NEGOTIATING: return v->attached_as;
	default: return v->state.disk;
	}
}

/* is_written() - Whether a client's writes come here: a Primary's, or that of one that has no disk. */
static bool is_written(const struct volume *v)
{
	const struct drbd_state *s = &v->state;

	if (v->leave.clean)
		return false;
	return s->role == ROLE_PRIMARY || (s->peer == ROLE_PRIMARY && s->pdsk < DISK_INCONSISTENT);
}

uint32_t keep_flags(const struct volume *v)
{
	const struct drbd_state *s = &v->state;
	enum disk disk = kept_disk(v);
	uint32_t f = 0;

	if (disk > DISK_INCONSISTENT)
		f |= MD_CONSISTENT;
	if (disk > DISK_OUTDATED)
		f |= MD_WAS_UP_TO_DATE;
	if (is_written(v))
		f |= MD_PRIMARY;
	if (s->conn > CONN_WF_REPORT_PARAMS)
		f |= MD_CONNECTED;
	if (s->pdsk >= DISK_INCONSISTENT && s->pdsk <= DISK_OUTDATED)
		f |= MD_PEER_OUTDATED;
	if (v->full_sync)
		f |= MD_FULL_SYNC;
	if (v->crashed)
		f |= MD_CRASHED_PRIMARY;
	if (v->clean)
		f |= MD_AL_CLEAN;
	return f;
}

uint32_t keep_compose(struct volume *v)
{
	for (int i = 0; i < MD_UUIDS; i++)
		v->super.uuid[i] = v->gen.uuid[i];
	v->super.la_size = v->sectors;
	v->super.flags = keep_flags(v);
	v->super.unclean = !v->clean;
	return v->super.flags;
}
