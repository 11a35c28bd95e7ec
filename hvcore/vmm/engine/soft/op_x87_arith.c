/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87 add, multiply, subtract and divide, with registers, reals and integers in memory. */
#include "hvcore/vmm/engine/soft/x87.h"

/* @d = @d op @s, on registers. */
#define HOST_REG(name)                                                                        \
	HOT uint16_t name##_reg(struct ext *d, const struct ext *s, uint8_t unm)              \
	{                                                                                     \
		uint16_t sw;                                                                  \
                                                                                              \
		__asm__ volatile("fldt %[s]\n\tfldt %[d]\n\tf" #name " %%st(1), %%st" X87_END \
				 "fstpt %[d]\n\tfstp %%st(0)"                                 \
				 : "=&a"(sw), [d] "+m"(*d)                                    \
				 : [s] "m"(*s), [unm] "q"(unm)                                \
				 : "cc");                                                     \
		return sw;                                                                    \
	}
/* @d = @d op a number of another type. */
#define HOST_MEM(name, type, ctype, text)                                          \
	HOT uint16_t name##_##type##_host(struct ext *d, ctype s, uint8_t unm)     \
	{                                                                          \
		uint16_t sw;                                                       \
                                                                                   \
		__asm__ volatile("fldt %[d]\n\t" text " %[s]" X87_END "fstpt %[d]" \
				 : "=&a"(sw), [d] "+m"(*d)                         \
				 : [s] "m"(s), [unm] "q"(unm)                      \
				 : "cc");                                          \
		return sw;                                                         \
	}
#define REG_HANDLER(name, suffix, d, s, pops)                                               \
	struct insn *x87_##name##suffix(struct cpu *c, struct insn *i)                      \
	{                                                                                   \
		fpu_wait(c, i);                                                             \
		x87_note(c, i);                                                             \
		if (unlikely(fpu_empty(c, 0) || fpu_empty(c, i->rm & 7))) {                 \
			x87_underflow(c, d, pops);                                          \
			return NEXT(c, i);                                                  \
		}                                                                           \
		if (!x87_status(c, name##_reg(fpu_st(c, d), fpu_st(c, s), x87_unmasked(c)), \
				FSW_C1) &&                                                  \
		    pops)                                                                   \
			x87_pop(c);                                                         \
		return NEXT(c, i);                                                          \
	}
#define MEM_HANDLER(name, type, ctype, bits, text)                                                \
	HOST_MEM(name, type, ctype, text)                                                         \
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
			x87_underflow(c, 0, 0);                                                   \
		else                                                                              \
			x87_status(c, name##_##type##_host(fpu_st(c, 0), s, x87_unmasked(c)),     \
				   FSW_C1);                                                       \
		return NEXT(c, i);                                                                \
	}                                                                                         \
	X87_MEM(x87_##name##_##type)

#define ARITH(r0, ri, name)                                  \
	HOST_REG(name)                                       \
	REG_HANDLER(name, _0, 0, i->rm & 7, 0)               \
	REG_HANDLER(name, _i, i->rm & 7, 0, 0)               \
	REG_HANDLER(name, _ip, i->rm & 7, 0, 1)              \
	MEM_HANDLER(name, f32, uint32_t, 32, "f" #name "s")  \
	MEM_HANDLER(name, f64, uint64_t, 64, "f" #name "l")  \
	MEM_HANDLER(name, i16, uint16_t, 16, "fi" #name "s") \
	MEM_HANDLER(name, i32, uint32_t, 32, "fi" #name "l")

X87_ARITH(ARITH)
