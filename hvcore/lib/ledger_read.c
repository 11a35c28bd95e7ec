// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which entries count.  What cannot be believed is counted in full, never left out.
 */
#include <stdio.h>
#include <unistd.h>

#include "hv/definition.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "ledger_private.h"

int ledger_config(const char *name, struct hv_config *c)
{
	char path[4096], *text = NULL;
	size_t len;
	int rc = hv_run_path(path, sizeof(path), name, "config.json");

	if (!rc)
		rc = hv_definition_read(path, &text, &len, NULL);
	if (!rc)
		rc = hv_config_from_json(c, text, len, NULL);
	free(text);
	return rc;
}

/* statm of proc(5). */
uint64_t hv_ledger_in_use(const char *name)
{
	unsigned long pages = 0;
	char path[64];
	pid_t pid;
	FILE *f;

	if (hv_presence(name, &pid, NULL) != HV_PRESENT || !pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static enum hv_ledger_kind kind_of(const char *name)
{
	enum hv_kind kind = hv_name_kind(name);

	return kind == HV_KIND_TWIN    ? HV_LEDGER_TWIN
	       : kind == HV_KIND_SPARE ? HV_LEDGER_SPARE
				       : HV_LEDGER_ACTIVE;
}

/* @e as far as it was read; @parsed: it is whole. */
static void worst(const char *name, bool parsed, const char *why, struct hv_ledger_entry *e)
{
	uint64_t known = parsed ? ledger_max(e->full.memory, e->now.memory) : 0;
	struct hv_config c;

	if (!ledger_config(name, &c)) {
		ledger_entry_worst(&c, kind_of(name), e);
		hv_config_free(&c);
	} else {
		known = ledger_max(known, hv_ledger_in_use(name));
		memset(e, 0, sizeof(*e));
		e->kind = kind_of(name);
	}
	if (known > e->full.memory)
		e->now.memory = e->target.memory = e->full.memory = e->minimum.memory = known;
	snprintf(e->name, sizeof(e->name), "%s", name);
	snprintf(e->why, sizeof(e->why), "%s", why);
	e->state = HV_LEDGER_UNBOOKED;
}

/* @name's entry into @e; false: it does not count. */
static bool look(const char *name, struct hv_ledger_entry *e)
{
	struct hv_error err = {""};
	const char *why = err.text;
	char *incarnation;
	bool booked;
	int rc = ledger_load(name, e, &booked, &err);

	/* In this order: it lets its booking go once it has its lock. */
	if (!booked && hv_presence(name, NULL, NULL) == HV_ABSENT)
		return false;
	if (!rc && booked)
		return true;
	incarnation = hv_run_read(name, "incarnation");
	if (rc == -ENOENT)
		why = "it has none";
	else if (!rc && !e->incarnation[0])
		why = "whoever booked it died before it ran";
	else if (!rc && (!incarnation || strcmp(incarnation, e->incarnation)))
		why = "it is an earlier start's";
	if (rc || why != err.text)
		worst(name, !rc, why, e);
	/* Whose booking is damaged: its configuration may be an earlier start's. */
	if (booked)
		e->state = HV_LEDGER_BOOKED;
	/* Whoever writes it down anew knows whose it is. */
	if (e->state == HV_LEDGER_UNBOOKED && incarnation &&
	    strlen(incarnation) < sizeof(e->incarnation))
		strcpy(e->incarnation, incarnation);
	free(incarnation);
	return true;
}

const struct hv_ledger_entry *ledger_unsaid(const struct hv_ledger *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->entry[i].state == HV_LEDGER_BOOKED && l->entry[i].why[0])
			return &l->entry[i];
	return NULL;
}

int hv_ledger_read(struct hv_ledger *out, struct hv_error *err)
{
	char **names = hv_run_list(err);
	size_t n = 0;

	*out = (struct hv_ledger){0};
	if (!names)
		return -EIO;
	while (names[n])
		n++;
	out->entry = calloc(n + 1, sizeof(*out->entry));
	if (!out->entry) {
		free(names);
		return hv_err(err, -ENOMEM, "not enough memory for the ledger");
	}
	for (size_t i = 0; i < n; i++)
		if (look(names[i], &out->entry[out->n]))
			out->n++;
		else
			memset(&out->entry[out->n], 0, sizeof(*out->entry));
	free(names);
	return 0;
}
