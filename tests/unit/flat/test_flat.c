/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same flat guests on every engine.  Each guest checks itself and ends
 * with 0; beyond that, engines must leave identical registers and memory.
 */
#include "tests/unit/flat/vm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GUEST(n, vcpus, exit, engines) extern const uint8_t flat_##n[], flat_##n##_end[];
#include "tests/unit/flat/guests.h"
#undef GUEST

struct guest {
	const char *name;
	const uint8_t *elf, *end;
	unsigned vcpus;
	int exit;
	enum { NONE, SOFT, BOTH } engines; /* how many of the table below run it */
};

/* What a guest left behind. */
struct outcome {
	int exit;
	unsigned pins; /* messages of vm.h's pin */
	struct engine_vcpu_state cpu[FLAT_VCPUS];
	uint8_t *memory;
	char log[4096];
};

static const struct engine_ops *const engines[] = {&engine_soft, &engine_kvm};
enum { ENGINES = sizeof(engines) / sizeof(engines[0]) };

/* runs() - How many engines run @g on this machine. */
static unsigned runs(const struct guest *g)
{
	if (g->engines == BOTH && access("/dev/kvm", R_OK | W_OK)) {
		print_message("%s: there is no /dev/kvm to compare with\n", g->name);
		return SOFT;
	}
	return g->engines;
}

/* last_exception() - What long.inc's guests noted last, to find a failure by. */
static void last_exception(const uint8_t *memory)
{
	enum { LOG = 0x380000, RECORD = 64, RECORDS = 256 };
	uint64_t r[8] = {0};

	for (unsigned i = 0; i < RECORDS; i++) {
		uint64_t rip;

		memcpy(&rip, memory + LOG + i * RECORD + 16, sizeof(rip));
		if (!rip)
			break;
		memcpy(r, memory + LOG + i * RECORD, sizeof(r));
	}
	print_message("last exception: vector %llu error 0x%llx rip 0x%llx rsp 0x%llx cr2 0x%llx\n",
		      (unsigned long long)r[0], (unsigned long long)r[1], (unsigned long long)r[2],
		      (unsigned long long)r[5], (unsigned long long)r[7]);
}

static void run_guest(const struct guest *g, const struct engine_ops *ops, struct outcome *out)
{
	static struct vm vm;

	vm_open(&vm, ops, g->vcpus, g->elf, g->end);
	out->exit = vm_run(&vm, 0);
	if (out->exit == FLAT_FAILED)
		print_message("%s: %s: %s\n", g->name, ops->name, vm.why);
	for (unsigned i = 0; i < g->vcpus; i++)
		assert_int_equal(ops->get(vm.engine, i, &out->cpu[i]), 0);
	out->memory = malloc(FLAT_RAM);
	assert_non_null(out->memory);
	memcpy(out->memory, vm.ram.base, FLAT_RAM);
	memcpy(out->log, vm.log, sizeof(out->log));
	out->pins = vm.pins;
	if (out->exit != g->exit)
		last_exception(out->memory);
	if (out->exit != g->exit)
		print_message("%s on %s: ended with %d at rip 0x%llx%s%s\n", g->name, ops->name,
			      out->exit, out->cpu[0].regs.rip, vm.log_len ? ": " : "", vm.log);
	vm_close(&vm);
}

static int differ(const char *what, const char *name, unsigned cpu, uint64_t a, uint64_t b)
{
	if (a == b)
		return 0;
	print_message("%s: vCPU %u: %s: %s 0x%llx, %s 0x%llx\n", name, cpu, what, engines[0]->name,
		      (unsigned long long)a, engines[1]->name, (unsigned long long)b);
	return 1;
}

static int compare_segment(const char *what, const char *name, unsigned cpu,
			   const struct kvm_segment *a, const struct kvm_segment *b)
{
	int bad = differ(what, name, cpu, a->selector, b->selector);

	/* The hidden part of an unusable segment is nobody's business. */
	if (a->unusable || b->unusable)
		return bad;
	bad += differ(what, name, cpu, a->base, b->base);
	bad += differ(what, name, cpu, a->limit, b->limit);
	bad += differ(what, name, cpu, a->type, b->type);
	bad += differ(what, name, cpu, (a->dpl << 4) | (a->s << 3) | (a->l << 2) | a->db,
		      (b->dpl << 4) | (b->s << 3) | (b->l << 2) | b->db);
	return bad;
}

#define DIFF(field)     bad += differ(#field, name, cpu, a->field, b->field)
#define DIFF_SEG(field) bad += compare_segment(#field, name, cpu, &a->sregs.field, &b->sregs.field)

static int compare_regs(const char *name, unsigned cpu, const struct engine_vcpu_state *a,
			const struct engine_vcpu_state *b)
{
	int bad = 0;

	DIFF(regs.rax), DIFF(regs.rbx), DIFF(regs.rcx), DIFF(regs.rdx);
	DIFF(regs.rsi), DIFF(regs.rdi), DIFF(regs.rsp), DIFF(regs.rbp);
	DIFF(regs.r8), DIFF(regs.r9), DIFF(regs.r10), DIFF(regs.r11);
	DIFF(regs.r12), DIFF(regs.r13), DIFF(regs.r14), DIFF(regs.r15);
	DIFF(regs.rip), DIFF(regs.rflags);
	DIFF_SEG(cs), DIFF_SEG(ds), DIFF_SEG(es), DIFF_SEG(fs), DIFF_SEG(gs), DIFF_SEG(ss);
	DIFF(sregs.tr.selector), DIFF(sregs.tr.base), DIFF(sregs.ldt.selector);
	DIFF(sregs.gdt.base), DIFF(sregs.gdt.limit), DIFF(sregs.idt.base), DIFF(sregs.idt.limit);
	DIFF(sregs.cr0), DIFF(sregs.cr2), DIFF(sregs.cr3), DIFF(sregs.cr4), DIFF(sregs.cr8);
	DIFF(sregs.efer), DIFF(sregs.apic_base);
	DIFF(fpu.fcw), DIFF(fpu.mxcsr), DIFF(fpu.ftwx);
	for (unsigned i = 0; i < 16; i++)
		for (unsigned j = 0; j < 16; j += 8) {
			uint64_t x, y;

			memcpy(&x, a->fpu.xmm[i] + j, 8);
			memcpy(&y, b->fpu.xmm[i] + j, 8);
			bad += differ("xmm", name, cpu, x, y);
		}
	DIFF(debugregs.dr6), DIFF(debugregs.dr7);
	DIFF(mp_state.mp_state);
	return bad;
}

/* The local APIC, but for what time writes into it. */
static int compare_lapic(const char *name, unsigned cpu, const struct kvm_lapic_state *a,
			 const struct kvm_lapic_state *b)
{
	int bad = 0;

	for (unsigned reg = 0x20; reg < 0x3f0; reg += 16) {
		uint32_t x, y;
		char what[16];

		if (reg == 0x390 || reg == 0x30) /* the count now; the version */
			continue;
		memcpy(&x, a->regs + reg, 4);
		memcpy(&y, b->regs + reg, 4);
		snprintf(what, sizeof(what), "lapic %03x", reg);
		bad += differ(what, name, cpu, x, y);
	}
	return bad;
}

/* MSRs that both report, but for the TSC and its deadline. */
static int compare_msrs(const char *name, unsigned cpu, const struct engine_vcpu_state *a,
			const struct engine_vcpu_state *b)
{
	int bad = 0;

	for (unsigned i = 0; i < a->nmsrs; i++)
		for (unsigned j = 0; j < b->nmsrs; j++) {
			char what[16];

			if (a->msr[i].index != b->msr[j].index || a->msr[i].index == 0x10 ||
			    a->msr[i].index == 0x6e0)
				continue;
			snprintf(what, sizeof(what), "msr %x", a->msr[i].index);
			bad += differ(what, name, cpu, a->msr[i].data, b->msr[j].data);
		}
	return bad;
}

static int compare_memory(const char *name, const uint8_t *a, const uint8_t *b)
{
	int bad = 0;

	for (size_t i = 0; i < FLAT_RAM; i++)
		if (a[i] != b[i] && bad++ < 8)
			print_message("%s: memory at 0x%zx: %s %02x, %s %02x\n", name, i,
				      engines[0]->name, a[i], engines[1]->name, b[i]);
	return bad;
}

static int compare(const struct guest *g, const struct outcome *a, const struct outcome *b)
{
	int bad = compare_memory(g->name, a->memory, b->memory);

	for (unsigned i = 0; i < g->vcpus; i++) {
		bad += compare_regs(g->name, i, &a->cpu[i], &b->cpu[i]);
		bad += compare_lapic(g->name, i, &a->cpu[i].lapic, &b->cpu[i].lapic);
		bad += compare_msrs(g->name, i, &a->cpu[i], &b->cpu[i]);
	}
	return bad;
}

static void test_guest(void **state)
{
	const struct guest *g = *state;
	static struct outcome out[ENGINES];
	unsigned n = runs(g);
	int bad = 0;

	for (unsigned i = 0; i < n; i++) {
		run_guest(g, engines[i], &out[i]);
		bad += out[i].exit != g->exit;
	}
	/*
	 * A level that is served twice has sent two messages.  A /dev/kvm that interprets (one was seen) now and then tells of an EOI
	 * before the port that was written ahead of it, so that the pin is still high and sends a third one; guests bear that.
	 */
	assert_true(out[0].pins <= 2);
	/* What a shutdown leaves in the registers is the processor's own business. */
	if (n == ENGINES && g->exit != FLAT_SHUTDOWN)
		bad += compare(g, &out[0], &out[1]);
	for (unsigned i = 0; i < n; i++)
		free(out[i].memory);
	assert_int_equal(bad, 0);
}

#define GUEST(n, vcpus, exit, engines) {#n, flat_##n, flat_##n##_end, vcpus, exit, engines},
static const struct guest guests[] = {
#include "tests/unit/flat/guests.h"
};

int main(void)
{
	struct CMUnitTest tests[sizeof(guests) / sizeof(guests[0])];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
		if (guests[i].engines != NONE)
			tests[n++] = (struct CMUnitTest){.name = guests[i].name,
							 .test_func = test_guest,
							 .initial_state = (void *)&guests[i]};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("flat guests", tests, n, NULL, NULL);
}
