/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87 loads and stores of every type, and moves in the register stack. */
#include "hvcore/vmm/engine/soft/x87.h"

/*
 * The host's results are values, not variables of the handlers: a handler with
 * a variable in memory cannot jump to the next one.
 */
struct real {
	struct ext v;
	uint16_t sw;
};

/* Reals: an unmasked invalid operation (a signalling NaN) pushes nothing. */
#define FLD(type, ctype, bits, text)                                                         \
	HOT struct real fld_##type##_host(ctype s, uint8_t unm)                              \
	{                                                                                    \
		struct real r = {0};                                                         \
                                                                                             \
		__asm__ volatile(text " %[s]" X87_END X87_IF_EMPTY("2f") "fstpt %[v]\n2:"    \
				 : "=&a"(r.sw), [v] "+m"(r.v)                                \
				 : [s] "m"(s), [unm] "q"(unm)                                \
				 : "cc");                                                    \
		return r;                                                                    \
	}                                                                                    \
	HOT struct insn *x87_fld_##type(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                    \
		struct real r;                                                               \
		uint64_t va;                                                                 \
		ctype s;                                                                     \
                                                                                             \
		fpu_wait(c, i);                                                              \
		va = insn_ea(c, i, form, bits / 8, false);                                   \
		s = (ctype)mem_read##bits(c, i, va);                                         \
		x87_note_mem(c, i, va);                                                      \
		if (unlikely(!fpu_empty(c, 7))) {                                            \
			x87_load(c, X87_INDEFINITE);                                         \
			return NEXT(c, i);                                                   \
		}                                                                            \
		r = fld_##type##_host(s, x87_unmasked(c));                                   \
		x87_status(c, r.sw, FSW_C1);                                                 \
		if (r.sw & FSW_TOP) /* an unmasked denormal is loaded all the same */        \
			x87_push(c, r.v);                                                    \
		return NEXT(c, i);                                                           \
	}                                                                                    \
	X87_MEM(x87_fld_##type)
FLD(f32, uint32_t, 32, "flds")
FLD(f64, uint64_t, 64, "fldl")

/* Integers: always exact. */
#define FILD(type, ctype, bits, text)                                                         \
	HOT struct ext fild_##type##_host(ctype s)                                            \
	{                                                                                     \
		struct ext v = {0};                                                           \
                                                                                              \
		__asm__ volatile(text " %[s]\n\tfstpt %[v]" : [v] "+m"(v) : [s] "m"(s));      \
		return v;                                                                     \
	}                                                                                     \
	HOT struct insn *x87_fild_##type(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		uint64_t va;                                                                  \
		ctype s;                                                                      \
                                                                                              \
		fpu_wait(c, i);                                                               \
		va = insn_ea(c, i, form, bits / 8, false);                                    \
		s = (ctype)mem_read##bits(c, i, va);                                          \
		x87_note_mem(c, i, va);                                                       \
		x87_load(c, fild_##type##_host(s));                                           \
		return NEXT(c, i);                                                            \
	}                                                                                     \
	X87_MEM(x87_fild_##type)
FILD(i16, uint16_t, 16, "filds")
FILD(i32, uint32_t, 32, "fildl")
FILD(i64, uint64_t, 64, "fildll")

/* What is stored, and the host's status word. */
struct stored {
	uint64_t v;
	uint16_t sw;
};

/* store_status() - The exceptions of a store. */
HOT void store_status(struct cpu *c, uint16_t sw, bool empty)
{
	if (unlikely(empty))
		x87_stack_fault(c, false);
	else
		x87_status(c, sw, FSW_C1);
}

/*
 * Stores.  After an unmasked exception but PE nothing is stored and nothing
 * popped; the host then has not popped, either.
 */
#define FST(name, type, ctype, bits, pops, indefinite, text)                                      \
	HOT struct stored name##_##type##_host(const struct ext *s, uint8_t unm)                  \
	{                                                                                         \
		struct stored r = {0};                                                            \
		ctype v = 0;                                                                      \
                                                                                                  \
		__asm__ volatile("fldt %[s]\n\t" text                                             \
				 " %[v]" X87_END X87_IF_EMPTY("2f") "fstp %%st(0)\n2:"            \
				 : "=&a"(r.sw), [v] "+m"(v)                                       \
				 : [s] "m"(*s), [unm] "q"(unm)                                    \
				 : "cc");                                                         \
		r.v = v;                                                                          \
		return r;                                                                         \
	}                                                                                         \
	HOT struct insn *x87_##name##_##type(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                         \
		struct stored r = {.v = indefinite, .sw = FPX_IE};                                \
		bool empty;                                                                       \
		uint64_t va;                                                                      \
                                                                                                  \
		fpu_wait(c, i);                                                                   \
		empty = fpu_empty(c, 0);                                                          \
		if (likely(!empty))                                                               \
			r = name##_##type##_host(fpu_st(c, 0), x87_unmasked(c));                  \
		if (unlikely(r.sw & ~c->fpu.fcw & FPX_ALL & ~FPX_PE)) {                           \
			x87_note_mem(c, i, insn_ea_offset(c, i) + c->seg[i->seg].base);           \
			store_status(c, r.sw, empty);                                             \
			return NEXT(c, i);                                                        \
		}                                                                                 \
		va = insn_ea(c, i, form, bits / 8, true);                                         \
		mem_write##bits(c, i, va, r.v);                                                   \
		x87_note_mem(c, i, va);                                                           \
		store_status(c, r.sw, empty);                                                     \
		if (pops)                                                                         \
			x87_pop(c);                                                               \
		return NEXT(c, i);                                                                \
	}                                                                                         \
	X87_MEM(x87_##name##_##type)
FST(fst, f32, uint32_t, 32, 0, 0xffc00000, "fsts")
FST(fst, f64, uint64_t, 64, 0, 0xfff8000000000000, "fstl")
FST(fstp, f32, uint32_t, 32, 1, 0xffc00000, "fstps")
FST(fstp, f64, uint64_t, 64, 1, 0xfff8000000000000, "fstpl")
FST(fist, i16, uint16_t, 16, 0, 0x8000, "fists")
FST(fist, i32, uint32_t, 32, 0, 0x80000000, "fistl")
FST(fistp, i16, uint16_t, 16, 1, 0x8000, "fistps")
FST(fistp, i32, uint32_t, 32, 1, 0x80000000, "fistpl")
FST(fistp, i64, uint64_t, 64, 1, 0x8000000000000000, "fistpll")

/* Eighty bits: moved as they are. */
static void fld80(struct cpu *c, struct insn *i, uint64_t va)
{
	struct ext v = {0};

	mem_read_bytes(c, i, va, &v, 10);
	x87_note_mem(c, i, va);
	x87_load(c, v);
}

static void fstp80(struct cpu *c, struct insn *i, uint64_t va)
{
	bool empty = fpu_empty(c, 0);
	struct ext v = empty ? X87_INDEFINITE : *fpu_st(c, 0);

	if (empty && !(c->fpu.fcw & FPX_IE)) {
		x87_note_mem(c, i, va);
		x87_stack_fault(c, false);
		return;
	}
	mem_write_bytes(c, i, va, &v, 10);
	x87_note_mem(c, i, va);
	if (empty)
		x87_stack_fault(c, false);
	else
		c->fpu.fsw &= ~FSW_C1;
	x87_pop(c);
}

HOT struct insn *x87_fld_f80(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	fld80(c, i, insn_ea(c, i, form, 10, false));
	return NEXT(c, i);
}

HOT struct insn *x87_fstp_f80(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	fstp80(c, i, insn_ea(c, i, form, 10, true));
	return NEXT(c, i);
}

X87_MEM(x87_fld_f80)
X87_MEM(x87_fstp_f80)

/* Packed decimal, 18 digits. */
static COLD void fbld(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, 10, false);
	struct ext v = {0};
	uint8_t s[10];

	mem_read_bytes(c, i, va, s, 10);
	x87_note_mem(c, i, va);
	__asm__ volatile("fbld %[s]\n\tfstpt %[v]" : [v] "+m"(v) : [s] "m"(s));
	x87_load(c, v);
}

static COLD void fbstp(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, 10, true);
	uint8_t v[10] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff}; /* indefinite */
	bool empty = fpu_empty(c, 0);
	uint16_t sw = FPX_IE;

	if (!empty)
		__asm__ volatile(
			"fldt %[s]\n\tfbstp %[v]" X87_END X87_IF_EMPTY("2f") "fstp %%st(0)\n2:"
			: "=&a"(sw), [v] "=m"(v)
			: [s] "m"(*fpu_st(c, 0)), [unm] "q"(x87_unmasked(c))
			: "cc");
	if (!(sw & ~c->fpu.fcw & FPX_PRE))
		mem_write_bytes(c, i, va, v, 10);
	x87_note_mem(c, i, va);
	if (empty ? x87_stack_fault(c, false) : !x87_status(c, sw, FSW_C1))
		x87_pop(c);
}

struct insn *x87_fbld(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	fbld(c, i);
	return NEXT(c, i);
}

struct insn *x87_fbstp(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	fbstp(c, i);
	return NEXT(c, i);
}

/* Between registers. */
struct insn *x87_fld(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	x87_note(c, i);
	if (unlikely(fpu_empty(c, i->rm & 7))) {
		/* Into the register that would be pushed. */
		if (x87_stack_fault(c, false))
			x87_push(c, X87_INDEFINITE);
	} else {
		x87_load(c, *fpu_st(c, i->rm & 7));
	}
	return NEXT(c, i);
}

HOT struct insn *store_reg(struct cpu *c, struct insn *i, unsigned pops)
{
	fpu_wait(c, i);
	x87_note(c, i);
	if (unlikely(fpu_empty(c, 0))) {
		x87_underflow(c, i->rm & 7, pops);
		return NEXT(c, i);
	}
	c->fpu.fsw &= ~FSW_C1;
	x87_set(c, i->rm & 7, *fpu_st(c, 0));
	if (pops)
		x87_pop(c);
	return NEXT(c, i);
}

struct insn *x87_fst(struct cpu *c, struct insn *i)
{
	return store_reg(c, i, 0);
}

struct insn *x87_fstp(struct cpu *c, struct insn *i)
{
	return store_reg(c, i, 1);
}

/* The undocumented FSTP of D9: an empty ST(0) is no fault, and is not stored. */
struct insn *x87_fstpnce(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	x87_note(c, i);
	c->fpu.fsw &= ~FSW_C1;
	if (!fpu_empty(c, 0))
		x87_set(c, i->rm & 7, *fpu_st(c, 0));
	x87_pop(c);
	return NEXT(c, i);
}

struct insn *x87_fxch(struct cpu *c, struct insn *i)
{
	unsigned n = i->rm & 7;
	struct ext a;
	struct ext b;

	fpu_wait(c, i);
	x87_note(c, i);
	a = *fpu_st(c, 0);
	b = *fpu_st(c, n);
	if (unlikely(fpu_empty(c, 0) || fpu_empty(c, n))) {
		if (!x87_stack_fault(c, false))
			return NEXT(c, i);
		if (fpu_empty(c, 0))
			a = X87_INDEFINITE;
		if (fpu_empty(c, n))
			b = X87_INDEFINITE;
	} else {
		c->fpu.fsw &= ~FSW_C1;
	}
	x87_set(c, 0, b);
	x87_set(c, n, a);
	return NEXT(c, i);
}

struct insn *x87_ffree(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	x87_note(c, i);
	c->fpu.fsw &= ~FSW_C1;
	c->fpu.ftw &= ~(1 << ((fpu_top(c) + i->rm) & 7));
	return NEXT(c, i);
}

/* FFREEP: not documented, in every processor since the 8087. */
struct insn *x87_ffreep(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	x87_note(c, i);
	c->fpu.fsw &= ~FSW_C1;
	c->fpu.ftw &= ~(1 << ((fpu_top(c) + i->rm) & 7));
	x87_pop(c);
	return NEXT(c, i);
}

struct insn *x87_fincstp(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	x87_note(c, i);
	c->fpu.fsw &= ~FSW_C1;
	x87_set_top(c, fpu_top(c) + 1);
	return NEXT(c, i);
}

struct insn *x87_fdecstp(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	x87_note(c, i);
	c->fpu.fsw &= ~FSW_C1;
	x87_set_top(c, fpu_top(c) - 1);
	return NEXT(c, i);
}

struct insn *x87_fnop(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	x87_note(c, i);
	return NEXT(c, i);
}

/* FNENI, FNDISI, FNSETPM: nothing since the 80387, and they do not wait. */
struct insn *x87_fnold(struct cpu *c, struct insn *i)
{
	return NEXT(c, i);
}
