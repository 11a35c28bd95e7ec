// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CMP or TEST together with the conditional jump behind it, in 64-bit mode:
 * the jump uses the host's flags of the comparison.  The jump stays in the
 * block as the next instruction and holds the chain; flags are stored all the
 * same, since what comes next may read them.
 */
#include "hvcore/vmm/engine/soft/block.h"
#include "hvcore/vmm/engine/soft/op_tables.h"

#define T(bits) uint##bits##_t

#define FUSED(name, bits, kind, cc, A, B)                                              \
	static struct insn *name##bits##_##kind##_j##cc(struct cpu *c, struct insn *i) \
	{                                                                              \
		T(bits) a = A, b = B;                                                  \
		int taken;                                                             \
                                                                                       \
		__asm__(#name " %[b], %[a]" FLAGS_OUT                                  \
			: "=@cc" #cc(taken), [fl] "=m"(c->fl), [of] "=m"(c->of)        \
			: [a] "q"(a), [b] "q"(b), FLAGS_CPU                            \
			: "rax");                                                      \
		if (taken)                                                             \
			return branch_direct(c, i + 1);                                \
		return branch_direct(c, i + 2);                                        \
	}

#define RM(bits)  reg_get(c, i->rm, bits)
#define REG(bits) reg_get(c, i->reg, bits)
#define MEM(bits) mem_read(c, i, c->r[i->base] + (int64_t)i->disp, bits)

#define FUSE_ALL(name, bits, cc)                       \
	FUSED(name, bits, rr, cc, RM(bits), REG(bits)) \
	FUSED(name, bits, ri, cc, RM(bits), i->imm)    \
	FUSED(name, bits, mi, cc, MEM(bits), i->imm)   \
	FUSED(name, bits, mr, cc, MEM(bits), REG(bits))
#define FUSE_CC(n, cc)                           \
	FUSE_ALL(cmp, 8, cc)                     \
	FUSE_ALL(cmp, 16, cc)                    \
	FUSE_ALL(cmp, 32, cc)                    \
	FUSE_ALL(cmp, 64, cc)                    \
	FUSED(cmp, 8, rm, cc, REG(8), MEM(8))    \
	FUSED(cmp, 32, rm, cc, REG(32), MEM(32)) \
	FUSED(cmp, 64, rm, cc, REG(64), MEM(64)) \
	FUSED(test, 8, rr, cc, RM(8), REG(8))    \
	FUSED(test, 8, ri, cc, RM(8), i->imm)    \
	FUSED(test, 8, mi, cc, MEM(8), i->imm)   \
	FUSED(test, 32, rr, cc, RM(32), REG(32)) \
	FUSED(test, 32, ri, cc, RM(32), i->imm)  \
	FUSED(test, 32, mi, cc, MEM(32), i->imm) \
	FUSED(test, 64, rr, cc, RM(64), REG(64)) \
	FUSED(test, 64, ri, cc, RM(64), i->imm)
CONDITIONS(FUSE_CC)

struct pair {
	insn_fn *const *alone;
	insn_fn *fused[16];
};
#define PAIR(slot, name, bits, kind)                \
	{                                           \
		slot,                               \
		{                                   \
			FUSED_ROW(name, bits, kind) \
		}                                   \
	}
#define FUSED_ROW(name, bits, kind)                                                             \
	name##bits##_##kind##_jo, name##bits##_##kind##_jno, name##bits##_##kind##_jb,          \
		name##bits##_##kind##_jae, name##bits##_##kind##_je, name##bits##_##kind##_jne, \
		name##bits##_##kind##_jbe, name##bits##_##kind##_ja, name##bits##_##kind##_js,  \
		name##bits##_##kind##_jns, name##bits##_##kind##_jp, name##bits##_##kind##_jnp, \
		name##bits##_##kind##_jl, name##bits##_##kind##_jge, name##bits##_##kind##_jle, \
		name##bits##_##kind##_jg
#define CMP_PAIRS(index, bits)                                                                  \
	PAIR(&alu_ops[index][7].rr, cmp, bits, rr), PAIR(&alu_ops[index][7].ri, cmp, bits, ri), \
		PAIR(&alu_ops[index][7].mi[FORM_BD], cmp, bits, mi),                            \
		PAIR(&alu_ops[index][7].mr[FORM_BD], cmp, bits, mr),
static const struct pair pairs[] = {
	SIZES(CMP_PAIRS) PAIR(&alu_ops[0][7].rm[FORM_BD], cmp, 8, rm),
	PAIR(&alu_ops[2][7].rm[FORM_BD], cmp, 32, rm),
	PAIR(&alu_ops[3][7].rm[FORM_BD], cmp, 64, rm),
	PAIR(&test_ops[0].rr, test, 8, rr),
	PAIR(&test_ops[0].ri, test, 8, ri),
	PAIR(&test_ops[0].mi[FORM_BD], test, 8, mi),
	PAIR(&test_ops[2].rr, test, 32, rr),
	PAIR(&test_ops[2].ri, test, 32, ri),
	PAIR(&test_ops[2].mi[FORM_BD], test, 32, mi),
	PAIR(&test_ops[3].rr, test, 64, rr),
	PAIR(&test_ops[3].ri, test, 64, ri),
};

insn_fn *fuse(const struct insn *compare, unsigned cc)
{
	for (size_t k = 0; k < sizeof(pairs) / sizeof(pairs[0]); k++)
		if (*pairs[k].alone == compare->fn)
			return pairs[k].fused[cc];
	return NULL;
}
