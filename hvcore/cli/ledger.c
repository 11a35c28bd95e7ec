// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ledger: what this host has, who holds it, and what would be taken here if
 * another host were lost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "hv/ledger.h"
#include "watch.h"

enum { BOOKED_MS = 1000 };

static const char *const kinds[] = {"active", "twin", "spare"};

struct account {
	struct hv_capacity cap;
	struct hv_ledger l;
	uint64_t *in_use; /* of each entry, bytes */
	struct hv_ledger_promise *lost;
	size_t nlost;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int collect(struct account *a, struct hv_error *err)
{
	int rc = hv_capacity(&a->cap, err);

	if (!rc)
		rc = hv_ledger_read(&a->l, err);
	if (rc)
		return rc;
	a->in_use = calloc(a->l.n + 1, sizeof(*a->in_use));
	if (!a->in_use)
		return hv_err(err, -ENOMEM, "not enough memory");
	for (size_t i = 0; i < a->l.n; i++)
		a->in_use[i] = hv_ledger_in_use(a->l.entry[i].name);
	rc = hv_ledger_promises(&a->cap, &a->l, now_ms(), &a->lost, &a->nlost);
	return rc ? hv_err(err, rc, "not enough memory") : 0;
}

static void discard(struct account *a)
{
	hv_ledger_free(&a->l);
	free(a->in_use);
	free(a->lost);
}

static uint64_t all_in_use(const struct account *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->l.n; i++)
		sum += a->in_use[i];
	return sum;
}

static uint64_t guaranteed(const struct account *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->l.n; i++)
		if (a->l.entry[i].kind == HV_LEDGER_ACTIVE)
			sum += a->l.entry[i].guaranteed;
	return sum;
}

/* What is under way, or why it stands there as it does. */
static void state_of(const struct hv_ledger_entry *e, char out[160])
{
	unsigned long long to = e->target.memory >> 20;

	if (e->state == HV_LEDGER_UNBOOKED)
		snprintf(out, 160, "counted in full: %s", e->why);
	else if (e->state == HV_LEDGER_BOOKED && e->target.memory > e->now.memory)
		snprintf(out, 160, "waits for %llu MiB", to);
	else if (e->state == HV_LEDGER_BOOKED)
		snprintf(out, 160, "booked, starts");
	else if (e->now.memory > e->target.memory)
		snprintf(out, 160, "shrinks to %llu MiB", to);
	else if (e->kind == HV_LEDGER_TWIN && e->active_on[0])
		snprintf(out, 160, "active on %.64s", e->active_on);
	else if (e->kind != HV_LEDGER_ACTIVE)
		snprintf(out, 160, "waits");
	else if (e->target.memory < e->full.memory || e->target.cpu < e->full.cpu)
		snprintf(out, 160, "squeezed");
	else
		snprintf(out, 160, "in full");
}

/* --- for people --- */

static void amount(uint64_t bytes, char out[24])
{
	snprintf(out, 24, "%llu MiB", (unsigned long long)(bytes >> 20));
}

static void print_row(const struct account *a, size_t i)
{
	const struct hv_ledger_entry *e = &a->l.entry[i];
	char now[24], full[24], minimum[24], use[24], state[160];

	amount(e->now.memory, now);
	amount(e->full.memory, full);
	amount(e->minimum.memory, minimum);
	amount(a->in_use[i], use);
	state_of(e, state);
	printf("%-20s %-6s %4u %10s %10s %10s %10s %4llu%%  %s\n", e->name, kinds[e->kind],
	       e->priority, use, now, full, minimum, (unsigned long long)e->now.cpu, state);
}

static void print_lost(const struct hv_ledger_promise *p)
{
	char takes[24], verdict[64];

	amount(p->takes.memory, takes);
	if (p->refused)
		snprintf(verdict, sizeof(verdict), "NO ROOM for %u of %u", p->refused, p->twins);
	else
		snprintf(verdict, sizeof(verdict), p->squeezed ? "fits at a squeeze" : "fits");
	printf("%-20s %6u %15s  %s\n", p->host[0] ? p->host : "(not known)", p->twins, takes,
	       verdict);
}

static void print_host(const struct account *a)
{
	const struct hv_capacity *c = &a->cap;
	struct hv_room held = hv_ledger_held(c, &a->l, false);
	unsigned long long room = c->room.memory >> 20, have = held.memory >> 20;

	printf("memory:   %llu MiB (%s), %llu kept for the host, %llu for domains\n",
	       (unsigned long long)(c->has.memory >> 20), c->memory_from,
	       (unsigned long long)(c->keep.memory >> 20), room);
	printf("          %llu held, %llu free%s; %llu in use\n", have,
	       room > have ? room - have : 0, have > room ? " (OVERCOMMITTED)" : "",
	       (unsigned long long)(all_in_use(a) >> 20));
	printf("CPU:      %llu%% (%s), %llu%% kept for the host, ", (unsigned long long)c->has.cpu,
	       c->cpu_from, (unsigned long long)c->keep.cpu);
	if (c->room.cpu == HV_CPU_UNLIMITED)
		printf("shared without a limit\n");
	else
		printf("%llu%% for domains\n", (unsigned long long)c->room.cpu);
	printf("          %llu%% held, %llu%% guaranteed\n", (unsigned long long)held.cpu,
	       (unsigned long long)guaranteed(a));
}

static int print(const struct account *a)
{
	print_host(a);
	if (a->l.n)
		printf("\n%-20s %-6s %4s %10s %10s %10s %10s %5s  %s\n", "DOMAIN", "KIND", "PRIO",
		       "IN USE", "HOLDS", "FULL", "MINIMUM", "CPU", "STATE");
	for (size_t i = 0; i < a->l.n; i++)
		print_row(a, i);
	if (a->nlost)
		printf("\n%-20s %6s %15s\n", "IF LOST", "TWINS", "WOULD TAKE");
	for (size_t i = 0; i < a->nlost; i++)
		print_lost(&a->lost[i]);
	return HV_EXIT_OK;
}

/* --- for programs: bytes, and percent of one CPU --- */

static json_t *room_json(const struct hv_room *r)
{
	json_t *o = json_pack("{s:I}", "memory", (json_int_t)r->memory);

	json_object_set_new(o, "cpu",
			    r->cpu == HV_CPU_UNLIMITED ? json_null()
						       : json_integer((json_int_t)r->cpu));
	return o;
}

static json_t *entry_json(const struct account *a, size_t i)
{
	static const char *const states[] = {"running", "booked", "unbooked"};
	const struct hv_ledger_entry *e = &a->l.entry[i];
	json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I}", "name", e->name, "kind",
			      kinds[e->kind], "state", states[e->state], "priority",
			      (int)e->priority, "in-use", (json_int_t)a->in_use[i], "guaranteed",
			      (json_int_t)e->guaranteed);

	json_object_set_new(o, "now", room_json(&e->now));
	json_object_set_new(o, "target", room_json(&e->target));
	json_object_set_new(o, "minimum", room_json(&e->minimum));
	json_object_set_new(o, "full", room_json(&e->full));
	if (e->active_on[0])
		json_object_set_new(o, "active-on", json_string(e->active_on));
	if (e->why[0])
		json_object_set_new(o, "why", json_string(e->why));
	return o;
}

static json_t *account_json(const struct account *a)
{
	const struct hv_capacity *c = &a->cap;
	struct hv_room held = hv_ledger_held(c, &a->l, false);
	json_t *domains = json_array(), *lost = json_array();
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:s}", "has",
			      room_json(&c->has), "kept", room_json(&c->keep), "room",
			      room_json(&c->room), "held", room_json(&held), "in-use",
			      (json_int_t)all_in_use(a), "can-guarantee", (json_int_t)c->guarantee,
			      "guaranteed", (json_int_t)guaranteed(a), "memory-from",
			      c->memory_from, "cpu-from", c->cpu_from);

	json_object_set_new(o, "free",
			    json_integer(c->room.memory > held.memory
						 ? (json_int_t)(c->room.memory - held.memory)
						 : 0));
	for (size_t i = 0; i < a->l.n; i++)
		json_array_append_new(domains, entry_json(a, i));
	for (size_t i = 0; i < a->nlost; i++) {
		const struct hv_ledger_promise *p = &a->lost[i];

		json_array_append_new(lost, json_pack("{s:s, s:i, s:o, s:i, s:b}", "host", p->host,
						      "twins", (int)p->twins, "takes",
						      room_json(&p->takes), "refused",
						      (int)p->refused, "squeezed", p->squeezed));
	}
	json_object_set_new(o, "domains", domains);
	json_object_set_new(o, "lost", lost);
	return o;
}

static void said(void *arg, const char *name, const char *line)
{
	(void)arg;
	fprintf(stderr, "hv: domain %s %s\n", name, line);
}

/* --- --watch --- */

static json_t *look(void *arg, int *again, pid_t *pid)
{
	struct account *a = arg;
	struct hv_error err = {""};
	int rc;

	(void)pid;
	discard(a);
	*a = (struct account){0};
	rc = collect(a, &err);
	if (rc) {
		fail(rc, &err);
		return NULL;
	}
	/* That a booker dies nobody tells. */
	for (size_t i = 0; i < a->l.n; i++)
		if (a->l.entry[i].state == HV_LEDGER_BOOKED)
			*again = BOOKED_MS;
	return account_json(a);
}

static void print_now(void *arg, const json_t *o)
{
	(void)o;
	print(arg);
}

static int follow(const struct options *o)
{
	static const char *const passing[] = {"in-use", NULL};
	struct account a = {0};
	const struct watched w = {.look = look, .print = print_now, .passing = passing, .arg = &a};
	int code = watch(o, &w);

	discard(&a);
	return code;
}

int cmd_ledger(const struct options *o, int argc, char **argv)
{
	struct account a = {0};
	struct hv_error err = {""};
	int rc = o->given & OPT_RELAX ? hv_ledger_relax(left(o), said, NULL, &err) : 0, code;

	if (rc >= 0 && o->given & OPT_WATCH)
		return follow(o);
	if (rc >= 0)
		rc = collect(&a, &err);
	if (rc)
		code = fail(rc, &err);
	else if (o->given & OPT_JSON)
		code = print_json(account_json(&a), HV_EXIT_OK);
	else
		code = print(&a);
	discard(&a);
	return code;
}
