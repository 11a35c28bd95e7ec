// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Admission: yes, yes at a squeeze, or no.  Pure.
 */
#include <limits.h>
#include <stdio.h>

#include "ledger_private.h"
#include "ledger_share.h"

/* One decision. */
struct admission {
	const struct hv_capacity *cap;
	const struct hv_ledger *l;
	const struct hv_ledger_entry *want;
	const struct hv_ledger_entry *old; /* of its name, or NULL */
	uint64_t now_ms;
	struct hv_room held, planned; /* by the others: now, target */
	uint64_t guaranteed;
	/* One for each entry and, last, @want's own; in ledger order. */
	struct share *memory, *cpu;
};

static bool squeezable(const struct admission *a, const struct hv_ledger_entry *e)
{
	return e != a->old && e->kind == HV_LEDGER_ACTIVE && e->state != HV_LEDGER_BOOKED &&
	       e->priority <= a->want->priority &&
	       (!e->refused || e->refused + HV_LEDGER_REFUSED_MS <= a->now_ms);
}

static void add_up(struct admission *a)
{
	a->held = hv_ledger_held(a->cap, a->l, false);
	a->planned = hv_ledger_held(a->cap, a->l, true);
	if (a->old) {
		a->held.memory -= a->old->now.memory + a->cap->each;
		a->held.cpu -= a->old->now.cpu;
		a->planned.memory -= a->old->target.memory + a->cap->each;
		a->planned.cpu -= a->old->target.cpu;
	}
	for (size_t i = 0; i < a->l->n; i++)
		if (&a->l->entry[i] != a->old && a->l->entry[i].kind == HV_LEDGER_ACTIVE)
			a->guaranteed += a->l->entry[i].guaranteed;
}

static void offer(const struct admission *a, size_t i, const struct hv_ledger_entry *e)
{
	a->memory[i] = (struct share){e->priority,
				      ledger_less(e->target.memory, e->minimum.memory)};
	a->cpu[i] = (struct share){e->priority, ledger_less(e->target.cpu, e->minimum.cpu)};
}

/* How much of @has is missing for @want beside @others. */
static uint64_t missing(uint64_t has, uint64_t others, uint64_t want)
{
	return ledger_less(others + want, has);
}

/* What is free of @has once @used is taken. */
static uint64_t at_once(uint64_t has, uint64_t used, uint64_t granted, uint64_t old)
{
	return ledger_max(old, ledger_min(granted, ledger_less(has, used)));
}

static int list_changes(const struct admission *a, struct hv_ledger_answer *out)
{
	for (int last = -1, next;; last = next) {
		next = INT_MAX;
		for (size_t i = 0; i < a->l->n; i++) {
			int priority = (int)a->l->entry[i].priority;

			if ((a->memory[i].took || a->cpu[i].took) && priority > last)
				next = priority < next ? priority : next;
		}
		if (next == INT_MAX)
			return 0;
		for (size_t i = 0; i < a->l->n; i++) {
			const struct hv_ledger_entry *e = &a->l->entry[i];
			struct hv_room to = {e->target.memory - a->memory[i].took,
					     e->target.cpu - a->cpu[i].took};

			if ((a->memory[i].took || a->cpu[i].took) && (int)e->priority == next &&
			    ledger_change(out, e, &to))
				return -ENOMEM;
		}
	}
}

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

/* "64 MiB of memory and 50% of a CPU", what is 0 left out. */
static void amount(const struct hv_room *r, char out[80])
{
	if (r->memory && r->cpu)
		snprintf(out, 80, "%llu MiB of memory and %llu%% CPU",
			 mib(r->memory + LEDGER_GRAIN - 1), (unsigned long long)r->cpu);
	else if (r->memory)
		snprintf(out, 80, "%llu MiB of memory", mib(r->memory + LEDGER_GRAIN - 1));
	else
		snprintf(out, 80, "%llu%% CPU", (unsigned long long)r->cpu);
}

static void say_no(const struct admission *a, struct hv_ledger_answer *out)
{
	const struct hv_room *want = &a->want->target;
	char lacking[80];

	amount(&out->lacking, lacking);
	if (a->guaranteed + a->want->guaranteed > a->cap->guarantee)
		snprintf(out->reason, sizeof(out->reason),
			 "no room: %llu%% CPU are to be guaranteed, and of the host's %llu%% "
			 "%llu%% are guaranteed to others",
			 (unsigned long long)a->want->guaranteed,
			 (unsigned long long)a->cap->guarantee, (unsigned long long)a->guaranteed);
	else if (!out->lacking.memory)
		snprintf(out->reason, sizeof(out->reason),
			 "no room: it takes %llu%% CPU, and of %llu%% others hold %llu%%; %s "
			 "are missing, all that may shrink counted",
			 (unsigned long long)want->cpu, (unsigned long long)a->cap->room.cpu,
			 (unsigned long long)a->planned.cpu, lacking);
	else
		snprintf(out->reason, sizeof(out->reason),
			 "no room: it takes %llu MiB, and of %llu MiB %zu others hold %llu; %s "
			 "are missing, all that may shrink counted",
			 mib(want->memory), mib(a->cap->room.memory), a->l->n - (a->old ? 1U : 0U),
			 mib(a->planned.memory), lacking);
}

static void say_yes(const struct admission *a, struct hv_ledger_answer *out)
{
	uint64_t free = ledger_less(a->cap->room.memory, a->planned.memory);

	if (out->verdict == HV_LEDGER_YES)
		snprintf(out->reason, sizeof(out->reason),
			 "it takes %llu MiB of %llu MiB that are free", mib(out->granted.memory),
			 mib(free));
	else
		snprintf(out->reason, sizeof(out->reason),
			 "at a squeeze: it gets %llu of %llu MiB and %llu of %llu%% CPU; %llu MiB "
			 "are free, %zu others shrink",
			 mib(out->granted.memory), mib(a->want->target.memory),
			 (unsigned long long)out->granted.cpu,
			 (unsigned long long)a->want->target.cpu, mib(free), out->nchanges);
}

static int decide(struct admission *a, struct hv_ledger_answer *out)
{
	const struct hv_room *want = &a->want->target, *room = &a->cap->room;
	const struct hv_room none = {0}, *old = a->old ? &a->old->now : &none;
	size_t n = a->l->n + 1;
	uint64_t memory = missing(room->memory, a->planned.memory + a->cap->each, want->memory);
	uint64_t cpu = missing(room->cpu, a->planned.cpu, want->cpu);
	uint64_t grains = (memory + LEDGER_GRAIN - 1) / LEDGER_GRAIN * LEDGER_GRAIN;

	/* In whole MiB; where that is more than there is, to the byte. */
	if (share_take(a->memory, n, grains, LEDGER_GRAIN))
		out->lacking.memory = share_take(a->memory, n, memory, LEDGER_GRAIN);
	out->lacking.cpu = share_take(a->cpu, n, cpu, 1);
	if (out->lacking.memory || out->lacking.cpu ||
	    a->guaranteed + a->want->guaranteed > a->cap->guarantee) {
		out->verdict = HV_LEDGER_NO;
		say_no(a, out);
		return 0;
	}
	out->granted.memory = want->memory - a->memory[n - 1].took;
	out->granted.cpu = want->cpu - a->cpu[n - 1].took;
	out->at_once.memory = at_once(room->memory, a->held.memory + a->cap->each,
				      out->granted.memory, old->memory);
	out->at_once.cpu = at_once(room->cpu, a->held.cpu, out->granted.cpu, old->cpu);
	if (list_changes(a, out))
		return -ENOMEM;
	if (out->nchanges || memcmp(&out->granted, want, sizeof(*want)) ||
	    out->at_once.memory < out->granted.memory || out->at_once.cpu < out->granted.cpu)
		out->verdict = HV_LEDGER_SQUEEZE;
	say_yes(a, out);
	return 0;
}

int hv_ledger_admit(const struct hv_capacity *cap, const struct hv_ledger *l,
		    const struct hv_ledger_entry *want, uint64_t now_ms,
		    struct hv_ledger_answer *out)
{
	struct admission a = {.cap = cap,
			      .l = l,
			      .want = want,
			      .old = ledger_find(l, want->name),
			      .now_ms = now_ms};
	int rc;

	memset(out, 0, sizeof(*out));
	a.memory = calloc(l->n + 1, sizeof(*a.memory));
	a.cpu = calloc(l->n + 1, sizeof(*a.cpu));
	if (!a.memory || !a.cpu) {
		rc = -ENOMEM;
		goto out;
	}
	add_up(&a);
	for (size_t i = 0; i < l->n; i++)
		if (squeezable(&a, &l->entry[i]))
			offer(&a, i, &l->entry[i]);
	offer(&a, l->n, want);
	rc = decide(&a, out);
	if (rc)
		hv_ledger_answer_free(out);
out:
	free(a.memory);
	free(a.cpu);
	return rc;
}
