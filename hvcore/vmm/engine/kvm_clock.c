/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm-clock and TSC across stop and cont.  The kernel's never stand still, so
 * at a stop we note what they read and take the armed TSC deadlines away, and
 * at cont put both back where they were: the guest sees no gap.
 *
 * Every vCPU gets the same TSC offset (KVM_VCPU_TSC_OFFSET, Linux 5.16), so that
 * their TSCs stay identical.  Older kernels are given the TSC's value instead,
 * which they take as identical on all, but round a pause below a second to
 * none: the TSC then jumps over the pause, kvm-clock does not.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>

#include "hvcore/vmm/clock.h"

enum {
	MSR_TSC = 0x10,
	MSR_TSC_DEADLINE = 0x6e0,
};

static int tsc_offset(struct kvm_vcpu *v, unsigned long request, uint64_t *offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};

	return kvm_ioctlp(v->fd, request, &attr);
}

static void stand_still(struct engine *e)
{
	struct kvm_clock_data now = {0};

	e->stopped = true;
	(void)kvm_msr_get(&e->vcpu[0], MSR_TSC, &e->tsc);
	for (unsigned i = 0; i < e->cfg.vcpus; i++) {
		struct kvm_vcpu *v = &e->vcpu[i];

		v->deadline = 0;
		(void)kvm_msr_get(v, MSR_TSC_DEADLINE, &v->deadline);
		if (v->deadline)
			(void)kvm_msr_set(v, MSR_TSC_DEADLINE, 0);
	}
	/*
	 * The kernel's clock is the raw TSC's, ours is disciplined (NTP), so they
	 * part by some millionths.  The guest must never see its time turn
	 * back: the later one is the time at which it stands.
	 */
	if (!kvm_ioctlp(e->vm, KVM_GET_CLOCK, &now) && now.clock > clock_now(e->cfg.clock))
		clock_set(e->cfg.clock, now.clock);
}

static void go_on(struct engine *e)
{
	struct kvm_clock_data now = {.clock = clock_now(e->cfg.clock)};
	uint64_t offset = 0, tsc = 0;
	bool exact = !tsc_offset(&e->vcpu[0], KVM_GET_DEVICE_ATTR, &offset) &&
		     !kvm_msr_get(&e->vcpu[0], MSR_TSC, &tsc);

	offset += e->tsc - tsc;
	for (unsigned i = 0; i < e->cfg.vcpus; i++)
		if (!exact || tsc_offset(&e->vcpu[i], KVM_SET_DEVICE_ATTR, &offset))
			(void)kvm_msr_set(&e->vcpu[i], MSR_TSC, e->tsc);
	(void)kvm_ioctlp(e->vm, KVM_SET_CLOCK, &now);
	e->stopped = false;
	for (unsigned i = 0; i < e->cfg.vcpus; i++)
		if (e->vcpu[i].deadline)
			(void)kvm_msr_set(&e->vcpu[i], MSR_TSC_DEADLINE, e->vcpu[i].deadline);
}

void kvm_clock_changed(struct engine *e)
{
	bool running = atomic_load(&e->cfg.clock->running);
	struct kvm_clock_data now = {0};

	if (!running && !e->stopped) {
		stand_still(e);
	} else if (running && e->stopped) {
		go_on(e);
	} else if (running) {
		now.clock = clock_now(e->cfg.clock);
		(void)kvm_ioctlp(e->vm, KVM_SET_CLOCK, &now);
	}
}
