/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC's counting timer, one-shot or periodic, across stop and cont.
 * The kernel's goes on by itself, so at a stop we note where it stands and
 * take its initial count away (0 stops it, SDM 3A §10.5.4); at cont both registers are
 * set again, and the kernel counts on from the current one (Linux 5.10).
 *
 * A one-shot timer that has expired is left alone: set again it would expire
 * again.  A tick of a periodic one that expired in the moment of the stop, and
 * has not reached IRR, is lost, as on a processor that was slow to take it.
 *
 * TSC-deadline timers are an MSR: kvm_clock.c.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <string.h>

enum {
	LVT_TIMER = 0x320,
	MODE_DEADLINE = 2, /* LVT_TIMER[18:17] */
	INITIAL_COUNT = 0x380,
	CURRENT_COUNT = 0x390,
};

static uint32_t get(const struct kvm_lapic_state *s, unsigned reg)
{
	uint32_t value;

	memcpy(&value, s->regs + reg, sizeof(value));
	return value;
}

static void put(struct kvm_lapic_state *s, unsigned reg, uint32_t value)
{
	memcpy(s->regs + reg, &value, sizeof(value));
}

void kvm_timer_hide(struct kvm_vcpu *v, struct kvm_lapic_state *s)
{
	v->initial_count = v->current_count = 0;
	if ((get(s, LVT_TIMER) >> 17 & 3) == MODE_DEADLINE || !get(s, CURRENT_COUNT))
		return;
	v->initial_count = get(s, INITIAL_COUNT);
	v->current_count = get(s, CURRENT_COUNT);
	put(s, INITIAL_COUNT, 0);
	put(s, CURRENT_COUNT, 0);
}

void kvm_timer_show(const struct kvm_vcpu *v, struct kvm_lapic_state *s)
{
	if (!v->initial_count)
		return;
	put(s, INITIAL_COUNT, v->initial_count);
	put(s, CURRENT_COUNT, v->current_count);
}

/*
 * No message arrives between getting and setting: no thread is in run(), and
 * devices are silent under the board lock.
 */
void kvm_timer_stop(struct kvm_vcpu *v)
{
	struct kvm_lapic_state s;

	v->initial_count = 0;
	if (kvm_ioctlp(v->fd, KVM_GET_LAPIC, &s) < 0)
		return;
	kvm_timer_hide(v, &s);
	if (v->initial_count)
		(void)kvm_ioctlp(v->fd, KVM_SET_LAPIC, &s);
}

void kvm_timer_go(struct kvm_vcpu *v)
{
	struct kvm_lapic_state s;

	if (!v->initial_count || kvm_ioctlp(v->fd, KVM_GET_LAPIC, &s) < 0)
		return;
	kvm_timer_show(v, &s);
	(void)kvm_ioctlp(v->fd, KVM_SET_LAPIC, &s);
}
