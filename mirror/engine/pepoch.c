// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The peer's epochs, and what has been written in each: on disk, but perhaps only in its cache.
 */
#include <errno.h>
#include <stdlib.h>

#include "mirror/engine/private.h"

struct pepoch *pepoch_oldest(struct volume *v)
{
	return list_entry(v->pwrites.epochs.next, struct pepoch, link);
}

struct pepoch *pepoch_open(struct volume *v)
{
	return list_entry(v->pwrites.epochs.prev, struct pepoch, link);
}

int pepoch_add(struct volume *v)
{
	struct pepoch *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->serial = ++v->pwrites.serial;
	list_init(&e->held);
	list_init(&e->flying);
	list_append(&v->pwrites.epochs, &e->link);
	return 0;
}

void pepoch_free(struct pepoch *e)
{
	list_remove(&e->link);
	free(e->ranges);
	free(e);
}

uint32_t pwrites_serial(const struct volume *v)
{
	/* with protocol C the peer has waited for what it wrote before it reads it */
	if (list_empty(&v->pwrites.epochs) || v->config.protocol == 3)
		return 0;
	return list_entry(v->pwrites.epochs.prev, struct pepoch, link)->serial;
}

bool pwrites_reached(const struct volume *v, uint32_t serial)
{
	const struct list *l = &v->pwrites.epochs;

	return !serial || list_empty(l) ||
	       (int32_t)(list_entry(l->next, struct pepoch, link)->serial - serial) >= 0;
}

void pepoch_remember(struct volume *v, struct pepoch *e, uint64_t sector, uint32_t bytes)
{
	struct wire_range *at = e->nranges ? &e->ranges[e->nranges - 1] : NULL, *more;

	if (at && at->sector + at->size / 512 == sector && at->size + bytes <= WIRE_TRIM_MAX) {
		at->size += bytes;
		return;
	}
	if (!(e->nranges & (e->nranges - 1))) {
		more = realloc(e->ranges, (e->nranges ? e->nranges * 2 : 1) * sizeof(*more));
		if (!more) {
			link_end(v, false, -ENOMEM, "no memory for an epoch");
			return;
		}
		e->ranges = more;
	}
	e->ranges[e->nranges++] = (struct wire_range){sector, bytes};
}

void pwrites_lost(struct volume *v)
{
	list_for_each (l, &v->pwrites.epochs) {
		struct pepoch *e = list_entry(l, struct pepoch, link);

		for (uint32_t i = 0; link_is_up(v) && i < e->nranges; i++) {
			struct wire_packet p = {.command = WIRE_OUT_OF_SYNC, .range = e->ranges[i]};

			send_data(v, &p, NULL, NULL);
		}
		e->nranges = 0;
	}
}

static void named(struct keep_wait *w)
{
	struct volume *v = list_entry(w, struct volume, pwrites.named);

	if (!link_is_up(v) || !v->link.hold)
		return;
	v->link.hold = false;
	if (disk_is_here(v))
		send_uuids(v); /* so that it finds these data again, and no others */
	link_pause(v);
}

void pwrites_hold(struct volume *v)
{
	v->link.hold = true;
	link_pause(v);
	keep_super(v, &v->pwrites.named);
}

void pwrites_init(struct volume *v)
{
	list_init(&v->pwrites.epochs);
	list_init(&v->pwrites.al_waiting);
	keep_wait_init(&v->pwrites.named, named);
}
