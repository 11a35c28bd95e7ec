// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include "ledger_private.h"
#include "probe.h"

/* Others hold, or are about to hold, so much. */
static struct hv_room others(const struct hv_capacity *cap, const struct hv_ledger *l,
			     const struct hv_ledger_entry *mine)
{
	struct hv_room sum = {0};

	for (size_t i = 0; i < l->n; i++) {
		const struct hv_ledger_entry *e = &l->entry[i];

		sum.memory += cap->each;
		if (e == mine)
			continue;
		sum.memory += ledger_max(e->now.memory, e->target.memory);
		sum.cpu += ledger_max(e->now.cpu, e->target.cpu);
	}
	return sum;
}

static int check(const struct hv_capacity *cap, const struct hv_ledger *l,
		 const struct hv_ledger_entry *e, const struct hv_room *full, struct hv_error *err)
{
	struct hv_room used = others(cap, l, e);
	const struct hv_ledger_entry *unsaid = ledger_unsaid(l);

	if (unsaid && (full->memory > e->full.memory || full->cpu > e->full.cpu))
		return hv_err(err, -EBUSY,
			      "domain %s: domain %s starts, and nobody can tell how much it holds "
			      "(%s); try again",
			      e->name, unsaid->name, unsaid->why);

	if (full->memory > e->full.memory && used.memory + full->memory > cap->room.memory)
		return hv_err(err, -ENOSPC,
			      "domain %s: no room: it is to have %llu MiB, and of %llu MiB others "
			      "hold %llu",
			      e->name, (unsigned long long)(full->memory >> 20),
			      (unsigned long long)(cap->room.memory >> 20),
			      (unsigned long long)(used.memory >> 20));
	if (full->cpu > e->full.cpu && used.cpu + full->cpu > cap->room.cpu)
		return hv_err(err, -ENOSPC,
			      "domain %s: no room: it is to have %llu%% CPU, and of %llu%% others "
			      "hold %llu%%",
			      e->name, (unsigned long long)full->cpu,
			      (unsigned long long)cap->room.cpu, (unsigned long long)used.cpu);
	return 0;
}

static int resize(struct hv_ledger *l, const char *name, const struct hv_room *full, unsigned flags,
		  struct hv_error *err)
{
	struct hv_ledger_entry *e = ledger_find(l, name);
	struct hv_capacity cap;
	int rc;

	if (!e)
		return hv_err(err, -ENOENT, "domain %s: it is not in the ledger", name);
	if (e->state == HV_LEDGER_BOOKED)
		return hv_err(err, -EBUSY, "domain %s: a start of it is under way", name);
	if (!(flags & HV_LEDGER_FORCE)) {
		rc = hv_capacity(&cap, err);
		if (!rc)
			rc = check(&cap, l, e, full, err);
		if (rc)
			return rc;
	}
	/* What could not be squeezed cannot be squeezed now. */
	e->minimum.memory = e->minimum.memory < e->full.memory
				    ? ledger_min(e->minimum.memory, full->memory)
				    : full->memory;
	e->minimum.cpu = e->minimum.cpu < e->full.cpu ? ledger_min(e->minimum.cpu, full->cpu)
						      : full->cpu;
	/* What does not change stays as it is, squeezed or not. */
	if (full->memory != e->full.memory) {
		e->target.memory = full->memory;
		/* Growth counts before it happens, and less only when it has been given. */
		e->now.memory = ledger_max(e->now.memory, full->memory);
	}
	if (full->cpu != e->full.cpu)
		e->target.cpu = e->now.cpu = full->cpu;
	e->full = *full;
	e->guaranteed = ledger_min(e->guaranteed, full->cpu);
	return ledger_store(e, NULL, err);
}

int hv_ledger_resize(const char *name, const struct hv_room *full, unsigned flags, int timeout_ms,
		     struct hv_error *err)
{
	int lock = ledger_lock(hv_clock_ms() + timeout_ms, err), rc;
	struct hv_ledger l = {0};

	if (lock < 0)
		return lock;
	rc = hv_ledger_read(&l, err);
	if (!rc)
		rc = resize(&l, name, full, flags, err);
	hv_ledger_free(&l);
	close(lock);
	return rc;
}
