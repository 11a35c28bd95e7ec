/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversions: between vectors, and to and from general and MMX registers.
 *
 * Each has a host form, name_host(c, i, s): the host's instruction, its result in
 * a vector's low half where it is not a vector; and a commit.
 */
#include "hvcore/vmm/engine/soft/sse.h"

/* What is usual, and out of line what is done while exceptions are unmasked. */
#define CVT_RUN(name, commit, what)                                                 \
	static COLD struct insn *name##_trap(struct cpu *c, struct insn *i, v128 s) \
	{                                                                           \
		v128 d;                                                             \
                                                                                    \
		sse_probe();                                                        \
		d = name##_host(c, i, s);                                           \
		sse_raise(c, i, d, s, d, what);                                     \
		return commit(c, i, d);                                             \
	}                                                                           \
	HOT struct insn *name(struct cpu *c, struct insn *i, v128 s)                \
	{                                                                           \
		if (unlikely(fpu_trapping(c)))                                      \
			return name##_trap(c, i, s);                                \
		return commit(c, i, name##_host(c, i, s));                          \
	}
#define CVT_FORMS(name, load)                                                                 \
	struct insn *xmm_##name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                                     \
		return name(c, i, XMM(i->rm));                                                \
	}                                                                                     \
	HOT struct insn *xmm_##name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		return name(c, i, load(c, i, form));                                          \
	}                                                                                     \
	SSE_MEM(xmm_##name##_rm)

HOT struct insn *commit_xmm(struct cpu *c, struct insn *i, v128 d)
{
	XMM(i->reg) = d;
	return NEXT(c, i);
}

HOT struct insn *commit_reg(struct cpu *c, struct insn *i, v128 d)
{
	c->r[i->reg] = (uint64_t)d[0];
	return NEXT(c, i);
}

HOT struct insn *commit_xmm_from_mmx(struct cpu *c, struct insn *i, v128 d)
{
	fpu_mmx(c);
	return commit_xmm(c, i, d);
}

HOT struct insn *commit_mmx(struct cpu *c, struct insn *i, v128 d)
{
	fpu_mmx(c);
	fpu_set_mm(c, i->reg, (uint64_t)d[0]);
	return NEXT(c, i);
}

HOT v128 load_low32(struct cpu *c, struct insn *i, const enum form form)
{
	return sse_from64(sse_load32(c, i, form));
}

HOT v128 load_low64(struct cpu *c, struct insn *i, const enum form form)
{
	return sse_from64(sse_load64(c, i, form));
}

/* Between vectors. */
#define CVT_HANDLERS(name, load, what)                                          \
	HOT v128 name##_host(const struct cpu *c, const struct insn *i, v128 s) \
	{                                                                       \
		v128 d = XMM(i->reg);                                           \
                                                                                \
		__asm__ volatile(#name " %1, %0" : "+x"(d) : "x"(s));           \
		return d;                                                       \
	}                                                                       \
	CVT_RUN(name, commit_xmm, what)                                         \
	CVT_FORMS(name, load)
#define CVT_128(name, what)       CVT_HANDLERS(name, sse_load128, what)
#define CVT_64(name, what)        CVT_HANDLERS(name, load_low64, what)
#define CVT_LOW(name, what, bits) CVT_HANDLERS(name, load_low##bits, what)

SSE_CVT_128(CVT_128)
SSE_CVT_64(CVT_64)
SSE_CVT_LOW(CVT_LOW)

/* From a general register or memory of 32 or 64 bits. */
#define CVT_SI(name)                                                                          \
	HOT v128 name##_host(const struct cpu *c, const struct insn *i, v128 s)               \
	{                                                                                     \
		v128 d = XMM(i->reg);                                                         \
                                                                                              \
		if (i->flags & INSN_OP64)                                                     \
			__asm__ volatile(#name "q %1, %0" : "+x"(d) : "r"((uint64_t)s[0]));   \
		else                                                                          \
			__asm__ volatile(#name "l %1, %0" : "+x"(d) : "r"((uint32_t)s[0]));   \
		return d;                                                                     \
	}                                                                                     \
	CVT_RUN(name, commit_xmm, SSE_EXACT)                                                  \
	struct insn *xmm_##name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                                     \
		return name(c, i, sse_from64(c->r[i->rm]));                                   \
	}                                                                                     \
	HOT struct insn *xmm_##name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		uint64_t s = i->flags & INSN_OP64 ? sse_load64(c, i, form)                    \
						  : sse_load32(c, i, form);                   \
                                                                                              \
		return name(c, i, sse_from64(s));                                             \
	}                                                                                     \
	SSE_MEM(xmm_##name##_rm)

SSE_CVT_SI(CVT_SI)

/* To a general register. */
#define CVT_TO_SI(name, bits)                                                   \
	HOT v128 name##_host(const struct cpu *c, const struct insn *i, v128 s) \
	{                                                                       \
		uint64_t q;                                                     \
		uint32_t l;                                                     \
                                                                                \
		if (i->flags & INSN_OP64) {                                     \
			__asm__ volatile(#name " %1, %0" : "=r"(q) : "x"(s));   \
			return sse_from64(q);                                   \
		}                                                               \
		__asm__ volatile(#name " %1, %0" : "=r"(l) : "x"(s));           \
		return sse_from64(l);                                           \
	}                                                                       \
	CVT_RUN(name, commit_reg, SSE_EXACT)                                    \
	CVT_FORMS(name, load_low##bits)

SSE_CVT_TO_SI(CVT_TO_SI)

/*
 * From two 32-bit integers in an MMX register or memory.  With memory they leave
 * the x87 state alone.
 */
#define CVT_PI(name)                                                             \
	HOT v128 name##_host(const struct cpu *c, const struct insn *i, v128 s)  \
	{                                                                        \
		v128 d = XMM(i->reg);                                            \
                                                                                 \
		__asm__ volatile("movq %1, %%mm0\n\t" #name " %%mm0, %0\n\temms" \
				 : "+x"(d)                                       \
				 : "r"((uint64_t)s[0])                           \
				 : "mm0");                                       \
		return d;                                                        \
	}

SSE_CVT_PI(CVT_PI)
#define cvtpi2ps_mem_host cvtpi2ps_host
#define cvtpi2pd_mem_host cvtpi2pd_host
CVT_RUN(cvtpi2ps, commit_xmm_from_mmx, SSE_EXACT)
CVT_RUN(cvtpi2pd, commit_xmm_from_mmx, SSE_EXACT)
CVT_RUN(cvtpi2ps_mem, commit_xmm, SSE_EXACT)
CVT_RUN(cvtpi2pd_mem, commit_xmm, SSE_EXACT)

struct insn *xmm_cvtpi2ps_rr(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	return cvtpi2ps(c, i, sse_from64(fpu_mm(c, i->rm)));
}

struct insn *xmm_cvtpi2pd_rr(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	return cvtpi2pd(c, i, sse_from64(fpu_mm(c, i->rm)));
}

HOT struct insn *xmm_cvtpi2ps_rm(struct cpu *c, struct insn *i, const enum form form)
{
	return cvtpi2ps_mem(c, i, load_low64(c, i, form));
}

HOT struct insn *xmm_cvtpi2pd_rm(struct cpu *c, struct insn *i, const enum form form)
{
	return cvtpi2pd_mem(c, i, load_low64(c, i, form));
}

SSE_MEM(xmm_cvtpi2ps_rm)
SSE_MEM(xmm_cvtpi2pd_rm)

/* To two 32-bit integers in an MMX register. */
HOT v128 load_mmx64(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	return load_low64(c, i, form);
}

HOT v128 load_mmx128(struct cpu *c, struct insn *i, const enum form form)
{
	fpu_wait(c, i);
	return sse_load128(c, i, form);
}

#define CVT_TO_PI(name, bits)                                                                 \
	HOT v128 name##_host(const struct cpu *c, const struct insn *i, v128 s)               \
	{                                                                                     \
		uint64_t r;                                                                   \
                                                                                              \
		__asm__ volatile(#name " %1, %%mm0\n\tmovq %%mm0, %0\n\temms"                 \
				 : "=r"(r)                                                    \
				 : "x"(s)                                                     \
				 : "mm0");                                                    \
		return sse_from64(r);                                                         \
	}                                                                                     \
	CVT_RUN(name, commit_mmx, SSE_EXACT)                                                  \
	struct insn *xmm_##name##_rr(struct cpu *c, struct insn *i)                           \
	{                                                                                     \
		fpu_wait(c, i);                                                               \
		return name(c, i, XMM(i->rm));                                                \
	}                                                                                     \
	HOT struct insn *xmm_##name##_rm(struct cpu *c, struct insn *i, const enum form form) \
	{                                                                                     \
		return name(c, i, load_mmx##bits(c, i, form));                                \
	}                                                                                     \
	SSE_MEM(xmm_##name##_rm)

SSE_CVT_TO_PI(CVT_TO_PI)
