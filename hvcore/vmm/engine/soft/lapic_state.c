// SPDX-License-Identifier: GPL-2.0-or-later
/* The local APIC's registers as KVM has them: a page, one register each 16 bytes. */
#include "hvcore/vmm/engine/soft/lapic.h"

#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/soft.h"

static void put(struct kvm_lapic_state *s, unsigned off, uint32_t v)
{
	memcpy(s->regs + off, &v, 4);
}

static uint32_t take(const struct kvm_lapic_state *s, unsigned off)
{
	uint32_t v;

	memcpy(&v, s->regs + off, 4);
	return v;
}

static bool x2(const struct cpu *c)
{
	return (c->apic_base & APIC_BASE_X2) == APIC_BASE_X2;
}

void lapic_save(struct cpu *c, struct kvm_lapic_state *s)
{
	struct lapic *l = c->lapic;

	memset(s, 0, sizeof(*s));
	put(s, 0x20, x2(c) ? c->index : l->id << 24);
	put(s, 0x30, 0x50014);
	put(s, 0x80, l->tpr);
	put(s, 0xd0, x2(c) ? (c->index >> 4) << 16 | 1U << (c->index & 15) : l->ldr);
	put(s, 0xe0, l->dfr);
	put(s, 0xf0, l->svr);
	for (unsigned n = 0; n < 8; n++) {
		put(s, 0x100 + 16 * n, l->isr[n]);
		put(s, 0x180 + 16 * n, atomic_load(&l->tmr[n]));
		put(s, 0x200 + 16 * n, atomic_load(&l->irr[n]));
	}
	put(s, 0x280, l->esr);
	put(s, 0x300, l->icr);
	put(s, 0x310, l->icr >> 32);
	for (unsigned n = 0; n < LVTS; n++)
		put(s, 0x320 + 16 * n, l->lvt[n]);
	put(s, 0x380, l->timer_initial);
	put(s, 0x390, lapic_mmio_read(c, 0x390, 4));
	put(s, 0x3e0, l->timer_divide);
}

void lapic_restore(struct cpu *c, const struct kvm_lapic_state *s)
{
	struct lapic *l = c->lapic;
	uint32_t current = take(s, 0x390);
	unsigned d;

	l->id = x2(c) ? c->index : take(s, 0x20) >> 24;
	l->tpr = take(s, 0x80) & 0xff;
	l->ldr = take(s, 0xd0);
	l->dfr = take(s, 0xe0) | 0x0fffffff;
	l->svr = take(s, 0xf0) & 0x3ff;
	for (unsigned n = 0; n < 8; n++) {
		l->isr[n] = take(s, 0x100 + 16 * n);
		atomic_store(&l->tmr[n], take(s, 0x180 + 16 * n));
		atomic_store(&l->irr[n], take(s, 0x200 + 16 * n));
	}
	l->esr = take(s, 0x280);
	l->icr = take(s, 0x300) | (uint64_t)take(s, 0x310) << 32;
	for (unsigned n = 0; n < LVTS; n++)
		l->lvt[n] = take(s, 0x320 + 16 * n);
	l->timer_initial = take(s, 0x380);
	l->timer_divide = take(s, 0x3e0) & 11;
	d = (l->timer_divide & 3) | (l->timer_divide >> 1 & 4);
	d = d == 7 ? 1 : 2U << d;
	l->deadline = UINT64_MAX;
	/* The count goes on from where it stood.  TSC-deadline is an MSR and is set before. */
	if ((l->lvt[LVT_TIMER] >> 17 & 3) != 2) {
		if (l->timer_initial && current <= l->timer_initial && current) {
			uint64_t now = guest_time(c);

			l->timer_start = now - (uint64_t)(l->timer_initial - current) * d;
			l->deadline = now + (uint64_t)current * d;
		}
	} else if (l->tsc_deadline) {
		lapic_set_deadline(c, l->tsc_deadline);
	}
	atomic_fetch_or(&c->events, EV_INTR);
}
