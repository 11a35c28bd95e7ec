// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code that changes under the processor's feet, by a device or by itself, and
 * debug traps: what caches of decoded code get wrong most easily.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/engine/engine.h"
#include "hvcore/vmm/ram.h"
#include "tests/unit/soft/programs.h"

#include <cmocka.h>

enum { RAM_SIZE = 4 << 20, FUNCTION = 0x200000, ENOUGH = 10000000 };

struct rig {
	struct ram ram;
	struct clock clock;
	struct engine *engine;
	int ended; /* -1: not yet */
	unsigned acted;
};

/* The function's next version: mov $n, %eax; ret. */
static void load_function(struct rig *r, uint32_t n)
{
	uint8_t code[6] = {0xb8, 0, 0, 0, 0, 0xc3};

	memcpy(code + 1, &n, 4);
	memcpy(r->ram.base + FUNCTION, code, sizeof(code));
	ram_written(&r->ram, FUNCTION, sizeof(code));
}

static void io_write(void *opaque, uint16_t port, unsigned size, uint32_t value)
{
	struct rig *r = opaque;

	if (port == 0xe0) {
		load_function(r, value);
		r->acted++;
	} else if (port == 0xf4) {
		r->ended = (int)value;
		engine_soft.kick(r->engine, 0);
	}
}

static uint32_t io_read(void *opaque, uint16_t port, unsigned size)
{
	return ~0U;
}

static uint64_t mmio_read(void *opaque, uint64_t gpa, unsigned size)
{
	return ~0ULL;
}

static void mmio_write(void *opaque, uint64_t gpa, unsigned size, uint64_t value)
{
}

static void written(void *opaque, uint64_t gpa, uint64_t len)
{
	struct rig *r = opaque;

	engine_soft.ram_written(r->engine, gpa, len);
}

/* run() - @program to its end, under each way to keep code; @result gets the words at RESULT. */
static void run(const uint8_t *program, const uint8_t *end, unsigned cache, bool flush,
		uint32_t result[2])
{
	static struct rig r;
	const struct engine_board board = {.opaque = &r,
					   .io_read = io_read,
					   .io_write = io_write,
					   .mmio_read = mmio_read,
					   .mmio_write = mmio_write};
	struct engine_config cfg = {.board = &board,
				    .ram = &r.ram,
				    .clock = &r.clock,
				    .vcpus = 1,
				    .deterministic = true,
				    .block_cache = cache,
				    .flush_always = flush};
	struct hv_error err = {""};
	const char *why = "";

	memset(&r, 0, sizeof(r));
	r.ended = -1;
	clock_init(&r.clock, true);
	assert_int_equal(ram_create(&r.ram, RAM_SIZE, &err), 0);
	assert_int_equal(engine_soft.create(&cfg, &r.engine, &err), 0);
	r.ram.written = written;
	r.ram.opaque = &r;
	memcpy(r.ram.base + PROGRAM, program, (size_t)(end - program));
	load_function(&r, 1000);
	assert_int_equal(engine_soft.boot(r.engine, PROGRAM, 0), 0);
	assert_int_equal(engine_soft.run(r.engine, 0, &why), ENGINE_KICKED);
	assert_int_equal(r.ended, 0);
	assert_true(engine_soft.retired(r.engine, 0) < ENOUGH);
	memcpy(result, r.ram.base + RESULT, 8);
	engine_soft.destroy(r.engine);
	ram_destroy(&r.ram);
}

static void each_way(const uint8_t *program, const uint8_t *end, uint32_t first, uint32_t second)
{
	static const struct {
		unsigned cache;
		bool flush;
	} ways[] = {{0, false}, {1, false}, {0, true}};

	for (unsigned n = 0; n < sizeof(ways) / sizeof(ways[0]); n++) {
		uint32_t result[2];

		run(program, end, ways[n].cache, ways[n].flush, result);
		if (result[0] != first || result[1] != second)
			fail_msg("way %u: %#x and %#x, not %#x and %#x", n, result[0], result[1],
				 first, second);
	}
}

/* 1000 of the first version, then 100, 99, ... 2: the last is never called. */
static void device_rewrites(void **state)
{
	each_way(program_device, program_device_end, 1000 + (100 * 101 / 2 - 1), 0);
}

static void self_modifying(void **state)
{
	each_way(program_self, program_self_end, 0x17, 1);
}

/* NOP, MOV, three LODSB, PUSH, POPF: seven traps, each DR6.BS (with the bits that are always 1). */
static void single_step(void **state)
{
	each_way(program_step, program_step_end, 7, 0xffff4ff0);
}

/* Three of each; B0 and B1. */
static void breakpoints(void **state)
{
	each_way(program_breakpoints, program_breakpoints_end, 6, 0xffff0ff3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_rewrites),
		cmocka_unit_test(self_modifying),
		cmocka_unit_test(single_step),
		cmocka_unit_test(breakpoints),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("traps and changing code", tests, NULL, NULL);
}
