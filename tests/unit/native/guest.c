/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's side: a guest of one page-table tree and an IDT whose every gate
 * leads to "tell the test, and halt".  The state of the user code is set and read
 * through the engine's interface; what ended it is read from the exception frame.
 *
 *   guest-physical  1000  GDT    2000  IDT    3000  TSS    4000  stubs, 16 bytes each
 *                   7000  the kernel stack's top          8000  page tables
 *                   100000  code          200000  data
 *
 * The low megabyte is mapped at KERNEL, for the supervisor only.
 */
#include "tests/unit/native/native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/engine/engine.h"
#include "hvcore/vmm/ram.h"

#define KERNEL 0xfffff00000000000ULL

enum {
	RAM_BYTES = 16 << 20,
	GDT = 0x1000,
	IDT = 0x2000,
	TSS = 0x3000,
	STUBS = 0x4000,
	STACK_TOP = 0x7000,
	TABLES = 0x8000,
	CODE_GPA = 0x100000,
	DATA_GPA = 0x200000,
	END_PORT = 0xf4,
	STUB_BYTES = 16,
	SEL_KERNEL_CODE = 0x10,
	SEL_KERNEL_DATA = 0x18,
	SEL_TSS = 0x40,
};

enum { PTE_P = 1, PTE_W = 2, PTE_U = 4 };
#define PTE_NX (1ULL << 63)

/* CR0: PE MP ET NE WP AM PG; CR4: PAE PGE OSFXSR OSXMMEXCPT; EFER: SCE LME LMA NXE. */
#define CR0_VALUE  0x80050033ULL
#define CR4_VALUE  0x6a0ULL
#define EFER_VALUE 0xd01ULL

struct guest {
	const struct engine_ops *ops;
	struct engine *engine;
	struct engine_board board;
	struct ram ram;
	struct clock clock;
	struct engine_vcpu_state base;
	uint64_t tables; /* the next page for a table */
};

static uint8_t *gpa(struct guest *g, uint64_t at)
{
	return ram_ptr(&g->ram, at, 1);
}

static void put64(struct guest *g, uint64_t at, uint64_t v)
{
	memcpy(gpa(g, at), &v, 8);
}

static uint64_t get64(struct guest *g, uint64_t at)
{
	uint64_t v;

	memcpy(&v, gpa(g, at), 8);
	return v;
}

/* map() - Page @va at @pa, making what tables it needs. */
static void map(struct guest *g, uint64_t va, uint64_t pa, uint64_t bits)
{
	uint64_t table = TABLES;

	for (unsigned level = 3; level; level--) {
		uint64_t at = table + (va >> (12 + 9 * level) & 511) * 8;

		if (!get64(g, at)) {
			put64(g, at, g->tables | PTE_P | PTE_W | PTE_U);
			g->tables += PAGE;
		}
		table = get64(g, at) & ~0xfffULL;
	}
	put64(g, table + (va >> 12 & 511) * 8, pa | bits | PTE_P);
}

static void make_tables(struct guest *g)
{
	g->tables = TABLES + PAGE;
	for (unsigned n = 0; n < 256; n++)
		map(g, KERNEL + n * PAGE, n * PAGE, PTE_W);
	for (unsigned n = 0; n < CODE_PAGES; n++)
		map(g, CODE + n * PAGE, CODE_GPA + n * PAGE, PTE_U);
	for (unsigned n = 0; n < DATA_PAGES; n++)
		if (n != DATA_HOLE)
			map(g, DATA + n * PAGE, DATA_GPA + n * PAGE,
			    PTE_U | PTE_NX | (n == DATA_RO ? 0 : PTE_W));
}

/* make_descriptors() - The GDT as Linux has it, the TSS, and a gate for every vector. */
static void make_descriptors(struct guest *g)
{
	static const uint64_t gdt[] = {
		0,
		0x00cf9b000000ffff,
		0x00af9b000000ffff,
		0x00cf93000000ffff,
		0x00cffb000000ffff,
		0x00cff3000000ffff,
		0x00affb000000ffff,
		0,
	};
	static const uint8_t stub[] = {0xe6, END_PORT, 0xf4, 0xeb, 0xfb}; /* out, hlt, again */
	uint64_t tss = KERNEL + TSS;

	memcpy(gpa(g, GDT), gdt, sizeof(gdt));
	/* Busy 64-bit TSS. */
	put64(g, GDT + SEL_TSS,
	      0x67 | (tss & 0xffffff) << 16 | 0x8bULL << 40 | (tss >> 24 & 0xff) << 56);
	put64(g, GDT + SEL_TSS + 8, tss >> 32);
	put64(g, TSS + 4, KERNEL + STACK_TOP); /* RSP0 */
	put64(g, TSS + 0x60, 0x68ULL << 48);   /* no I/O permission bitmap */
	for (unsigned n = 0; n < 256; n++) {
		uint64_t to = KERNEL + STUBS + n * STUB_BYTES;
		/* INT3, INTO: user code may; the others are for the processor only. */
		uint64_t dpl = n == 3 || n == 4 ? 3 : 0;

		memcpy(gpa(g, STUBS + n * STUB_BYTES), stub, sizeof(stub));
		put64(g, IDT + n * 16,
		      (to & 0xffff) | SEL_KERNEL_CODE << 16 | (0x8eULL | dpl << 5) << 40 |
			      (to >> 16 & 0xffff) << 48);
		put64(g, IDT + n * 16 + 8, to >> 32);
	}
}

static uint32_t io_read(void *opaque, uint16_t port, unsigned size)
{
	return 0xffffffff;
}

static void io_write(void *opaque, uint16_t port, unsigned size, uint32_t value)
{
	struct guest *g = opaque;

	if (port == END_PORT)
		g->ops->kick(g->engine, 0);
}

static uint64_t mmio_read(void *opaque, uint64_t at, unsigned size)
{
	return ~0ULL;
}

static void mmio_write(void *opaque, uint64_t at, unsigned size, uint64_t value)
{
}

static int pic_ack(void *opaque)
{
	return 0xff;
}

static void ioapic_eoi(void *opaque, uint8_t vector)
{
}

static struct kvm_segment segment(uint16_t sel, uint8_t type, uint8_t dpl, bool code64)
{
	bool code = type & 8;

	return (struct kvm_segment){
		.selector = sel,
		.limit = 0xffffffff,
		.type = type,
		.dpl = dpl,
		.s = 1,
		.present = 1,
		.g = 1,
		.l = code && code64,
		.db = !(code && code64),
	};
}

/* set_system() - What is the same for every sequence. */
static void set_system(struct kvm_sregs *s)
{
	s->cr0 = CR0_VALUE;
	s->cr3 = TABLES;
	s->cr4 = CR4_VALUE;
	s->efer = EFER_VALUE;
	s->gdt.base = KERNEL + GDT;
	s->gdt.limit = SEL_TSS + 15;
	s->idt.base = KERNEL + IDT;
	s->idt.limit = 256 * 16 - 1;
	s->tr = (struct kvm_segment){
		.base = KERNEL + TSS, .limit = 0x67, .selector = SEL_TSS, .type = 11, .present = 1};
	s->ldt = (struct kvm_segment){.unusable = 1, .type = 2};
	s->ds = s->es = segment(SEL_DATA, 3, 3, false);
	s->ss = segment(SEL_DATA, 3, 3, false);
	s->fs = s->gs = (struct kvm_segment){.unusable = 1, .type = 3, .dpl = 3, .s = 1};
	s->gs.base = GS_BASE;
}

struct guest *guest_open(const struct engine_ops *ops, bool forgetful)
{
	struct guest *g = calloc(1, sizeof(*g));
	struct engine_config cfg = {.vcpus = 1, .flush_always = forgetful};
	struct hv_error err = {0};

	if (!g)
		return NULL;
	g->ops = ops;
	g->board = (struct engine_board){.opaque = g,
					 .io_read = io_read,
					 .io_write = io_write,
					 .mmio_read = mmio_read,
					 .mmio_write = mmio_write,
					 .pic_ack = pic_ack,
					 .ioapic_eoi = ioapic_eoi};
	clock_init(&g->clock, false);
	if (ram_create(&g->ram, RAM_BYTES, &err))
		goto fail;
	make_tables(g);
	make_descriptors(g);
	cfg.board = &g->board;
	cfg.ram = &g->ram;
	cfg.clock = &g->clock;
	if (ops->create(&cfg, &g->engine, &err))
		goto fail;
	if (ops->get(g->engine, 0, &g->base))
		goto fail;
	set_system(&g->base.sregs);
	return g;
fail:
	fprintf(stderr, "native: cannot make the engine's side: %s\n", err.text);
	free(g);
	return NULL;
}

/* Both orders are KVM's: rax rbx rcx rdx rsi rdi rsp rbp r8 ... */
static const uint8_t kvm_order[16] = {0, 3, 1, 2, 6, 7, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

static void set_state(struct guest *g, const struct state *in)
{
	struct engine_vcpu_state *v = &g->base;
	unsigned long long *r = &v->regs.rax;

	for (unsigned n = 0; n < 16; n++)
		r[n] = in->r[kvm_order[n]];
	v->regs.rip = in->ip;
	v->regs.rflags = in->flags;
	v->sregs.cs = segment(in->bits32 ? SEL_CODE32 : SEL_CODE64, 11, 3, !in->bits32);
	v->sregs.cr2 = 0;
	memcpy(&v->fpu.fcw, in->fx, 2);
	memcpy(&v->fpu.fsw, in->fx + 2, 2);
	v->fpu.ftwx = in->fx[4];
	memcpy(&v->fpu.mxcsr, in->fx + 24, 4);
	memcpy(v->fpu.fpr, in->fx + 32, 128);
	memcpy(v->fpu.xmm, in->fx + 160, 256);
}

static bool has_error_code(unsigned vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static void get_state(struct guest *g, const struct engine_vcpu_state *v, struct state *out)
{
	const unsigned long long *r = &v->regs.rax;
	uint64_t frame = v->regs.rsp - KERNEL;

	for (unsigned n = 0; n < 16; n++)
		out->r[kvm_order[n]] = r[n];
	out->vector = (uint32_t)((v->regs.rip - KERNEL - STUBS) / STUB_BYTES);
	out->error = 0;
	if (has_error_code(out->vector)) {
		out->error = (uint32_t)get64(g, frame);
		frame += 8;
	}
	out->ip = get64(g, frame);
	out->flags = get64(g, frame + 16);
	out->r[4] = get64(g, frame + 24);
	out->cr2 = v->sregs.cr2;
	memset(out->fx, 0, sizeof(out->fx));
	memcpy(out->fx, &v->fpu.fcw, 2);
	memcpy(out->fx + 2, &v->fpu.fsw, 2);
	out->fx[4] = v->fpu.ftwx;
	memcpy(out->fx + 24, &v->fpu.mxcsr, 4);
	memcpy(out->fx + 32, v->fpu.fpr, 128);
	memcpy(out->fx + 160, v->fpu.xmm, 256);
}

int guest_run(struct guest *g, const struct state *in, struct memory *m, struct state *out,
	      const char **why)
{
	static struct engine_vcpu_state after;
	enum engine_exit exit;

	memcpy(gpa(g, CODE_GPA), m->code, sizeof(m->code));
	memcpy(gpa(g, DATA_GPA), m->data, sizeof(m->data));
	g->ops->ram_written(g->engine, CODE_GPA, sizeof(m->code));
	g->ops->ram_written(g->engine, DATA_GPA, sizeof(m->data));
	set_state(g, in);
	*why = "the engine refuses the state";
	if (g->ops->set(g->engine, 0, &g->base))
		return -1;
	*why = "the guest has shut down (triple fault)";
	exit = g->ops->run(g->engine, 0, why);
	if (exit != ENGINE_KICKED)
		return -1;
	g->ops->settle(g->engine);
	if (g->ops->get(g->engine, 0, &after))
		return -1;
	*why = "the guest did not end in an exception";
	if (after.regs.rip < KERNEL + STUBS || after.regs.rip >= KERNEL + STUBS + 256 * STUB_BYTES)
		return -1;
	get_state(g, &after, out);
	out->bits32 = in->bits32;
	memcpy(m->data, gpa(g, DATA_GPA), sizeof(m->data));
	return 0;
}

void guest_close(struct guest *g)
{
	g->ops->destroy(g->engine);
	ram_destroy(&g->ram);
	free(g);
}
