/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What engine.h promises, of each engine: kicks, reset, state, dirty log, doorbells, the clock. */
#include "tests/unit/flat/vm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define GUEST(n, vcpus, exit, engines) extern const uint8_t flat_##n[], flat_##n##_end[];
#include "tests/unit/flat/guests.h"
#undef GUEST

#define OPEN(vm, ops, vcpus, guest) vm_open(vm, ops, vcpus, flat_##guest, flat_##guest##_end)

enum { RESULTS = 0x200000, TSC = 0x10 };

static struct vm vm, other;

/* Turns that a vCPU's thread gets, short as they are, until it has come to do something; a busy host gives it few. */
enum { TURNS = 20, TURNS_MAX = 2000 };

static uint32_t result(const struct vm *v, uint64_t gpa)
{
	uint32_t x;

	memcpy(&x, v->ram.base + gpa, sizeof(x));
	return x;
}

static void test_kick_is_sticky(void **state)
{
	const struct engine_ops *ops = *state;
	const char *why;

	OPEN(&vm, ops, 1, count);
	ops->kick(vm.engine, 0);
	ops->kick(vm.engine, 0); /* two before one return are one */
	assert_int_equal(ops->run(vm.engine, 0, &why), ENGINE_KICKED);
	assert_int_equal(result(&vm, RESULTS), 0);
	for (unsigned i = 0; i < TURNS_MAX && !result(&vm, RESULTS); i++)
		assert_int_equal(vm_run(&vm, 20), -1);
	assert_int_not_equal(result(&vm, RESULTS), 0);
	vm_close(&vm);
}

static void test_stop_and_cont(void **state)
{
	const struct engine_ops *ops = *state;
	uint32_t last = 0;

	OPEN(&vm, ops, 1, count);
	for (unsigned i = 0; i < TURNS || (!last && i < TURNS_MAX); i++) {
		assert_int_equal(vm_run(&vm, 2 + i % 3), -1);
		assert_true(result(&vm, RESULTS) >= last);
		last = result(&vm, RESULTS);
		/* Nothing runs while it stands. */
		usleep(1000);
		assert_int_equal(result(&vm, RESULTS), last);
	}
	assert_true(last > 0);
	vm_close(&vm);
}

static uint64_t msr(const struct engine_vcpu_state *s, uint32_t index)
{
	for (unsigned i = 0; i < s->nmsrs; i++)
		if (s->msr[i].index == index)
			return s->msr[i].data;
	fail_msg("MSR 0x%x is not in the state", index);
	return 0;
}

static void test_clock_stands(void **state)
{
	const struct engine_ops *ops = *state;
	struct engine_vcpu_state a, b;

	OPEN(&vm, ops, 1, count);
	assert_int_equal(vm_run(&vm, 5), -1);
	assert_int_equal(ops->get(vm.engine, 0, &a), 0);
	usleep(20000);
	assert_int_equal(ops->get(vm.engine, 0, &b), 0);
	assert_int_equal(msr(&a, TSC), msr(&b, TSC));
	assert_int_equal(vm_run(&vm, 5), -1);
	assert_int_equal(ops->get(vm.engine, 0, &b), 0);
	assert_true(msr(&b, TSC) > msr(&a, TSC));
	vm_close(&vm);
}

/* timer.S: what it is given, and what it leaves. */
enum {
	TICKS = RESULTS,
	TIMER_LVT = RESULTS + 0x10,
	TIMER_COUNT = RESULTS + 0x14,
	TIMER_VECTOR = 0x60,
	TIMER_NS = 300000000,
	SLACK_NS = 1000000, /* between the guest's clock and the kernel's timers */
};

static uint32_t lapic(const struct engine_vcpu_state *s, unsigned reg)
{
	uint32_t x;

	memcpy(&x, s->lapic.regs + reg, sizeof(x));
	return x;
}

/* timer_armed() - The guest of @ops, stopped just after it set its timer to @lvt; its state in @s. */
static void timer_armed(const struct engine_ops *ops, uint32_t lvt, struct engine_vcpu_state *s)
{
	const uint32_t count = TIMER_NS;

	/* On a busy host it may have expired before the stop: then again. */
	for (unsigned tries = 0; tries < 10; tries++) {
		OPEN(&vm, ops, 1, timer);
		memcpy(vm.ram.base + TIMER_LVT, &lvt, sizeof(lvt));
		memcpy(vm.ram.base + TIMER_COUNT, &count, sizeof(count));
		vm.hold = true;
		assert_int_equal(vm_run(&vm, 0), -1);
		assert_int_equal(ops->get(vm.engine, 0, s), 0);
		if (!result(&vm, TICKS) && lapic(s, 0x390) > TIMER_NS / 2)
			return;
		vm_close(&vm);
	}
	fail_msg("the timer never stood before its end");
}

/* Nothing of the timer passes while the clock stands, and all of the rest after it. */
static void timer_freezes(const struct engine_ops *ops, uint32_t lvt)
{
	struct engine_vcpu_state a, b;
	uint64_t stood, left;

	timer_armed(ops, lvt, &a);
	stood = clock_now(&vm.clock);
	left = lapic(&a, 0x390);
	usleep(TIMER_NS / 1000 + 100000);
	assert_int_equal(ops->get(vm.engine, 0, &b), 0);
	assert_int_equal(lapic(&b, 0x380), TIMER_NS);
	assert_int_equal(lapic(&b, 0x390), left);
	assert_int_equal(lapic(&b, 0x260), 0); /* IRR of the vector */
	/* Stopped and gone on with, and carried over by set(): the same. */
	assert_int_equal(vm_run(&vm, 1), -1);
	assert_int_equal(ops->get(vm.engine, 0, &b), 0);
	assert_int_equal(ops->set(vm.engine, 0, &b), 0);
	usleep(TIMER_NS / 1000);
	do
		assert_int_equal(vm_run(&vm, 20), -1);
	while (!result(&vm, TICKS));
	assert_true(clock_now(&vm.clock) + SLACK_NS >= stood + left);
	assert_true(result(&vm, TICKS) <=
		    1 + (clock_now(&vm.clock) + SLACK_NS - stood - left) / TIMER_NS);
	vm_close(&vm);
}

static void test_timers_stand(void **state)
{
	timer_freezes(*state, TIMER_VECTOR);
	timer_freezes(*state, 1 << 17 | TIMER_VECTOR); /* periodic */
}

static void test_reset_is_a_new_start(void **state)
{
	const struct engine_ops *ops = *state;
	struct engine_vcpu_state a, b;

	OPEN(&vm, ops, 2, paging);
	assert_int_equal(ops->get(vm.engine, 1, &a), 0);
	assert_int_equal(vm_run(&vm, 0), 0);
	ops->reset(vm.engine);
	assert_int_equal(ops->get(vm.engine, 1, &b), 0);
	assert_memory_equal(&a.regs, &b.regs, sizeof(a.regs));
	assert_int_equal(ops->get(vm.engine, 0, &b), 0);
	assert_int_equal(b.regs.rip, 0xfff0);
	assert_int_equal(b.sregs.cs.base, 0xffff0000);
	assert_int_equal(b.sregs.cr3, 0);
	assert_int_equal(b.sregs.efer, 0);
	assert_int_equal(b.sregs.cr0 & 0x80000001, 0);
	vm_reload(&vm, flat_paging, flat_paging_end);
	assert_int_equal(vm_run(&vm, 0), 0);
	vm_close(&vm);
}

/* Where there is nothing to execute, every KVM gives up, and says where. */
static void test_failure_is_told(void **state)
{
	struct engine_vcpu_state s;

	OPEN(&vm, &engine_kvm, 1, count);
	assert_int_equal(engine_kvm.get(vm.engine, 0, &s), 0);
	s.regs.rip = FLAT_MMIO;
	assert_int_equal(engine_kvm.set(vm.engine, 0, &s), 0);
	assert_int_equal(vm_run(&vm, 0), FLAT_FAILED);
	assert_non_null(strstr(vm.why, "cannot execute the instruction at 0xd0000000"));
	assert_non_null(strstr(vm.why, "vCPU 0"));
	vm_close(&vm);
}

static void test_dirty_log(void **state)
{
	const struct engine_ops *ops = *state;
	static const unsigned dirty[] = {0x200, 0x203, 0x204, 0x210, 0x211, 0x212, 0x213};
	uint64_t want[FLAT_RAM / RAM_PAGE / 64] = {0}, got[FLAT_RAM / RAM_PAGE / 64] = {0};

	for (size_t i = 0; i < sizeof(dirty) / sizeof(dirty[0]); i++)
		want[dirty[i] / 64] |= 1ULL << dirty[i] % 64;
	OPEN(&vm, ops, 1, dirty);
	assert_int_equal(ops->dirty_log(vm.engine, true), 0);
	assert_int_equal(vm_run(&vm, 0), 0);
	assert_int_equal(ops->dirty_harvest(vm.engine, got, sizeof(got) / 8), 0);
	for (size_t i = 0; i < sizeof(got) / 8; i++)
		if (got[i] != want[i])
			fail_msg("pages 0x%zx..: 0x%llx instead of 0x%llx", i * 64,
				 (unsigned long long)got[i], (unsigned long long)want[i]);
	/* Harvested is forgotten; written again is seen again. */
	memset(got, 0, sizeof(got));
	assert_int_equal(ops->dirty_harvest(vm.engine, got, sizeof(got) / 8), 0);
	for (size_t i = 0; i < sizeof(got) / 8; i++)
		assert_int_equal(got[i], 0);
	ops->reset(vm.engine);
	vm_reload(&vm, flat_dirty, flat_dirty_end);
	assert_int_equal(vm_run(&vm, 0), 0);
	assert_int_equal(ops->dirty_harvest(vm.engine, got, sizeof(got) / 8), 0);
	for (size_t i = 0; i < sizeof(got) / 8; i++)
		assert_int_equal(got[i] & want[i], want[i]);
	assert_int_equal(ops->dirty_log(vm.engine, false), 0);
	vm_close(&vm);
}

static uint64_t rung(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void test_doorbell(void **state)
{
	const struct engine_ops *ops = *state;
	const uint64_t bell = FLAT_MMIO + 0x800;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t sum;

	OPEN(&vm, ops, 1, bell);
	if (!ops->doorbell) {
		vm_close(&vm);
		close(fd);
		return;
	}
	assert_int_equal(ops->doorbell(vm.engine, bell, 4, fd, true), 0);
	assert_int_equal(vm_run(&vm, 0), 0);
	assert_int_equal(rung(fd), 3);
	assert_true(vm.mmio_sum != 0); /* the narrower ones reached the board */
	sum = vm.mmio_sum;

	/* Any size. */
	assert_int_equal(ops->doorbell(vm.engine, bell, 4, fd, false), 0);
	assert_int_equal(ops->doorbell(vm.engine, bell, 0, fd, true), 0);
	ops->reset(vm.engine);
	vm_reload(&vm, flat_bell, flat_bell_end);
	assert_int_equal(vm_run(&vm, 0), 0);
	assert_int_equal(rung(fd), 5);
	assert_int_equal(vm.mmio_sum, sum);

	/* Gone. */
	assert_int_equal(ops->doorbell(vm.engine, bell, 0, fd, false), 0);
	ops->reset(vm.engine);
	vm_reload(&vm, flat_bell, flat_bell_end);
	assert_int_equal(vm_run(&vm, 0), 0);
	assert_int_equal(rung(fd), 0);
	assert_true(vm.mmio_sum != sum);
	vm_close(&vm);
	close(fd);
}

/* moves() - Work begun on one engine, carried over in the middle, ended on another. */
static void moves(const struct engine_ops *from, const struct engine_ops *to)
{
	struct engine_vcpu_state s;
	uint32_t want;
	uint8_t *whole;

	vm_needs(from);
	vm_needs(to);
	OPEN(&vm, to, 1, work);
	assert_int_equal(vm_run(&vm, 0), 0);
	want = result(&vm, RESULTS - 8);
	whole = malloc(FLAT_RAM);
	assert_non_null(whole);
	memcpy(whole, vm.ram.base, FLAT_RAM);
	vm_close(&vm);

	OPEN(&vm, from, 1, work);
	vm.hold = true;
	assert_int_equal(vm_run(&vm, 0), -1);
	assert_int_equal(from->get(vm.engine, 0, &s), 0);
	assert_int_equal(result(&vm, RESULTS - 8), 0); /* not done yet */
	OPEN(&other, to, 1, work);
	memcpy(other.ram.base, vm.ram.base, FLAT_RAM);
	ram_written(&other.ram, 0, FLAT_RAM);
	clock_set(&other.clock, clock_now(&vm.clock));
	assert_int_equal(to->set(other.engine, 0, &s), 0);
	vm_close(&vm);
	assert_int_equal(vm_run(&other, 0), 0);
	assert_int_equal(result(&other, RESULTS - 8), want);
	assert_memory_equal(other.ram.base, whole, FLAT_RAM);
	vm_close(&other);
	free(whole);
}

static void test_state_moves(void **state)
{
	const struct engine_ops *ops = *state;

	moves(ops, ops);
}

static void test_state_moves_between_engines(void **state)
{
	moves(&engine_kvm, &engine_soft);
	moves(&engine_soft, &engine_kvm);
}

/* waits() - Whether it waits for a start-up message, by whichever of the two names. */
static bool waits(const struct engine_vcpu_state *s)
{
	return s->mp_state.mp_state == KVM_MP_STATE_UNINITIALIZED ||
	       s->mp_state.mp_state == KVM_MP_STATE_INIT_RECEIVED;
}

static void test_both_start_alike(void **state)
{
	const struct engine_ops *const ops[2] = {&engine_soft, &engine_kvm};
	struct engine_vcpu_state s[2][2];

	for (unsigned i = 0; i < 2; i++) {
		OPEN(&vm, ops[i], 2, count);
		ops[i]->reset(vm.engine);
		for (unsigned j = 0; j < 2; j++)
			assert_int_equal(ops[i]->get(vm.engine, j, &s[i][j]), 0);
		vm_close(&vm);
	}
	for (unsigned j = 0; j < 2; j++) {
		const struct engine_vcpu_state *a = &s[0][j], *b = &s[1][j];

		assert_memory_equal(&a->regs, &b->regs, sizeof(a->regs));
		assert_int_equal(a->sregs.cr0, b->sregs.cr0);
		assert_int_equal(a->sregs.cs.base, b->sregs.cs.base);
		assert_int_equal(a->sregs.apic_base, b->sregs.apic_base);
		assert_int_equal(waits(a), waits(b));
		assert_int_equal(a->fpu.fcw, b->fpu.fcw);
		assert_int_equal(a->fpu.mxcsr, b->fpu.mxcsr);
		assert_memory_equal(a->lapic.regs + 0x20, b->lapic.regs + 0x20, 4);
		assert_memory_equal(a->lapic.regs + 0x350, b->lapic.regs + 0x350, 4);
	}
}

#define EACH(f)                                                 \
	{#f " (soft)", f, NULL, NULL, (void *)&engine_soft},    \
	{                                                       \
#f " (kvm)", f, NULL, NULL, (void *)&engine_kvm \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_kick_is_sticky),
		EACH(test_stop_and_cont),
		EACH(test_clock_stands),
		EACH(test_timers_stand),
		EACH(test_reset_is_a_new_start),
		EACH(test_dirty_log),
		EACH(test_doorbell),
		EACH(test_state_moves),
		cmocka_unit_test(test_failure_is_told),
		cmocka_unit_test(test_state_moves_between_engines),
		cmocka_unit_test(test_both_start_alike),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
