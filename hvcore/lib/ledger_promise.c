// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the loss of another host would take here: each of its twins is adopted
 * on paper, the highest priority first; and whether new work would leave no room
 * for that.  Pure.
 */
#include "ledger_private.h"

/* The next host by name, behind @after ("" hosts come first); NULL: no more. */
static const char *next_host(const struct hv_ledger *l, const char *after)
{
	const char *next = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct hv_ledger_entry *e = &l->entry[i];

		if (e->kind == HV_LEDGER_TWIN && (!after || strcmp(e->active_on, after) > 0) &&
		    (!next || strcmp(e->active_on, next) < 0))
			next = e->active_on;
	}
	return next;
}

/* The twin of @host that is next: the highest priority, then by name. */
static struct hv_ledger_entry *next_twin(struct hv_ledger *l, const char *host)
{
	struct hv_ledger_entry *next = NULL;

	for (size_t i = 0; i < l->n; i++) {
		struct hv_ledger_entry *e = &l->entry[i];

		if (e->kind == HV_LEDGER_TWIN && !strcmp(e->active_on, host) &&
		    (!next || e->priority > next->priority))
			next = e;
	}
	return next;
}

/* What was granted comes true on paper: @e is an active, and the others have shrunk. */
static void apply(struct hv_ledger *l, struct hv_ledger_entry *e, const struct hv_ledger_answer *a)
{
	for (size_t i = 0; i < a->nchanges; i++) {
		struct hv_ledger_entry *other = ledger_find(l, a->change[i].name);

		if (other)
			other->now = other->target = a->change[i].to;
	}
	if (a->verdict != HV_LEDGER_NO) {
		e->now = e->target = a->granted;
		e->state = HV_LEDGER_RUNNING;
		e->kind = HV_LEDGER_ACTIVE;
	} else {
		/* It stays a twin, and is not asked again. */
		e->kind = HV_LEDGER_SPARE;
	}
}

/* @refused, if asked for, has room for each entry: which of them would get no room. */
static int lose(const struct hv_capacity *cap, const struct hv_ledger *l, uint64_t now_ms,
		struct hv_ledger_promise *p, bool *refused)
{
	struct hv_ledger paper = {malloc(l->n * sizeof(*l->entry)), l->n};
	struct hv_ledger_entry *e;
	int rc = 0;

	if (!paper.entry)
		return -ENOMEM;
	memcpy(paper.entry, l->entry, l->n * sizeof(*l->entry));
	while (!rc && (e = next_twin(&paper, p->host))) {
		struct hv_ledger_entry want = *e;
		struct hv_ledger_answer a;

		want.kind = HV_LEDGER_ACTIVE;
		want.target = want.full;
		rc = hv_ledger_admit(cap, &paper, &want, now_ms, &a);
		if (rc)
			break;
		p->twins++;
		p->takes.memory += ledger_less(e->full.memory, e->now.memory);
		p->takes.cpu += ledger_less(e->full.cpu, e->now.cpu);
		p->refused += a.verdict == HV_LEDGER_NO;
		p->squeezed |= a.verdict == HV_LEDGER_SQUEEZE;
		if (refused)
			refused[e - paper.entry] = a.verdict == HV_LEDGER_NO;
		apply(&paper, e, &a);
		hv_ledger_answer_free(&a);
	}
	free(paper.entry);
	return rc;
}

int hv_ledger_promises(const struct hv_capacity *cap, const struct hv_ledger *l, uint64_t now_ms,
		       struct hv_ledger_promise **out, size_t *n)
{
	const char *host = NULL;
	int rc = 0;

	*out = calloc(l->n + 1, sizeof(**out));
	*n = 0;
	if (!*out)
		return -ENOMEM;
	while (!rc && (host = next_host(l, host))) {
		struct hv_ledger_promise *p = &(*out)[(*n)++];

		memcpy(p->host, host, strlen(host) + 1);
		rc = lose(cap, l, now_ms, p, NULL);
	}
	if (rc) {
		free(*out);
		*out = NULL;
		*n = 0;
	}
	return rc;
}

/* @l with @want granted as @a says; what it had keeps its place, and @want is last where it is new. */
static int with(const struct hv_ledger *l, const struct hv_ledger_entry *want,
		const struct hv_ledger_answer *a, struct hv_ledger *out)
{
	struct hv_ledger_entry *e;

	*out = (struct hv_ledger){malloc((l->n + 1) * sizeof(*l->entry)), l->n};
	if (!out->entry)
		return -ENOMEM;
	if (l->n)
		memcpy(out->entry, l->entry, l->n * sizeof(*l->entry));
	for (size_t i = 0; i < a->nchanges; i++) {
		e = ledger_find(out, a->change[i].name);
		if (e)
			e->now = e->target = a->change[i].to;
	}
	e = ledger_find(out, want->name);
	e = e ? e : &out->entry[out->n++];
	*e = *want;
	e->now = e->target = a->granted;
	e->state = HV_LEDGER_RUNNING;
	return 0;
}

/* A twin that counts against @want: what comes after it in priority has to yield to it anyway. */
static bool lost_room(const struct hv_ledger_entry *e, const struct hv_ledger_entry *want,
		      bool before, bool after)
{
	return after && !before && e->priority >= want->priority && strcmp(e->name, want->name);
}

int hv_ledger_breaks(const struct hv_capacity *cap, const struct hv_ledger *l,
		     const struct hv_ledger_entry *want, const struct hv_ledger_answer *a,
		     uint64_t now_ms, const struct hv_ledger_entry **twin)
{
	struct hv_ledger then = {0};
	bool *before = calloc(l->n + 1, sizeof(*before)), *after = calloc(l->n + 1, sizeof(*after));
	const char *host = NULL;
	int rc = before && after ? with(l, want, a, &then) : -ENOMEM;

	*twin = NULL;
	while (!rc && !*twin && (host = next_host(l, host))) {
		struct hv_ledger_promise p = {0};

		memcpy(p.host, host, strlen(host) + 1);
		rc = lose(cap, l, now_ms, &p, before);
		rc = rc ? rc : lose(cap, &then, now_ms, &p, after);
		for (size_t i = 0; !rc && !*twin && i < l->n; i++)
			if (lost_room(&l->entry[i], want, before[i], after[i]))
				*twin = &l->entry[i];
	}
	free(before);
	free(after);
	free(then.entry);
	return rc ? rc : *twin != NULL;
}
