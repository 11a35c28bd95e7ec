/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87 constants and functions. */
#include "hvcore/vmm/engine/soft/x87.h"

/* Constants are rounded as the control word says, so the host makes them, too. */
#define CONSTANT(n, name)                                               \
	HOT struct ext name##_host(void)                                \
	{                                                               \
		struct ext v = {0};                                     \
                                                                        \
		__asm__ volatile(#name "\n\tfstpt %[v]" : [v] "+m"(v)); \
		return v;                                               \
	}                                                               \
	struct insn *x87_##name(struct cpu *c, struct insn *i)          \
	{                                                               \
		fpu_wait(c, i);                                         \
		x87_note(c, i);                                         \
		x87_load(c, name##_host());                             \
		return NEXT(c, i);                                      \
	}
X87_CONSTANTS(CONSTANT)

/* ST(0) = f(ST(0)) */
#define UNARY(n, name, cc)                                                  \
	struct insn *x87_##name(struct cpu *c, struct insn *i)              \
	{                                                                   \
		uint16_t sw;                                                \
                                                                            \
		fpu_wait(c, i);                                             \
		x87_note(c, i);                                             \
		if (unlikely(fpu_empty(c, 0))) {                            \
			c->fpu.fsw &= ~((cc)&FSW_C2);                       \
			x87_underflow(c, 0, 0);                             \
			return NEXT(c, i);                                  \
		}                                                           \
		__asm__ volatile("fldt %[d]\n\t" #name X87_END "fstpt %[d]" \
				 : "=&a"(sw), [d] "+m"(*fpu_st(c, 0))       \
				 : [unm] "q"(x87_unmasked(c))               \
				 : "cc");                                   \
		x87_status(c, sw, cc);                                      \
		return NEXT(c, i);                                          \
	}
X87_UNARY(UNARY)

/*
 * remainder_cc() - Which codes FPREM sets: one that ends in a NaN, or does not take
 * place, leaves C0 and C3 as they were.  The host's flags were clear before.
 */
HOT uint16_t remainder_cc(const struct ext *r, uint16_t sw, uint16_t cc)
{
	bool nan = (r->exp & 0x7fff) == 0x7fff && r->frac << 1;

	return nan || sw & FPX_PRE ? cc & (FSW_C1 | FSW_C2) : cc;
}

/* ST(0) = f(ST(0), ST(1)) */
#define BINARY(n, name, cc)                                                                     \
	struct insn *x87_##name(struct cpu *c, struct insn *i)                                  \
	{                                                                                       \
		uint16_t sw;                                                                    \
                                                                                                \
		fpu_wait(c, i);                                                                 \
		x87_note(c, i);                                                                 \
		if (unlikely(fpu_empty(c, 0) || fpu_empty(c, 1))) {                             \
			c->fpu.fsw &= ~((cc)&FSW_C2);                                           \
			x87_underflow(c, 0, 0);                                                 \
			return NEXT(c, i);                                                      \
		}                                                                               \
		__asm__ volatile("fnclex\n\tfldt %[s]\n\tfldt %[d]\n\t" #name X87_END           \
				 "fstpt %[d]\n\tfstp %%st(0)"                                   \
				 : "=&a"(sw), [d] "+m"(*fpu_st(c, 0))                           \
				 : [s] "m"(*fpu_st(c, 1)), [unm] "q"(x87_unmasked(c))           \
				 : "cc");                                                       \
		x87_status(c, sw, remainder_cc(fpu_st(c, 0), sw & ~(c->fpu.fcw & FPX_DE), cc)); \
		return NEXT(c, i);                                                              \
	}
X87_BINARY(BINARY)

/* ST(1) = f(ST(0), ST(1)), and pop: the host has popped unless the exception is unmasked. */
#define BINARY_POP(n, name)                                                             \
	struct insn *x87_##name(struct cpu *c, struct insn *i)                          \
	{                                                                               \
		uint16_t sw;                                                            \
                                                                                        \
		fpu_wait(c, i);                                                         \
		x87_note(c, i);                                                         \
		if (unlikely(fpu_empty(c, 0) || fpu_empty(c, 1))) {                     \
			x87_underflow(c, 1, 1);                                         \
			return NEXT(c, i);                                              \
		}                                                                       \
		__asm__ volatile("fldt %[d]\n\tfldt %[s]\n\t" #name X87_END X87_IF_ODD( \
					 "2f") "fstp %%st(0)\n"                         \
					       "2:\n\tfstpt %[d]"                       \
				 : "=&a"(sw), [d] "+m"(*fpu_st(c, 1))                   \
				 : [s] "m"(*fpu_st(c, 0)), [unm] "q"(x87_unmasked(c))   \
				 : "cc");                                               \
		if (!x87_status(c, sw, FSW_C1))                                         \
			x87_pop(c);                                                     \
		return NEXT(c, i);                                                      \
	}
X87_BINARY_POP(BINARY_POP)

/*
 * two_results_fault() - Nothing to read, or no room for the second result: both
 * are indefinite.
 */
static COLD void two_results_fault(struct cpu *c)
{
	if (!x87_stack_fault(c, !fpu_empty(c, 0)))
		return;
	x87_set(c, 0, X87_INDEFINITE);
	x87_push(c, X87_INDEFINITE);
}

/* The second result, and the host's status word. */
struct second {
	struct ext v;
	uint16_t sw;
};

/* ST(0) = f(ST(0)), and push g(ST(0)): the host has pushed if there is a result. */
#define TWO_RESULTS(n, name, cc)                                                                   \
	HOT struct second name##_host(struct ext *d, uint8_t unm)                                  \
	{                                                                                          \
		struct second r = {0};                                                             \
                                                                                                   \
		__asm__ volatile("fldt %[d]\n\t" #name X87_END X87_IF_ODD("2f") "fstpt %[v]\n"     \
										"2:\n\tfstpt %[d]" \
				 : "=&a"(r.sw), [d] "+m"(*d), [v] "+m"(r.v)                        \
				 : [unm] "q"(unm)                                                  \
				 : "cc");                                                          \
		return r;                                                                          \
	}                                                                                          \
	struct insn *x87_##name(struct cpu *c, struct insn *i)                                     \
	{                                                                                          \
		struct second r;                                                                   \
                                                                                                   \
		fpu_wait(c, i);                                                                    \
		x87_note(c, i);                                                                    \
		if (unlikely(fpu_empty(c, 0) || !fpu_empty(c, 7))) {                               \
			c->fpu.fsw &= ~((cc)&FSW_C2);                                              \
			two_results_fault(c);                                                      \
			return NEXT(c, i);                                                         \
		}                                                                                  \
		r = name##_host(fpu_st(c, 0), x87_unmasked(c));                                    \
		x87_status(c, r.sw, cc);                                                           \
		if (X87_TWO(r.sw))                                                                 \
			x87_push(c, r.v);                                                          \
		return NEXT(c, i);                                                                 \
	}
X87_TWO_RESULTS(TWO_RESULTS)
