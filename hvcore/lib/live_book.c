// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "hv/ledger.h"
#include "hv/live.h"

/* What it has booked, all of it; -ENOENT: nothing. */
static int booked(const char *name, struct hv_room *full, struct hv_error *err)
{
	struct hv_ledger l = {0};
	int rc = hv_ledger_read(&l, err);

	if (rc)
		return rc;
	rc = -ENOENT;
	for (size_t i = 0; i < l.n && rc; i++) {
		if (strcmp(l.entry[i].name, name) != 0)
			continue;
		*full = l.entry[i].full;
		rc = 0;
	}
	hv_ledger_free(&l);
	return rc;
}

int hv_live_book(const struct hv_config *c, unsigned what, bool force, int timeout_ms,
		 struct hv_error *err)
{
	struct hv_ledger_entry wanted;
	struct hv_room full;
	int rc;

	if (!(what & (HV_LIVE_CPU | HV_LIVE_MEMORY)))
		return 0;
	rc = booked(c->name, &full, err);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	hv_ledger_entry(c, HV_LEDGER_ACTIVE, &wanted);
	if (what & HV_LIVE_MEMORY)
		full.memory = wanted.full.memory;
	if (what & HV_LIVE_CPU)
		full.cpu = wanted.full.cpu;
	return hv_ledger_resize(c->name, &full, force ? HV_LEDGER_FORCE : 0, timeout_ms, err);
}
