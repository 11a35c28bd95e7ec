// SPDX-License-Identifier: GPL-2.0-or-later
/* Local APIC: registers, priorities and the timer. */
#include "hvcore/vmm/engine/soft/lapic.h"

#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/soft.h"

static bool x2(const struct cpu *c)
{
	return (c->apic_base & APIC_BASE_X2) == APIC_BASE_X2;
}

static bool enabled(const struct cpu *c)
{
	return (c->apic_base & APIC_BASE_ENABLE) && (c->lapic->svr & SVR_ENABLE);
}

void lapic_reset(struct cpu *c)
{
	struct lapic *l = c->lapic;

	memset(l, 0, sizeof(*l));
	l->id = c->index;
	l->dfr = ~0U;
	l->svr = 0xff;
	for (unsigned n = 0; n < LVTS; n++)
		l->lvt[n] = LVT_MASKED;
	/* Virtual wire, as firmware leaves it: the PIC goes through LINT0 of the boot CPU. */
	if (c->index == 0)
		l->lvt[LVT_LINT0] = MODE_EXTINT << 8;
	l->deadline = UINT64_MAX;
}

static int highest(const uint32_t *bits)
{
	for (int n = 7; n >= 0; n--)
		if (bits[n])
			return n * 32 + 31 - __builtin_clz(bits[n]);
	return -1;
}

static int highest_irr(struct lapic *l)
{
	for (int n = 7; n >= 0; n--) {
		uint32_t v = atomic_load_explicit(&l->irr[n], memory_order_acquire);

		if (v)
			return n * 32 + 31 - __builtin_clz(v);
	}
	return -1;
}

static unsigned ppr(const struct lapic *l)
{
	int isr = highest(l->isr);
	unsigned in_service = isr < 0 ? 0 : isr & 0xf0;

	return (l->tpr & 0xf0) >= in_service ? l->tpr : in_service;
}

int lapic_pending(struct cpu *c)
{
	int v;

	if (!enabled(c))
		return -1;
	v = highest_irr(c->lapic);
	return v >= 0 && (unsigned)(v & 0xf0) > (ppr(c->lapic) & 0xf0) ? v : -1;
}

void lapic_ack(struct cpu *c, unsigned vector)
{
	struct lapic *l = c->lapic;

	atomic_fetch_and(&l->irr[vector / 32], ~(1U << (vector % 32)));
	l->isr[vector / 32] |= 1U << (vector % 32);
}

bool lapic_takes_extint(const struct cpu *c)
{
	uint32_t lint0 = c->lapic->lvt[LVT_LINT0];

	if (c->index)
		return false;
	return !(c->apic_base & APIC_BASE_ENABLE) ||
	       (!(lint0 & LVT_MASKED) && (lint0 >> 8 & 7) == MODE_EXTINT);
}

/* again() - The priority fell: something may be deliverable now. */
static void again(struct cpu *c)
{
	atomic_fetch_or(&c->events, EV_INTR);
	cpu_attention(c);
}

static void eoi(struct cpu *c)
{
	struct lapic *l = c->lapic;
	int v = highest(l->isr);

	if (v < 0)
		return;
	l->isr[v / 32] &= ~(1U << (v % 32));
	if (atomic_load(&l->tmr[v / 32]) >> (v % 32) & 1)
		callback_eoi(c, v);
	if (highest_irr(l) >= 0)
		again(c);
}

void lapic_raise(struct cpu *c, unsigned vector, bool level)
{
	struct lapic *l = c->lapic;
	uint32_t bit = 1U << (vector % 32);

	if (vector < 16 || !enabled(c))
		return;
	if (level)
		atomic_fetch_or(&l->tmr[vector / 32], bit);
	else
		atomic_fetch_and(&l->tmr[vector / 32], ~bit);
	atomic_fetch_or(&l->irr[vector / 32], bit);
	atomic_fetch_or(&c->events, EV_INTR);
	engine_wake(c->engine, c);
}

static void send(struct cpu *c, unsigned mode, unsigned vector, bool level)
{
	switch (mode) {
	case MODE_FIXED:
	case MODE_LOWEST: lapic_raise(c, vector, level); break;
	case MODE_NMI:
		atomic_fetch_or(&c->events, EV_NMI);
		engine_wake(c->engine, c);
		break;
	case MODE_INIT:
		atomic_fetch_or(&c->events, EV_INIT);
		engine_wake(c->engine, c);
		break;
	case MODE_SIPI:
		c->sipi = vector;
		atomic_fetch_or(&c->events, EV_SIPI);
		engine_wake(c->engine, c);
		break;
	default: break;
	}
}

static bool matches(const struct cpu *c, uint32_t dest, bool logical)
{
	const struct lapic *l = c->lapic;
	uint32_t id = x2(c) ? c->index : l->id;

	if (dest == (x2(c) ? ~0U : 0xff) || dest == ~0U)
		return true;
	if (!logical)
		return dest == id;
	if (x2(c)) {
		/* Cluster in the upper half, one bit per processor in the lower: from the id. */
		return dest >> 16 == id >> 4 && (dest & (1U << (id & 15)));
	}
	if (l->dfr >> 28 == 15)
		return dest & (l->ldr >> 24);
	return (dest >> 4) == (l->ldr >> 28) && (dest & (l->ldr >> 24) & 15);
}

void lapic_message(struct engine *e, struct cpu *from, uint32_t dest, bool logical, unsigned mode,
		   unsigned vector, bool level, unsigned shorthand)
{
	struct cpu *best = NULL;

	for (unsigned n = 0; n < e->vcpus; n++) {
		struct cpu *c = e->cpu[n];

		if (shorthand == 1 && c != from)
			continue;
		if (shorthand == 3 && c == from)
			continue;
		if (!shorthand && !matches(c, dest, logical))
			continue;
		if (mode != MODE_LOWEST) {
			send(c, mode, vector, level);
			continue;
		}
		if (!best || (enabled(c) && ppr(c->lapic) < ppr(best->lapic)))
			best = c;
	}
	if (best)
		send(best, MODE_FIXED, vector, level);
}

static void send_ipi(struct cpu *c)
{
	uint64_t icr = c->lapic->icr;
	unsigned mode = icr >> 8 & 7;

	/* INIT de-assert does nothing. */
	if (mode == MODE_INIT && !(icr & (1 << 14)) && (icr & (1 << 15)))
		return;
	lapic_message(c->engine, c, x2(c) ? icr >> 32 : icr >> 56, icr >> 11 & 1, mode, icr & 0xff,
		      false, icr >> 18 & 3);
}

/* Registers. */
static uint32_t reg_read(struct cpu *c, unsigned off)
{
	struct lapic *l = c->lapic;

	switch (off) {
	case REG_ID: return x2(c) ? c->index : l->id << 24;
	case REG_VERSION: return VERSION;
	case REG_TPR: return l->tpr;
	case REG_PPR: return ppr(l);
	case REG_LDR: return x2(c) ? (c->index >> 4) << 16 | 1U << (c->index & 15) : l->ldr;
	case REG_DFR: return l->dfr;
	case REG_SVR: return l->svr;
	case REG_ESR: return l->esr;
	case REG_ICR: return l->icr;
	case REG_ICR2: return l->icr >> 32;
	case REG_INITIAL: return l->timer_initial;
	case REG_CURRENT: return lapic_timer_current(c);
	case REG_DIVIDE: return l->timer_divide;
	default: break;
	}
	if (off >= REG_ISR && off < REG_TMR)
		return l->isr[(off - REG_ISR) / 16];
	if (off >= REG_TMR && off < REG_IRR)
		return atomic_load(&l->tmr[(off - REG_TMR) / 16]);
	if (off >= REG_IRR && off < REG_ESR)
		return atomic_load(&l->irr[(off - REG_IRR) / 16]);
	if (off >= REG_LVT && off < REG_LVT + 16 * LVTS)
		return l->lvt[(off - REG_LVT) / 16];
	return 0;
}

static void lvt_write(struct cpu *c, unsigned n, uint32_t v)
{
	static const uint32_t writable[LVTS] = {0x700ff, 0x107ff, 0x107ff,
						0x1a7ff, 0x1a7ff, 0x100ff};
	struct lapic *l = c->lapic;
	uint32_t old = l->lvt[n];

	if (!(l->svr & SVR_ENABLE))
		v |= LVT_MASKED;
	l->lvt[n] = v & writable[n];
	if (n == LVT_TIMER && ((old ^ v) & LVT_MODE)) {
		l->tsc_deadline = 0;
		lapic_timer_start(c);
	}
	if (n == LVT_LINT0)
		again(c);
}

static void svr_write(struct cpu *c, uint32_t v)
{
	struct lapic *l = c->lapic;

	l->svr = v & 0x3ff;
	if (!(v & SVR_ENABLE))
		for (unsigned n = 0; n < LVTS; n++)
			l->lvt[n] |= LVT_MASKED;
}

static void reg_write(struct cpu *c, unsigned off, uint32_t v)
{
	struct lapic *l = c->lapic;

	switch (off) {
	case REG_ID: l->id = v >> 24; break;
	case REG_TPR:
		l->tpr = v & 0xff;
		again(c);
		break;
	case REG_EOI: eoi(c); break;
	case REG_LDR: l->ldr = v & 0xff000000; break;
	case REG_DFR: l->dfr = v | 0x0fffffff; break;
	case REG_SVR: svr_write(c, v); break;
	case REG_ESR:
		l->esr = l->esr_pending;
		l->esr_pending = 0;
		break;
	case REG_ICR:
		l->icr = (l->icr & ~0xffffffffULL) | (v & ~(1U << 12));
		send_ipi(c);
		break;
	case REG_ICR2: l->icr = (l->icr & 0xffffffff) | (uint64_t)v << 32; break;
	case REG_INITIAL:
		l->timer_initial = v;
		lapic_timer_start(c);
		break;
	case REG_DIVIDE:
		l->timer_divide = v & 11;
		lapic_timer_start(c);
		break;
	default:
		if (off >= REG_LVT && off < REG_LVT + 16 * LVTS)
			lvt_write(c, (off - REG_LVT) / 16, v);
		break;
	}
}

uint64_t lapic_mmio_read(struct cpu *c, unsigned off, unsigned size)
{
	/* 32-bit registers on 16-byte boundaries; other accesses are undefined (SDM 3A §11.4.1). */
	return (uint64_t)reg_read(c, off & ~15U) >> (8 * (off & 3));
}

void lapic_mmio_write(struct cpu *c, unsigned off, unsigned size, uint64_t v)
{
	if (!(off & 15) && size >= 4)
		reg_write(c, off, v);
}

/* x2_register() - Whether x2APIC mode has the register at @off to read (SDM 3A table 11-6). */
static bool x2_register(unsigned off)
{
	switch (off) {
	case REG_ID:
	case REG_VERSION:
	case REG_TPR:
	case REG_PPR:
	case REG_LDR:
	case REG_SVR:
	case REG_ESR:
	case REG_ICR:
	case REG_INITIAL:
	case REG_CURRENT:
	case REG_DIVIDE: return true;
	default: break;
	}
	return (off >= REG_ISR && off < REG_ESR) || (off >= REG_LVT && off < REG_LVT + 16 * LVTS);
}

bool lapic_msr_read(struct cpu *c, uint32_t msr, uint64_t *v)
{
	unsigned off = (msr - 0x800) * 16;

	if (!x2(c))
		return false;
	if (off == REG_ICR) {
		*v = c->lapic->icr;
		return true;
	}
	if (!x2_register(off))
		return false;
	*v = reg_read(c, off);
	return true;
}

bool lapic_msr_write(struct cpu *c, uint32_t msr, uint64_t v)
{
	unsigned off = (msr - 0x800) * 16;

	if (!x2(c) || (off != REG_ICR && v >> 32) || off >= 0x400)
		return false;
	switch (off) {
	case REG_ICR:
		c->lapic->icr = v;
		send_ipi(c);
		return true;
	case REG_SELF: lapic_raise(c, v & 0xff, false); return true;
	case REG_ESR:
	case REG_EOI:
		if (v)
			return false;
		reg_write(c, off, 0);
		return true;
	case REG_ID:
	case REG_VERSION:
	case REG_PPR:
	case REG_LDR:
	case REG_CURRENT: return false;
	default: break;
	}
	if (!x2_register(off) || (off >= REG_ISR && off < REG_ESR))
		return false;
	reg_write(c, off, v);
	return true;
}

void lapic_set_cr8(struct cpu *c, unsigned v)
{
	c->lapic->tpr = v << 4;
	again(c);
}
