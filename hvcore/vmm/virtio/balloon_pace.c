/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvcore/vmm/virtio/balloon.h"

#define WINDOW_NS (2ULL * 1000 * 1000 * 1000)

void balloon_pace_asked(struct balloon_pace *p, uint64_t bytes, uint64_t now)
{
	p->asked_at = p->moved_at = now;
	p->from.at = p->mark.at = now;
	p->from.bytes = p->mark.bytes = bytes;
}

void balloon_pace_moved(struct balloon_pace *p, uint64_t bytes, uint64_t now)
{
	p->moved_at = now;
	if (now - p->mark.at < WINDOW_NS)
		return;
	p->from = p->mark;
	p->mark.at = now;
	p->mark.bytes = bytes;
}

int64_t balloon_pace_rate(const struct balloon_pace *p, uint64_t bytes, uint64_t now)
{
	uint64_t ns = now - p->from.at;

	if (now - p->moved_at > WINDOW_NS || !ns || !p->moved_at)
		return 0;
	return (int64_t)(((__int128)bytes - (__int128)p->from.bytes) * 1000000000 / (__int128)ns);
}

bool balloon_pace_stalled(const struct balloon_pace *p, uint64_t now)
{
	return now - p->asked_at > WINDOW_NS && now - p->moved_at > WINDOW_NS;
}
