/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm-clock and TSC across stop and cont.  The kernel's never stand still, so
 * at a stop we note what they read and take the armed timers away, and at cont
 * put all back where they were: the guest sees no gap.
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
	SAMPLES = 5,
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

/*
 * sample() - kvm-clock and TSC at one moment: the TSC is read between two
 * readings of the clock, and the closest pair of some counts.  A guest that finds
 * the two apart by some 100 us (Linux' watchdog) gives its TSC up.
 */
static int sample(struct engine *e, unsigned samples, uint64_t *clock, uint64_t *tsc)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < samples; i++) {
		struct kvm_clock_data before = {0}, after = {0};
		uint64_t t;
		int rc;

		if ((rc = kvm_ioctlp(e->vm, KVM_GET_CLOCK, &before)) ||
		    (rc = kvm_msr_get(&e->vcpu[0], MSR_TSC, &t)) ||
		    (rc = kvm_ioctlp(e->vm, KVM_GET_CLOCK, &after)))
			return rc;
		if (after.clock - before.clock >= best)
			continue;
		best = after.clock - before.clock;
		*clock = before.clock + best / 2;
		*tsc = t;
	}
	return 0;
}

/* cycles() - @ns in TSC cycles, either way. */
static int64_t cycles(const struct engine *e, int64_t ns)
{
	return (int64_t)((__int128)ns * e->tsc_khz / 1000000);
}

/*
 * stand_still() - The kernel's clock is the raw TSC's, ours is disciplined (NTP),
 * so they part by some millionths.  The guest must never see its time turn
 * back: the later of the two is the time at which it stands.
 */
static void stand_still(struct engine *e)
{
	uint64_t now = 0, ours = clock_now(e->cfg.clock);

	e->stopped = true;
	/* Before the time is read: what passes between the two makes a timer late, and never early. */
	for (unsigned i = 0; i < e->cfg.vcpus; i++)
		kvm_timer_stop(&e->vcpu[i]);
	if (!sample(e, SAMPLES, &now, &e->tsc)) {
		if (now > ours)
			clock_set(e->cfg.clock, now);
		else
			e->tsc += (uint64_t)cycles(e, (int64_t)(ours - now));
	}
	for (unsigned i = 0; i < e->cfg.vcpus; i++) {
		struct kvm_vcpu *v = &e->vcpu[i];

		v->deadline = 0;
		(void)kvm_msr_get(v, MSR_TSC_DEADLINE, &v->deadline);
		if (v->deadline)
			(void)kvm_msr_set(v, MSR_TSC_DEADLINE, 0);
	}
}

static bool shift_tsc(struct engine *e, uint64_t by)
{
	uint64_t offset = 0;

	if (tsc_offset(&e->vcpu[0], KVM_GET_DEVICE_ATTR, &offset))
		return false;
	offset += by;
	for (unsigned i = 0; i < e->cfg.vcpus; i++)
		if (tsc_offset(&e->vcpu[i], KVM_SET_DEVICE_ATTR, &offset))
			return false;
	return true;
}

static void go_on(struct engine *e)
{
	struct kvm_clock_data set = {.clock = clock_now(e->cfg.clock)};
	uint64_t stood = (uint64_t)atomic_load(&e->cfg.clock->frozen);
	/* Before it first ran, a guest has seen neither: only that its TSCs agree counts. */
	unsigned samples = e->tsc ? SAMPLES : 1;
	uint64_t now, tsc;

	(void)kvm_ioctlp(e->vm, KVM_SET_CLOCK, &set);
	/* The TSC stood at e->tsc when the clock stood at `stood`: put it where it is now. */
	if (sample(e, samples, &now, &tsc) ||
	    !shift_tsc(e, e->tsc + (uint64_t)cycles(e, (int64_t)(now - stood)) - tsc))
		for (unsigned i = 0; i < e->cfg.vcpus; i++)
			(void)kvm_msr_set(&e->vcpu[i], MSR_TSC, e->tsc);
	e->stopped = false;
	for (unsigned i = 0; i < e->cfg.vcpus; i++) {
		if (e->vcpu[i].deadline)
			(void)kvm_msr_set(&e->vcpu[i], MSR_TSC_DEADLINE, e->vcpu[i].deadline);
		kvm_timer_go(&e->vcpu[i]);
	}
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
