// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * info: what a running domain may take, and takes: asked, reached, in force.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "hv/limits_json.h"
#include "hv/rundir.h"
#include "hv/tune.h"
#include "info.h"

static json_t *answer(const struct options *o, const char *name, const char *command)
{
	json_t *ret = NULL;

	return ask(name, command, NULL, left(o), &ret, NULL) ? NULL : ret;
}

/* DEVICE → its limits, of what @command lists; the name stands at @key, the limits at @limits. */
static json_t *limits_of(const struct options *o, const char *name, const char *command,
			 const char *key, const char *limits)
{
	json_t *list = answer(o, name, command), *all = json_object(), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *device = json_string_value(json_object_get(one, key));

		if (device && json_is_object(json_object_get(one, limits)))
			json_object_set(all, device, json_object_get(one, limits));
	}
	json_decref(list);
	return all;
}

static json_t *cpu_of(const char *name)
{
	struct hv_tuned t;

	if (hv_tune_read(name, &t))
		return NULL;
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "group", t.group, "shares",
			 (json_int_t)t.shares, "period", (json_int_t)t.period, "quota",
			 (json_int_t)t.quota, "used", (json_int_t)t.usage, "throttled",
			 (json_int_t)t.throttled);
}

json_t *resources_of(const struct options *o, const char *name)
{
	char *pins = hv_pins_read(name), *failed = hv_run_read(name, "not-applied");
	json_t *r = json_pack(
		"{s:o*, s:o*, s:s*, s:o*, s:o*, s:s*}", "memory",
		answer(o, name, "x-taiki-query-memory"), "cpu", cpu_of(name), "pins", pins, "disks",
		limits_of(o, name, "query-block", "device", "x-taiki-limits"), "interfaces",
		limits_of(o, name, "x-taiki-query-net", "name", "limits"), "not-applied", failed);

	free(pins);
	free(failed);
	return r;
}

static long long mib(const json_t *o, const char *key)
{
	return (long long)(json_integer_value(json_object_get(o, key)) >> 20);
}

static void print_memory(const json_t *m)
{
	const char *state = json_string_value(json_object_get(m, "state"));
	json_int_t rate = json_integer_value(json_object_get(m, "rate"));

	printf("%-15s %lld MiB", "memory now:", mib(m, "reached"));
	if (state && !strcmp(state, "moving"))
		printf(", on the way to %lld MiB, %.1f MiB/s", mib(m, "asked"),
		       (double)rate / (1 << 20));
	else if (state && !strcmp(state, "stalled"))
		printf(", asked for %lld MiB: the guest gives no more", mib(m, "asked"));
	else if (state && !strcmp(state, "no-driver"))
		printf(", asked for %lld MiB: the guest has no balloon driver yet",
		       mib(m, "asked"));
	putchar('\n');
}

static long long n(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void print_cpu(const json_t *c)
{
	printf("%-15s shares %lld, ", "CPU:", n(c, "shares"));
	if (n(c, "quota") > 0)
		printf("at most %lld of each %lld us", n(c, "quota"), n(c, "period"));
	else
		printf("no limit");
	printf(", held back in %lld periods, used %.1f s\n", n(c, "throttled"),
	       (double)n(c, "used") / 1e6);
}

/* Only what limits anything. */
static void print_limits(const json_t *all)
{
	const char *device, *key;
	json_t *limits, *v;

	json_object_foreach ((json_t *)all, device, limits) {
		bool first = true;

		json_object_foreach (limits, key, v) {
			if (!json_integer_value(v))
				continue;
			if (first)
				printf("%-15s %s:", "limits:", device);
			printf("%s %s %lld", first ? "" : ",", key,
			       (long long)json_integer_value(v));
			first = false;
		}
		if (!first)
			putchar('\n');
	}
}

void print_resources(json_t *r)
{
	const char *pins = json_string_value(json_object_get(r, "pins"));
	const char *failed = json_string_value(json_object_get(r, "not-applied"));
	const json_t *memory = json_object_get(r, "memory"), *cpu = json_object_get(r, "cpu");

	if (memory)
		print_memory(memory);
	if (cpu)
		print_cpu(cpu);
	if (pins)
		printf("%-15s %s\n", "own CPUs:", pins);
	print_limits(json_object_get(r, "disks"));
	print_limits(json_object_get(r, "interfaces"));
	if (failed)
		printf("%-15s %s\n", "not applied:", failed);
}
