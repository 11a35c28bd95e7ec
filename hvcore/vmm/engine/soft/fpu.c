/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floating-point state: giving the host's unit to a guest and taking it
 * back, control words, tags (SDM 1 §8.1, §10.2) and KVM's form of the state.
 */
#include "hvcore/vmm/engine/soft/fpu.h"

#include <errno.h>
#include <linux/kvm.h>

static uint32_t host_mxcsr(void)
{
	uint32_t v;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	return v;
}

static void set_host_mxcsr(uint32_t v)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(v));
}

/* load_mxcsr() - Flush-to-zero counts only while underflow is masked (SDM 1 §10.2.3.3). */
static void load_mxcsr(struct cpu *c)
{
	uint32_t v = (c->fpu.mxcsr & ~(uint32_t)FPX_ALL) | MXCSR_MASKS;

	if (!(c->fpu.mxcsr & FPX_UE << 7))
		v &= ~(uint32_t)MXCSR_FTZ;
	set_host_mxcsr(v);
}

/* load_fcw() - With the host's flags clear; those of the guest are in fpu.fsw. */
static void load_fcw(uint16_t fcw)
{
	__asm__ volatile("fnclex\n\tfldcw %0" : : "m"(fcw));
}

void fpu_reset(struct cpu *c)
{
	memset(&c->fpu, 0, sizeof(c->fpu));
	c->fpu.fcw = FCW_RESET;
	c->fpu.mxcsr = MXCSR_INIT;
	c->fpu.ftw = 0xff; /* SDM 3A table 9-1: tag word 5555H, all zero */
}

void fpu_enter(struct cpu *c)
{
	__asm__ volatile("fninit"); /* an empty stack with TOP 0 */
	load_fcw(c->fpu.fcw);
	load_mxcsr(c);
}

void fpu_leave(struct cpu *c)
{
	c->fpu.mxcsr = fpu_mxcsr(c);
	load_fcw(FCW_INIT);
	set_host_mxcsr(MXCSR_INIT);
}

uint32_t fpu_mxcsr(struct cpu *c)
{
	return c->fpu.mxcsr | (host_mxcsr() & FPX_ALL);
}

void fpu_set_mxcsr(struct cpu *c, uint32_t v)
{
	c->fpu.mxcsr = v;
	load_mxcsr(c);
}

/* settle_fsw() - ES and B say whether an unmasked flag is set. */
static uint16_t settle_fsw(uint16_t fcw, uint16_t fsw)
{
	fsw &= ~(FSW_ES | FSW_B);
	return fsw & ~fcw & FPX_ALL ? fsw | FSW_ES | FSW_B : fsw;
}

void fpu_set_control(struct cpu *c, uint16_t fcw, uint16_t fsw)
{
	c->fpu.fcw = (fcw & FCW_ALL) | FCW_ONE;
	c->fpu.fsw = settle_fsw(fcw, fsw);
	load_fcw(c->fpu.fcw);
}

void fpu_init(struct cpu *c)
{
	fpu_set_control(c, FCW_INIT, 0);
	c->fpu.ftw = 0;
	c->fpu.fop = 0;
	c->fpu.fip = c->fpu.fdp = 0;
	c->fpu.fcs = c->fpu.fds = 0;
}

static unsigned tag_of(const struct ext *e)
{
	unsigned exp = e->exp & 0x7fff;

	if (!exp && !e->frac)
		return 1;
	/* Infinity, NaN, denormal, or without the integer bit. */
	return exp == 0 || exp == 0x7fff || !(e->frac >> 63) ? 2 : 0;
}

uint16_t fpu_tags(const struct cpu *c)
{
	uint16_t tags = 0;

	for (unsigned n = 0; n < 8; n++) {
		const struct ext *e = (const struct ext *)c->fpu.st[n];

		tags |= (c->fpu.ftw >> n & 1 ? tag_of(e) : 3) << 2 * n;
	}
	return tags;
}

void fpu_set_tags(struct cpu *c, uint16_t tags)
{
	c->fpu.ftw = 0;
	for (unsigned n = 0; n < 8; n++)
		if ((tags >> 2 * n & 3) != 3)
			c->fpu.ftw |= 1 << n;
}

void fpu_get(const struct cpu *c, struct kvm_fpu *out)
{
	const struct fpu *f = &c->fpu;

	memset(out, 0, sizeof(*out));
	for (unsigned n = 0; n < 8; n++)
		memcpy(out->fpr[n], f->st[(fpu_top(c) + n) & 7], 10);
	out->fcw = f->fcw;
	out->fsw = f->fsw;
	out->ftwx = f->ftw;
	out->last_opcode = f->fop;
	out->last_ip = f->fip;
	out->last_dp = f->fdp;
	memcpy(out->xmm, f->xmm, sizeof(out->xmm));
	out->mxcsr = f->mxcsr;
}

int fpu_set(struct cpu *c, const struct kvm_fpu *in)
{
	struct fpu *f = &c->fpu;

	if (in->mxcsr & ~(uint32_t)MXCSR_VALID)
		return -EINVAL;
	memset(f, 0, sizeof(*f));
	f->fcw = (in->fcw & FCW_ALL) | FCW_ONE;
	f->fsw = settle_fsw(in->fcw, in->fsw);
	f->ftw = in->ftwx;
	f->fop = in->last_opcode & 0x7ff;
	f->fip = in->last_ip;
	f->fdp = in->last_dp;
	for (unsigned n = 0; n < 8; n++)
		memcpy(f->st[(fpu_top(c) + n) & 7], in->fpr[n], 10);
	memcpy(f->xmm, in->xmm, sizeof(f->xmm));
	f->mxcsr = in->mxcsr;
	return 0;
}
