/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87 comparisons, classification and conditional moves. */
#include "hvcore/vmm/engine/soft/flags.h"
#include "hvcore/vmm/engine/soft/x87.h"

/* compared() - Commit what the host says, and pop.  The codes are set even if that traps. */
HOT void compared(struct cpu *c, uint16_t sw, unsigned pops)
{
	if (x87_status(c, sw, FSW_CC))
		return;
	while (pops--)
		x87_pop(c);
}

/* compared_empty() - The stack fault of a comparison: "unordered". */
static COLD void compared_empty(struct cpu *c, unsigned pops)
{
	bool masked = x87_stack_fault(c, false);

	c->fpu.fsw |= FSW_C0 | FSW_C2 | FSW_C3;
	while (masked && pops--)
		x87_pop(c);
}

#define HOST_REG(name, text)                                                            \
	HOT uint16_t name##_host(const struct ext *a, const struct ext *b, uint8_t unm) \
	{                                                                               \
		uint16_t sw;                                                            \
                                                                                        \
		__asm__ volatile("fldt %[b]\n\tfldt %[a]\n\t" text " %%st(1)" X87_END   \
				 "fstp %%st(0)\n\tfstp %%st(0)"                         \
				 : "=&a"(sw)                                            \
				 : [a] "m"(*a), [b] "m"(*b), [unm] "q"(unm)             \
				 : "cc");                                               \
		return sw;                                                              \
	}
HOST_REG(com, "fcom")
HOST_REG(ucom, "fucom")

#define REG_HANDLER(name, host, pops)                                                              \
	struct insn *x87_##name(struct cpu *c, struct insn *i)                                     \
	{                                                                                          \
		fpu_wait(c, i);                                                                    \
		x87_note(c, i);                                                                    \
		if (unlikely(fpu_empty(c, 0) || fpu_empty(c, i->rm & 7)))                          \
			compared_empty(c, pops);                                                   \
		else                                                                               \
			compared(c,                                                                \
				 host##_host(fpu_st(c, 0), fpu_st(c, i->rm & 7), x87_unmasked(c)), \
				 pops);                                                            \
		return NEXT(c, i);                                                                 \
	}
REG_HANDLER(com, com, 0)
REG_HANDLER(comp, com, 1)
REG_HANDLER(compp, com, 2)
REG_HANDLER(ucom, ucom, 0)
REG_HANDLER(ucomp, ucom, 1)
REG_HANDLER(ucompp, ucom, 2)

#define MEM_HANDLER_POP(name, type, ctype, bits, pops)                                            \
	HOT struct insn *x87_##name##_##type(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                         \
		uint64_t va;                                                                      \
		ctype s;                                                                          \
                                                                                                  \
		fpu_wait(c, i);                                                                   \
		va = insn_ea(c, i, form, bits / 8, false);                                        \
		s = (ctype)mem_read##bits(c, i, va);                                              \
		x87_note_mem(c, i, va);                                                           \
		if (unlikely(fpu_empty(c, 0)))                                                    \
			compared_empty(c, pops);                                                  \
		else                                                                              \
			compared(c, com_##type##_host(fpu_st(c, 0), s, x87_unmasked(c)), pops);   \
		return NEXT(c, i);                                                                \
	}                                                                                         \
	X87_MEM(x87_##name##_##type)
#define MEM_HANDLER(type, ctype, bits, text)                                         \
	HOT uint16_t com_##type##_host(const struct ext *a, ctype b, uint8_t unm)    \
	{                                                                            \
		uint16_t sw;                                                         \
                                                                                     \
		__asm__ volatile("fldt %[a]\n\t" text " %[b]" X87_END "fstp %%st(0)" \
				 : "=&a"(sw)                                         \
				 : [a] "m"(*a), [b] "m"(b), [unm] "q"(unm)           \
				 : "cc");                                            \
		return sw;                                                           \
	}                                                                            \
	MEM_HANDLER_POP(com, type, ctype, bits, 0)                                   \
	MEM_HANDLER_POP(comp, type, ctype, bits, 1)

MEM_HANDLER(f32, uint32_t, 32, "fcoms")
MEM_HANDLER(f64, uint64_t, 64, "fcoml")
MEM_HANDLER(i16, uint16_t, 16, "ficoms")
MEM_HANDLER(i32, uint32_t, 32, "ficoml")

/*
 * FCOMI: the result goes to ZF, PF and CF; the other arithmetic flags are cleared,
 * and C1 stays as it was.
 */
#define COMI_HANDLER(name, text, pops)                                                             \
	HOT uint16_t name##_host(const struct ext *a, const struct ext *b, uint8_t unm,            \
				 uint8_t *fl)                                                      \
	{                                                                                          \
		uint16_t sw;                                                                       \
		uint8_t ah;                                                                        \
                                                                                                   \
		__asm__ volatile("fldt %[b]\n\tfldt %[a]\n\t" text " %%st(1), %%st\n\t"            \
				 "lahf\n\tmovb %%ah, %[fl]" X87_END "fstp %%st(0)\n\tfstp %%st(0)" \
				 : "=&a"(sw), [fl] "=&Q"(ah)                                       \
				 : [a] "m"(*a), [b] "m"(*b), [unm] "Q"(unm)                        \
				 : "cc");                                                          \
		*fl = ah;                                                                          \
		return sw;                                                                         \
	}                                                                                          \
	struct insn *x87_##name(struct cpu *c, struct insn *i)                                     \
	{                                                                                          \
		uint8_t fl = F_ZF | F_PF | F_CF;                                                   \
		bool trap;                                                                         \
                                                                                                   \
		fpu_wait(c, i);                                                                    \
		x87_note(c, i);                                                                    \
		if (unlikely(fpu_empty(c, 0) || fpu_empty(c, i->rm & 7)))                          \
			trap = !x87_stack_fault(c, false);                                         \
		else                                                                               \
			trap = x87_status(c,                                                       \
					  name##_host(fpu_st(c, 0), fpu_st(c, i->rm & 7),          \
						      x87_unmasked(c), &fl),                       \
					  0);                                                      \
		c->fl = fl & (F_ZF | F_PF | F_CF);                                                 \
		c->of = 0;                                                                         \
		if (pops && !trap)                                                                 \
			x87_pop(c);                                                                \
		return NEXT(c, i);                                                                 \
	}
COMI_HANDLER(comi, "fcomi", 0)
COMI_HANDLER(comip, "fcomi", 1)
COMI_HANDLER(ucomi, "fucomi", 0)
COMI_HANDLER(ucomip, "fucomi", 1)

struct insn *x87_tst(struct cpu *c, struct insn *i)
{
	uint16_t sw;

	fpu_wait(c, i);
	x87_note(c, i);
	if (unlikely(fpu_empty(c, 0))) {
		compared_empty(c, 0);
		return NEXT(c, i);
	}
	__asm__ volatile("fldt %[a]\n\tftst" X87_END "fstp %%st(0)"
			 : "=&a"(sw)
			 : [a] "m"(*fpu_st(c, 0)), [unm] "q"(x87_unmasked(c))
			 : "cc");
	compared(c, sw, 0);
	return NEXT(c, i);
}

/* FXAM never faults; an empty register is a class of its own. */
struct insn *x87_xam(struct cpu *c, struct insn *i)
{
	const struct ext *a = fpu_st(c, 0);
	uint16_t sw;

	fpu_wait(c, i);
	x87_note(c, i);
	if (fpu_empty(c, 0))
		sw = FSW_C3 | FSW_C0 | (a->exp & 0x8000 ? FSW_C1 : 0);
	else
		__asm__ volatile("fldt %[a]\n\tfxam\n\tfnstsw %%ax\n\tfstp %%st(0)"
				 : "=&a"(sw)
				 : [a] "m"(*a));
	c->fpu.fsw = (c->fpu.fsw & ~FSW_CC) | (sw & FSW_CC);
	return NEXT(c, i);
}

/*
 * FCMOVcc: an empty register is a fault whether or not the condition holds.  C1
 * stays as it was.
 */
HOT struct insn *cmov(struct cpu *c, struct insn *i, const uint8_t flags, const bool set)
{
	fpu_wait(c, i);
	x87_note(c, i);
	if (unlikely(fpu_empty(c, 0) || fpu_empty(c, i->rm & 7))) {
		x87_underflow(c, 0, 0);
		return NEXT(c, i);
	}
	if (!!(c->fl & flags) == set)
		x87_set(c, 0, *fpu_st(c, i->rm & 7));
	return NEXT(c, i);
}

#define CMOV(cc, flags, set)                                     \
	struct insn *x87_cmov##cc(struct cpu *c, struct insn *i) \
	{                                                        \
		return cmov(c, i, flags, set);                   \
	}
CMOV(b, F_CF, true)
CMOV(e, F_ZF, true)
CMOV(be, F_CF | F_ZF, true)
CMOV(u, F_PF, true)
CMOV(nb, F_CF, false)
CMOV(ne, F_ZF, false)
CMOV(nbe, F_CF | F_ZF, false)
CMOV(nu, F_PF, false)
