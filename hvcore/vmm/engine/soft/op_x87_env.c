/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87 control: control and status words, the environment and the whole state in
 * memory (SDM 1 §8.1.10: protected and real mode, 16 and 32 bits).
 *
 *   32 bits, protected: fcw  fsw  tag  fip       fcs:fop<<16  fdp       fds
 *   32 bits, real:      fcw  fsw  tag  ip[15:0]  ip[31:16]<<12:fop  dp[15:0]  dp[31:16]<<12
 *   16 bits: the same in words, without the opcode in protected mode
 */
#include "hvcore/vmm/engine/soft/x87.h"

enum {
	WORDS = 7,
	ENV_MAX = 28,
	REGISTERS = 80,
	CR0_MP_TS = 1 << 1 | 1 << 3,
};

static unsigned width(const struct insn *i)
{
	return i->flags & INSN_OP16 ? 2 : 4;
}

static bool real_format(const struct cpu *c)
{
	return !(c->cr0 & FPU_CR0_PE);
}

/* env_pack() - The environment in @w bytes a word; returns its size. */
static unsigned env_pack(const struct cpu *c, uint8_t *m, unsigned w)
{
	const struct fpu *f = &c->fpu;
	uint32_t v[WORDS] = {f->fcw, f->fsw, fpu_tags(c)};

	if (!real_format(c)) {
		v[3] = (uint32_t)f->fip;
		v[4] = w == 4 ? f->fcs | (uint32_t)f->fop << 16 : f->fcs;
		v[5] = (uint32_t)f->fdp;
		v[6] = f->fds;
	} else {
		uint32_t ip = (uint32_t)f->fip + ((uint32_t)f->fcs << 4);
		uint32_t dp = (uint32_t)f->fdp + ((uint32_t)f->fds << 4);

		v[3] = ip & 0xffff;
		v[4] = (w == 4 ? ip >> 16 << 12 : ip >> 4 & 0xf000) | f->fop;
		v[5] = dp & 0xffff;
		v[6] = w == 4 ? dp >> 16 << 12 : dp >> 4 & 0xf000;
	}
	for (unsigned n = 0; n < WORDS; n++) {
		/* What 32-bit forms do not use of a word reads as ones. */
		if (w == 4 && (n < 3 || (n == 6 && !real_format(c))))
			v[n] |= 0xffff0000;
		memcpy(m + n * w, &v[n], w);
	}
	return WORDS * w;
}

static void env_unpack(struct cpu *c, const uint8_t *m, unsigned w)
{
	struct fpu *f = &c->fpu;
	uint32_t v[WORDS] = {0};

	for (unsigned n = 0; n < WORDS; n++)
		memcpy(&v[n], m + n * w, w);
	fpu_set_control(c, (uint16_t)v[0], (uint16_t)v[1]);
	fpu_set_tags(c, (uint16_t)v[2]);
	if (!real_format(c)) {
		f->fip = v[3];
		f->fcs = (uint16_t)v[4];
		f->fop = w == 4 ? v[4] >> 16 & 0x7ff : 0;
		f->fdp = v[5];
		f->fds = (uint16_t)v[6];
	} else {
		f->fip = (v[3] & 0xffff) | (w == 4 ? v[4] >> 12 << 16 : (v[4] & 0xf000) << 4);
		f->fdp = (v[5] & 0xffff) | (w == 4 ? v[6] >> 12 << 16 : (v[6] & 0xf000) << 4);
		f->fop = v[4] & 0x7ff;
		f->fcs = f->fds = 0;
	}
}

static COLD void fnstenv(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, WORDS * width(i), true);
	uint8_t m[ENV_MAX];

	mem_write_bytes(c, i, va, m, env_pack(c, m, width(i)));
	/* Every exception is masked then, so none is pending. */
	fpu_set_control(c, c->fpu.fcw | FPX_ALL, c->fpu.fsw);
}

static COLD void fldenv(struct cpu *c, struct insn *i)
{
	uint64_t va = insn_ea(c, i, FORM_GEN, WORDS * width(i), false);
	uint8_t m[ENV_MAX];

	mem_read_bytes(c, i, va, m, WORDS * width(i));
	env_unpack(c, m, width(i));
}

static COLD void fnsave(struct cpu *c, struct insn *i)
{
	unsigned size = WORDS * width(i) + REGISTERS;
	uint64_t va = insn_ea(c, i, FORM_GEN, size, true);
	uint8_t m[ENV_MAX + REGISTERS];
	unsigned at = env_pack(c, m, width(i));

	for (unsigned n = 0; n < 8; n++)
		memcpy(m + at + 10 * n, fpu_st(c, n), 10);
	mem_write_bytes(c, i, va, m, size);
	fpu_init(c);
}

static COLD void frstor(struct cpu *c, struct insn *i)
{
	unsigned size = WORDS * width(i) + REGISTERS;
	uint64_t va = insn_ea(c, i, FORM_GEN, size, false);
	uint8_t m[ENV_MAX + REGISTERS];

	mem_read_bytes(c, i, va, m, size);
	env_unpack(c, m, width(i));
	for (unsigned n = 0; n < 8; n++)
		memcpy(fpu_st(c, n), m + WORDS * width(i) + 10 * n, 10);
}

struct insn *x87_fnstenv(struct cpu *c, struct insn *i)
{
	fnstenv(c, i);
	return NEXT(c, i);
}

struct insn *x87_fldenv(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	fldenv(c, i);
	return NEXT(c, i);
}

struct insn *x87_fnsave(struct cpu *c, struct insn *i)
{
	fnsave(c, i);
	return NEXT(c, i);
}

struct insn *x87_frstor(struct cpu *c, struct insn *i)
{
	fpu_wait(c, i);
	frstor(c, i);
	return NEXT(c, i);
}

struct insn *x87_fldcw(struct cpu *c, struct insn *i)
{
	uint16_t v;

	fpu_wait(c, i);
	v = (uint16_t)mem_read16(c, i, insn_ea(c, i, FORM_GEN, 2, false));
	fpu_set_control(c, v, c->fpu.fsw);
	return NEXT(c, i);
}

struct insn *x87_fnstcw(struct cpu *c, struct insn *i)
{
	mem_write16(c, i, insn_ea(c, i, FORM_GEN, 2, true), c->fpu.fcw);
	return NEXT(c, i);
}

struct insn *x87_fnstsw(struct cpu *c, struct insn *i)
{
	mem_write16(c, i, insn_ea(c, i, FORM_GEN, 2, true), c->fpu.fsw);
	return NEXT(c, i);
}

struct insn *x87_fnstsw_ax(struct cpu *c, struct insn *i)
{
	R16(REG_AX) = c->fpu.fsw;
	return NEXT(c, i);
}

struct insn *x87_fnclex(struct cpu *c, struct insn *i)
{
	fpu_set_control(c, c->fpu.fcw, c->fpu.fsw & ~(FPX_ALL | FSW_SF));
	return NEXT(c, i);
}

struct insn *x87_fninit(struct cpu *c, struct insn *i)
{
	fpu_init(c);
	return NEXT(c, i);
}

struct insn *op_fwait(struct cpu *c, struct insn *i)
{
	if ((c->cr0 & CR0_MP_TS) == CR0_MP_TS)
		fault(c, i, EXC_NM, 0);
	fpu_wait(c, i);
	return NEXT(c, i);
}
