// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has to be done now and then: images that nobody has, what was squeezed and may grow
 * back, and in the ledger where each twin's active runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/command.h"
#include "hv/daemon.h"
#include "hv/ledger.h"

#include "active.h"
#include "poold.h"
#include "sweep.h"

enum { CRM_MON_MS = 10000, LEDGER_MS = 5000, RELAX_MS = 30000 };

static void note_actives(const struct poold *d)
{
	static const char *const argv[] = {"crm_mon", "--one-shot", "--output-as=xml", NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = CRM_MON_MS};
	char *text = NULL, host[HV_LEDGER_HOST];
	size_t len;

	if (hv_command(&cmd, &text, &len, NULL)) {
		free(text);
		return;
	}
	for (const struct place *p = d->places; p; p = p->next)
		if (p->source && p->source->resource && p->p.presence == HV_PRESENT) {
			active_on(text, p->source->resource, host, sizeof(host));
			hv_ledger_active_on(p->name, host, LEDGER_MS, NULL);
		}
	free(text);
}

static bool has_twins(const struct poold *d)
{
	for (const struct place *p = d->places; p; p = p->next)
		if (!p->p.spare && p->pid)
			return true;
	return false;
}

/* note_what_they_are() - An entry that was written anew knows what its guest holds, not what it is for. */
static void note_what_they_are(const struct poold *d)
{
	struct hv_ledger_entry want;

	for (const struct place *p = d->places; p; p = p->next) {
		if (!p->pid || !p->p.wanted || p->p.stale || !p->source || !p->source->has_config)
			continue;
		hv_ledger_entry(&p->source->config, p->p.spare ? HV_LEDGER_SPARE : HV_LEDGER_TWIN,
				&want);
		hv_ledger_describe(p->name, &want, LEDGER_MS, NULL);
	}
}

int work_tend(const void *arg, struct job_answer *a)
{
	const struct poold *d = arg;
	struct hv_error err;
	int n;

	if (d->settings.spares && d->settings.directory)
		images_sweep(d->settings.directory);
	n = hv_ledger_relax(RELAX_MS, NULL, NULL, &err);
	note_what_they_are(d);
	if (has_twins(d))
		note_actives(d);
	if (n > 0)
		hv_log_line(LOG_INFO, "%d domains have grown back", n);
	else if (n < 0)
		hv_log_line(LOG_WARNING, "the ledger: %s", err.text);
	return 0;
}
