// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flat guests under conditions that only `soft` knows: caches so small that
 * they are emptied all the time, no cache at all, and the deterministic mode,
 * in which two runs must end alike to the instruction.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flat/vm.h"

#include <cmocka.h>

#define GUEST(n, vcpus, exit, engines) extern const uint8_t flat_##n[], flat_##n##_end[];
#include "tests/unit/flat/guests.h"
#undef GUEST

enum engines { NONE, SOFT, BOTH };

static const struct guest {
	const char *name;
	const uint8_t *elf, *end;
	unsigned vcpus;
	int exit;
	enum engines engines;
} guests[] = {
#define GUEST(n, vcpus, exit, engines) {#n, flat_##n, flat_##n##_end, vcpus, exit, engines},
#include "tests/unit/flat/guests.h"
#undef GUEST
};

/* The same engine, created otherwise. */
static int create_tiny(const struct engine_config *cfg, struct engine **out, struct hv_error *err)
{
	struct engine_config c = *cfg;

	c.block_cache = 1; /* the least there is */
	return engine_soft.create(&c, out, err);
}

static int create_flushing(const struct engine_config *cfg, struct engine **out,
			   struct hv_error *err)
{
	struct engine_config c = *cfg;

	c.flush_always = true;
	return engine_soft.create(&c, out, err);
}

static int create_deterministic(const struct engine_config *cfg, struct engine **out,
				struct hv_error *err)
{
	struct engine_config c = *cfg;

	c.deterministic = true;
	clock_init(c.clock, true);
	return engine_soft.create(&c, out, err);
}

static struct engine_ops with_create(int (*create)(const struct engine_config *, struct engine **,
						   struct hv_error *))
{
	struct engine_ops ops = engine_soft;

	ops.create = create;
	return ops;
}

/* run_all() - Every guest ends as it should on @ops. */
static void run_all(const struct engine_ops *ops)
{
	for (unsigned n = 0; n < sizeof(guests) / sizeof(guests[0]); n++) {
		const struct guest *g = &guests[n];
		struct vm vm;
		int end;

		if (g->engines == NONE)
			continue;
		vm_open(&vm, ops, g->vcpus, g->elf, g->end);
		end = vm_run(&vm, 0);
		if (end != g->exit)
			fail_msg("%s: ended with %d, not %d", g->name, end, g->exit);
		vm_close(&vm);
	}
}

static void tiny_cache(void **state)
{
	const struct engine_ops ops = with_create(create_tiny);

	run_all(&ops);
}

static void no_cache(void **state)
{
	const struct engine_ops ops = with_create(create_flushing);

	run_all(&ops);
}

struct outcome {
	struct engine_vcpu_state cpu[FLAT_VCPUS];
	uint64_t retired[FLAT_VCPUS];
	uint64_t time;
	uint8_t *memory;
};

static void run_deterministic(const struct engine_ops *ops, const struct guest *g,
			      struct outcome *o)
{
	struct vm vm;

	memset(o, 0, sizeof(*o));
	vm_open(&vm, ops, g->vcpus, g->elf, g->end);
	if (vm_run(&vm, 0) != g->exit)
		fail_msg("%s did not end as it should", g->name);
	for (unsigned n = 0; n < g->vcpus; n++) {
		assert_int_equal(ops->get(vm.engine, n, &o->cpu[n]), 0);
		o->retired[n] = ops->retired(vm.engine, n);
	}
	o->time = clock_now(&vm.clock);
	o->memory = malloc(FLAT_RAM);
	assert_non_null(o->memory);
	memcpy(o->memory, vm.ram.base, FLAT_RAM);
	vm_close(&vm);
}

static void replay(void **state)
{
	const struct engine_ops ops = with_create(create_deterministic);

	for (unsigned n = 0; n < sizeof(guests) / sizeof(guests[0]); n++) {
		const struct guest *g = &guests[n];
		struct outcome a, b;

		if (g->engines == NONE)
			continue;
		run_deterministic(&ops, g, &a);
		run_deterministic(&ops, g, &b);
		if (memcmp(a.retired, b.retired, sizeof(a.retired)) || a.time != b.time)
			fail_msg("%s: %lu and %lu instructions, %lu and %lu ns", g->name,
				 (unsigned long)a.retired[0], (unsigned long)b.retired[0],
				 (unsigned long)a.time, (unsigned long)b.time);
		assert_memory_equal(a.cpu, b.cpu, sizeof(a.cpu));
		assert_memory_equal(a.memory, b.memory, FLAT_RAM);
		assert_true(a.retired[0] > 0);
		free(a.memory);
		free(b.memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiny_cache),
		cmocka_unit_test(no_cache),
		cmocka_unit_test(replay),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("soft under stress", tests, NULL, NULL);
}
