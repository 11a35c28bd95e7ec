// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes wrong with disks.
 */
#include "tests/history/torture/fault.h"

void disk_hangs(struct round *r)
{
	host_disk_freeze(r->primary, true);
	pause_ms(some_ms(5, 800));
}

void other_disk_hangs(struct round *r)
{
	host_disk_freeze(r->primary->peer, true);
	pause_ms(some_ms(5, 800));
}

static const char *file_of(bool meta)
{
	return settings.external ? meta ? "meta" : "data" : "*";
}

/* other_disk() - It fails; its host is started anew when that has been mended. */
static void other_disk(struct round *r, const char *what, bool meta)
{
	struct host *s = r->primary->peer;

	host_disk_fault(s, what, file_of(meta));
	pause_ms(some_ms(20, 500));
	host_disk_fault(s, NULL, NULL);
	host_kill(s);
	host_dead(s, true);
}

/* Its disk fails when it has gone on alone: what the other one has is old, and answers nobody; its client waits. */
void alone_eio(struct round *r)
{
	struct host *p = r->primary;

	link_lose();
	pause_ms(some_ms(600, 1200));
	host_disk_fault(p, "eio", file_of(false));
	pause_ms(some_ms(1, 100));
	link_heal();
	pause_ms(some_ms(20, 600));
	host_disk_fault(p, NULL, NULL);
	host_kill(p);
	fail_over(r, false);
}

/* own_disk() - It fails, its client goes on with the other one's, and its daemon is killed: the other one is promoted. */
static void own_disk(struct round *r, const char *what, bool meta)
{
	struct host *p = r->primary;

	host_disk_fault(p, what, file_of(meta));
	pause_ms(some_ms(20, 300));
	/* mended first: a cache that cannot be written back when its file is closed is lost */
	host_disk_fault(p, NULL, NULL);
	host_kill(p);
	fail_over(r, false);
}

/* disk_back() - The disk of @h fails, or is taken away, for a while; its daemon goes on. */
static void disk_back(struct host *h, const char *what, bool meta)
{
	if (what)
		host_disk_fault(h, what, file_of(meta));
	else
		host_ask(h, "detach", PROMOTE_MS);
	pause_ms(some_ms(20, 500));
	host_disk_fault(h, NULL, NULL);
	host_attach(h);
}

void data_eio_back(struct round *r)
{
	disk_back(r->primary, "eio", false);
}

void meta_eio_back(struct round *r)
{
	disk_back(r->primary, "eio", true);
}

void other_eio_back(struct round *r)
{
	disk_back(r->primary->peer, chance(2) ? "eio" : "enospc", chance(2));
}

void detached(struct round *r)
{
	disk_back(chance(3) ? r->primary : r->primary->peer, NULL, false);
}

void other_data_eio(struct round *r)
{
	other_disk(r, "eio", false);
}

void other_meta_eio(struct round *r)
{
	other_disk(r, "eio", true);
}

void other_full(struct round *r)
{
	other_disk(r, "enospc", chance(2));
}

void data_eio(struct round *r)
{
	own_disk(r, "eio", false);
}

void meta_eio(struct round *r)
{
	own_disk(r, "eio", true);
}

void full(struct round *r)
{
	own_disk(r, "enospc", chance(2));
}
