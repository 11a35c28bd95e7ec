// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two volumes meet: their sizes.
 */
#include <errno.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

void send_sizes_of(struct volume *v, struct wire_sizes *s)
{
	struct wire_packet p = {.command = WIRE_SIZES, .sizes = *s};

	p.sizes.max_bio = WIRE_BULK_MAX;
	p.sizes.physical = p.sizes.logical = p.sizes.io_min = v->align;
	p.sizes.discard = p.sizes.discard_zeroes = 1;
	send_data(v, &p, NULL, NULL);
}

void send_sizes(struct volume *v)
{
	/* what was agreed once stays, until an administrator resizes it */
	struct wire_sizes s = {.own = v->state.disk >= DISK_NEGOTIATING ? v->sectors : 0,
			       .current = v->sectors};

	send_sizes_of(v, &s);
}

/* Nothing was ever written here that counts: the volume may become smaller. */
static int shrink(struct volume *v, uint64_t sectors)
{
	struct bitmap b;

	if (bitmap_init(&b, sectors))
		return -ENOMEM;
	bitmap_free(&v->bitmap);
	v->bitmap = b;
	bitmap_set(&v->bitmap, 0, BITMAP_END);
	v->sectors = sectors;
	volume_say(v, LOG_NOTICE, "%llu sectors, as the peer has no more",
		   (unsigned long long)sectors);
	keep_super(v, NULL);
	keep_pages(v, NULL);
	send_sizes(v); /* it was told the other one */
	return 0;
}

int meet_sizes(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_sizes *s = &p->sizes;
	uint64_t limit = v->sectors;

	v->link.sizes = *s;
	v->link.sizes_seen = true;
	if (s->own && s->own < limit)
		limit = s->own;
	if (s->user && s->user < limit)
		limit = s->user;
	if (v->link.phase == LINK_UP && limit == v->sectors)
		resize_sizes(v, s);
	if (limit == v->sectors || v->link.dry_run)
		return 0;
	if (v->link.phase == LINK_UP) {
		link_end(v, true, -EACCES,
			 "the peer has room for %llu sectors, the volume has %llu",
			 (unsigned long long)limit, (unsigned long long)v->sectors);
		return -EACCES;
	}
	return v->state.disk == DISK_INCONSISTENT ? shrink(v, limit) : 0;
}

bool sizes_fit(struct volume *v, const struct drbd_state *peer)
{
	const struct wire_sizes *s = &v->link.sizes;
	bool small = s->own && s->own < v->sectors;

	if (v->grow.busy) {
		link_end(v, false, -EAGAIN, "this side becomes larger first");
		return false;
	}
	if (peer->disk > DISK_INCONSISTENT && s->current > v->sectors && disk_is_here(v)) {
		if (!resize_follow(v))
			link_end(v, true, -EACCES,
				 "the volume has %llu sectors, this disk room for %llu",
				 (unsigned long long)s->current, (unsigned long long)v->sectors);
		return false;
	}
	if (small) /* it may be about to follow */
		link_end(v, false, -EACCES,
			 "the peer has room for %llu sectors, the volume has %llu",
			 (unsigned long long)s->own, (unsigned long long)v->sectors);
	return !small;
}
