// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whatever bytes a guest executes, the engine survives: random memory is run in
 * real, protected and long mode, in the kernel's and the user's ring, with
 * exceptions that lead back into it.  What the guest becomes does not matter;
 * that the same seed becomes the same twice does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/engine/engine.h"
#include "hvcore/vmm/ram.h"

#include <cmocka.h>

enum {
	RAM_SIZE = 4 << 20,
	GDT = 0x7000,
	IDT = 0x8000,
	TSS = 0x9800,
	TABLES = 0xa000,
	CODE = 0x100000,
	STACK = 0x180000,
	SEEDS = 100,
	TIME_NS = 200000, /* of the deterministic clock: 25000 instructions */
};

enum mode { REAL, PROT, PROT_USER, LONG, LONG_USER, MODES };

struct rig {
	struct ram ram;
	struct clock clock;
	struct engine *engine;
	uint64_t deadline, random;
};

static uint64_t next(struct rig *r)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random;
}

static uint32_t io_read(void *opaque, uint16_t port, unsigned size)
{
	return (uint32_t)next(opaque);
}

static void io_write(void *opaque, uint16_t port, unsigned size, uint32_t value)
{
}

static uint64_t mmio_read(void *opaque, uint64_t gpa, unsigned size)
{
	return next(opaque);
}

static void mmio_write(void *opaque, uint64_t gpa, unsigned size, uint64_t value)
{
}

static void timers_due(void *opaque)
{
	struct rig *r = opaque;

	r->deadline = UINT64_MAX;
	engine_soft.kick(r->engine, 0);
}

static uint64_t next_deadline(void *opaque)
{
	return ((struct rig *)opaque)->deadline;
}

static void put(struct rig *r, uint32_t at, uint64_t v)
{
	memcpy(r->ram.base + at, &v, 8);
}

static void tables(struct rig *r, enum mode mode)
{
	static const uint64_t gdt[] = {
		0,
		0x00cf9b000000ffff,
		0x00cf93000000ffff,
		0x00af9b000000ffff,
		0x00cffb000000ffff,
		0x00cff3000000ffff,
		0x00affb000000ffff,
	};
	bool wide = mode >= LONG;

	memcpy(r->ram.base + GDT, gdt, sizeof(gdt));
	for (unsigned v = 0; v < 256; v++) {
		uint64_t to = CODE + (next(r) & 0x3ffff), gate;

		gate = (to & 0xffff) | (wide ? 0x18 : 0x08) << 16 | 0xee0000000000 | to >> 16 << 48;
		put(r, IDT + v * (wide ? 16 : 8), gate);
		if (wide)
			put(r, IDT + v * 16 + 8, 0);
	}
	memset(r->ram.base + TSS, 0, 0x68);
	put(r, TSS + 4, wide ? STACK : STACK | 0x10ULL << 32);
	put(r, TABLES, (TABLES + 0x1000) | 7);
	put(r, TABLES + 0x1000, (TABLES + 0x2000) | 7);
	for (unsigned n = 0; n < 4; n++)
		put(r, TABLES + 0x2000 + 8 * n, n * 0x200000ULL | 0x87);
}

static struct kvm_segment segment(unsigned sel, unsigned type, unsigned dpl, bool l)
{
	return (struct kvm_segment){.selector = (uint16_t)(sel | dpl),
				    .limit = 0xffffffff,
				    .type = (uint8_t)type,
				    .present = 1,
				    .dpl = (uint8_t)dpl,
				    .db = !l,
				    .s = 1,
				    .l = l,
				    .g = 1};
}

static void enter(struct rig *r, enum mode mode)
{
	struct engine_vcpu_state s;
	bool wide = mode >= LONG, user = mode == PROT_USER || mode == LONG_USER;
	uint64_t *reg;

	assert_int_equal(engine_soft.get(r->engine, 0, &s), 0);
	reg = (uint64_t *)&s.regs;
	for (unsigned n = 0; n < 16; n++)
		reg[n] = next(r) & (next(r) & 1 ? 0x3fffff : ~0ULL);
	s.regs.rip = mode == REAL ? 0x100 : CODE;
	s.regs.rsp = mode == REAL ? 0x8000 : STACK - 0x8000;
	s.regs.rflags = 2;
	if (mode == REAL) {
		s.sregs.cs.base = 0x20000;
		s.sregs.cs.selector = 0x2000;
	} else {
		s.sregs.cr0 = 0x31 | (wide ? 1U << 31 : 0);
		s.sregs.cs = segment(user   ? wide ? 0x30 : 0x20
				     : wide ? 0x18
					    : 0x08,
				     11, user ? 3 : 0, wide);
		s.sregs.ss = segment(user ? 0x28 : 0x10, 3, user ? 3 : 0, false);
		s.sregs.ds = s.sregs.es = s.sregs.fs = s.sregs.gs = s.sregs.ss;
		s.sregs.tr = (struct kvm_segment){
			.base = TSS, .limit = 0x67, .type = 11, .present = 1, .selector = 0x38};
	}
	s.sregs.cr4 = 0x600 | (wide ? 0x20 : 0);
	s.sregs.efer = wide ? 0x501 : 0;
	s.sregs.cr3 = TABLES;
	s.sregs.gdt.base = GDT;
	s.sregs.gdt.limit = 0x37;
	s.sregs.idt.base = mode == REAL ? 0 : IDT;
	s.sregs.idt.limit = 0xfff;
	assert_int_equal(engine_soft.set(r->engine, 0, &s), 0);
}

/* run() - One seed; returns a checksum of what became of memory and registers. */
static uint64_t run(enum mode mode, uint64_t seed)
{
	static struct rig r;
	const struct engine_board board = {.opaque = &r,
					   .io_read = io_read,
					   .io_write = io_write,
					   .mmio_read = mmio_read,
					   .mmio_write = mmio_write,
					   .timers_due = timers_due,
					   .next_deadline = next_deadline};
	struct engine_config cfg = {.board = &board,
				    .ram = &r.ram,
				    .clock = &r.clock,
				    .vcpus = 1,
				    .deterministic = true};
	struct engine_vcpu_state s;
	struct hv_error err = {""};
	const char *why = "";
	uint64_t sum = 0;

	memset(&r, 0, sizeof(r));
	r.random = seed * 0x9e3779b97f4a7c15ULL + 1;
	r.deadline = TIME_NS;
	clock_init(&r.clock, true);
	assert_int_equal(ram_create(&r.ram, RAM_SIZE, &err), 0);
	for (unsigned at = 0; at < RAM_SIZE / 2; at += 8)
		put(&r, at, next(&r));
	assert_int_equal(engine_soft.create(&cfg, &r.engine, &err), 0);
	if (mode != REAL)
		tables(&r, mode);
	enter(&r, mode);
	sum = engine_soft.run(r.engine, 0, &why);
	assert_int_equal(engine_soft.get(r.engine, 0, &s), 0);
	for (unsigned n = 0; n < sizeof(s.regs) / 8; n++)
		sum = sum * 31 + ((uint64_t *)&s.regs)[n];
	for (unsigned at = 0; at < RAM_SIZE; at += 8) {
		uint64_t v;

		memcpy(&v, r.ram.base + at, 8);
		sum = sum * 31 + v;
	}
	engine_soft.destroy(r.engine);
	ram_destroy(&r.ram);
	return sum;
}

static void random_code(void **state)
{
	enum mode mode = *(enum mode *)*state;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t sum = run(mode, seed);

		if (seed % 16 == 0 && run(mode, seed) != sum)
			fail_msg("seed %lu does not repeat", (unsigned long)seed);
	}
}

int main(void)
{
	static enum mode modes[MODES] = {REAL, PROT, PROT_USER, LONG, LONG_USER};
	const struct CMUnitTest tests[] = {
		{"real mode", random_code, NULL, NULL, &modes[REAL]},
		{"protected mode", random_code, NULL, NULL, &modes[PROT]},
		{"protected mode, ring 3", random_code, NULL, NULL, &modes[PROT_USER]},
		{"64-bit mode", random_code, NULL, NULL, &modes[LONG]},
		{"64-bit mode, ring 3", random_code, NULL, NULL, &modes[LONG_USER]},
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("random code", tests, NULL, NULL);
}
