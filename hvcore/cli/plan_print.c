// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `hv plan` says to a person: a line a loss, and who is in trouble.
 */
#include <stdio.h>
#include <string.h>

#include "plan.h"

enum { DETAILED = 20, NAMES = 12 };

static const char *const units[] = {"MiB of memory", "% of a processor"};

int plan_code(const struct plan_answer *a)
{
	unsigned worst[HV_PLAN_OFF + 1] = {0};

	for (size_t n = 0; n < a->n; n++)
		for (unsigned f = 0; f < HV_PLAN_OFF; f++)
			worst[f] += a->loss[n].count[f];
	return worst[HV_PLAN_NOT]        ? HV_EXIT_UNCOVERED
	       : worst[HV_PLAN_DOUBT]    ? HV_EXIT_UNKNOWN
	       : worst[HV_PLAN_SQUEEZED] ? HV_EXIT_SQUEEZED
					 : HV_EXIT_OK;
}

const char *plan_lost(const struct plan_cluster *c, const struct hv_plan_loss *l, char *out,
		      size_t size)
{
	size_t at = 0;

	snprintf(out, size, "nothing");
	for (unsigned n = 0; n < l->nlost && at < size; n++)
		at += (size_t)snprintf(out + at, size - at, "%s%s", n ? "," : "",
				       c->host[l->lost[n]].name);
	return out;
}

const char *plan_why(const struct plan_cluster *c, unsigned i, const struct hv_plan_place *at,
		     char *out, size_t size)
{
	const struct hv_plan_item *it = &c->item[i];
	const char *unit = at->kind < HV_PLAN_OURS ? units[at->kind] : c->kind[at->kind];
	const char *at_most = at->roomiest >= 0 ? c->host[at->roomiest].name : "";

	*out = '\0';
	switch (at->why) {
	case HV_PLAN_FINE: break;
	case HV_PLAN_NO_ROOM:
		snprintf(out, size, "no host has room: it books %ld %s, and %s has most left, %ld",
			 (long)it->book[at->kind], unit, at_most, (long)at->most);
		break;
	case HV_PLAN_NO_HOST: snprintf(out, size, "it may run on no host that is left"); break;
	case HV_PLAN_COLOCATED:
		snprintf(out, size, "a colocation keeps it from every host that is left");
		break;
	case HV_PLAN_UNMANAGED: snprintf(out, size, "the cluster does not manage it"); break;
	case HV_PLAN_NO_LEDGER:
		snprintf(
			out, size,
			"placed on %s, whose ledger refuses it: too little %s, even if all of no higher priority shrink",
			at_most, unit);
		break;
	}
	return out;
}

static void print_squeezed(const struct plan_cluster *c, unsigned i, const struct hv_plan_place *at)
{
	const struct hv_plan_item *it = &c->item[i];

	printf("squeezed on %s:", c->host[at->host].name);
	for (unsigned k = 0; k < HV_PLAN_OURS; k++)
		if (at->given[k] < it->full[k])
			printf(" %ld of %ld %s", (long)at->given[k], (long)it->full[k], units[k]);
}

static const char *how(const struct hv_plan_place *at)
{
	static const char *const words[] = {"stays", "adopts its twin", "adopts a spare", "boots"};

	return words[at->how];
}

static void print_domain(const struct plan_cluster *c, unsigned i, const struct hv_plan_place *at)
{
	const struct hv_plan_item *it = &c->item[i];
	char why[256];

	printf("    %s%s%s%s: ", it->name, it->runs_on >= 0 ? " (" : "",
	       it->runs_on >= 0 ? c->host[it->runs_on].name : "", it->runs_on >= 0 ? ")" : "");
	switch (at->fate) {
	case HV_PLAN_FULL: printf("%s on %s", how(at), c->host[at->host].name); break;
	case HV_PLAN_SQUEEZED: print_squeezed(c, i, at); break;
	case HV_PLAN_DOUBT:
		printf("%s on %s, of which nobody knows what it can give", how(at),
		       c->host[at->host].name);
		break;
	case HV_PLAN_NOT: printf("does NOT run: %s", plan_why(c, i, at, why, sizeof(why))); break;
	case HV_PLAN_OFF: printf("is not meant to run"); break;
	}
	puts("");
}

static bool worth_saying(const struct plan_answer *a, const struct hv_plan_loss *l, unsigned i)
{
	const struct hv_plan_item *it = &a->c->item[i];
	const struct hv_plan_place *at = &a->place[i];

	if (it->what != HV_PLAN_DOMAIN || at->fate == HV_PLAN_OFF)
		return false;
	if (a->every || !l->nlost)
		return at->host != it->runs_on || at->fate != HV_PLAN_FULL;
	return at->fate != HV_PLAN_FULL;
}

/* By name: what does not run first, then what is squeezed or in doubt, then the rest. */
static void print_domains(const struct plan_answer *a, const struct hv_plan_loss *l)
{
	static const enum hv_plan_fate order[] = {HV_PLAN_NOT, HV_PLAN_DOUBT, HV_PLAN_SQUEEZED,
						  HV_PLAN_FULL};
	struct hv_plan_loss again;
	unsigned said = 0, more = 0;

	hv_plan_lose(&a->c->plan, a->work, l->lost, l->nlost, a->place, &again);
	for (size_t f = 0; f < sizeof(order) / sizeof(order[0]); f++)
		for (unsigned i = 0; i < a->c->plan.nitems; i++) {
			if (a->place[i].fate != order[f] || !worth_saying(a, l, i))
				continue;
			if (a->every || said < NAMES)
				print_domain(a->c, i, &a->place[i]);
			more += !a->every && said >= NAMES;
			said++;
		}
	if (more)
		printf("    and %u more; `hv plan --loss` names them all\n", more);
}

static void print_line(const struct plan_answer *a, const struct hv_plan_loss *l, int width)
{
	char lost[256];

	printf("%-*s %6u %6u %9u %6u %6u %6u %6u", width, plan_lost(a->c, l, lost, sizeof(lost)),
	       l->displaced, l->count[HV_PLAN_FULL], l->count[HV_PLAN_SQUEEZED],
	       l->count[HV_PLAN_NOT], l->how[HV_PLAN_TWIN], l->how[HV_PLAN_SPARE],
	       l->how[HV_PLAN_COLD]);
	if (l->count[HV_PLAN_DOUBT])
		printf("  %u cannot be told", l->count[HV_PLAN_DOUBT]);
	if (l->pushed)
		printf("  %u must leave hosts that live", l->pushed);
	puts("");
}

static void print_verdict(const struct plan_answer *a)
{
	size_t not = 0, doubt = 0, squeezed = 0;

	for (size_t n = 0; n < a->n; n++) {
		const struct hv_plan_loss *l = &a->loss[n];

		if (l->count[HV_PLAN_NOT])
			not ++;
		else if (l->count[HV_PLAN_DOUBT])
			doubt++;
		else if (l->count[HV_PLAN_SQUEEZED])
			squeezed++;
	}
	puts("");
	if (not )
		printf("NOT COVERED: %zu of %zu.", not, a->n);
	else if (doubt)
		printf("It cannot be told of %zu of %zu.", doubt, a->n);
	else if (squeezed)
		printf("Covered; at a squeeze: %zu of %zu.", squeezed, a->n);
	else
		printf("Covered, every domain in full.");
	puts("");
}

void plan_print(const struct plan_answer *a)
{
	int width = 8;
	char lost[256];

	for (size_t n = 0; n < a->n; n++) {
		int w = (int)strlen(plan_lost(a->c, &a->loss[n], lost, sizeof(lost)));

		width = w > width ? w : width;
	}
	printf("%-*s %6s %6s %9s %6s %6s %6s %6s\n", width, "LOST", "RAN", "FULL", "SQUEEZED",
	       "NOT", "TWIN", "SPARE", "COLD");
	for (size_t n = 0; n < a->n; n++) {
		print_line(a, &a->loss[n], width);
		if (a->every || n < DETAILED)
			print_domains(a, &a->loss[n]);
	}
	print_verdict(a);
	for (size_t n = 0; n < a->c->nnotes; n++)
		printf("Note: %s.\n", a->c->note[n]);
}
