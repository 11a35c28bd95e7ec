/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run loop of one vCPU.
 *
 * KVM retires an access only at the next KVM_RUN.  So the loop never leaves
 * between an exit and the KVM_RUN after it: a kick makes that KVM_RUN return
 * -EINTR at once (immediate_exit), with the access retired and nothing half
 * done.
 *
 * Kick, in this order: `kicked`, immediate_exit, signal.  The signal gets the
 * thread out of the guest; immediate_exit keeps one that is about to enter
 * from entering.  The loop clears immediate_exit before it looks at `kicked`:
 * whatever came in between is seen by one of them.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define KICK_SIGNAL SIGRTMIN

/* The vCPU this thread runs; it needs no signal from itself. */
static __thread struct kvm_vcpu *self;

static void on_kick(int sig)
{
}

int kvm_run_init(struct hv_error *err)
{
	/* Device code on a run thread must not see EINTR; KVM_RUN returns it all the same. */
	struct sigaction sa = {.sa_handler = on_kick, .sa_flags = SA_RESTART};

	sigemptyset(&sa.sa_mask);
	if (sigaction(KICK_SIGNAL, &sa, NULL))
		return hv_err(err, -errno, "kvm: cannot catch signal %d: %s", KICK_SIGNAL,
			      strerror(errno));
	return 0;
}

static void set_immediate_exit(struct kvm_vcpu *v, uint8_t on)
{
	__atomic_store_n(&v->run->immediate_exit, on, __ATOMIC_SEQ_CST);
}

/* nudge() - Make @v leave the guest and look around. */
static void nudge(struct kvm_vcpu *v)
{
	int tid;

	if (v == self)
		return;
	set_immediate_exit(v, 1);
	tid = atomic_load(&v->tid);
	if (tid)
		tgkill(getpid(), tid, KICK_SIGNAL);
}

void kvm_kick(struct engine *e, unsigned thread)
{
	struct kvm_vcpu *v = &e->vcpu[thread];

	atomic_store(&v->kicked, true);
	if (v == self)
		set_immediate_exit(v, 1);
	nudge(v);
}

void kvm_extint(struct engine *e, bool level)
{
	if (atomic_exchange(&e->intr, level) != level && level)
		nudge(&e->vcpu[0]);
}

/*
 * kvm_nmi() - KVM_NMI would wait for the guest to leave, so that the run thread
 * does it.  (An MSI of mode NMI would not; not every host's KVM delivers it.)
 */
void kvm_nmi(struct engine *e, unsigned vcpu)
{
	atomic_store(&e->vcpu[vcpu].nmi, true);
	nudge(&e->vcpu[vcpu]);
}

/*
 * offer_extint() - Bring the PIC's interrupt to vCPU 0 if it takes one now
 * (IF, no shadow, LINT0 open), else ask for an exit when it does.  Returns
 * whether a vector has been handed to the kernel.
 */
static bool offer_extint(struct kvm_vcpu *v)
{
	const struct engine_board *b = v->e->cfg.board;
	struct kvm_run *run = v->run;
	struct kvm_interrupt irq;
	bool given = false;

	run->request_interrupt_window = 0;
	if (!atomic_load(&v->e->intr))
		return false;
	if (run->ready_for_interrupt_injection && !atomic_load(&v->kicked)) {
		irq.irq = (uint32_t)b->pic_ack(b->opaque) & 0xff;
		/* Refused only if one is pending, which ready_for_... excludes. */
		given = !kvm_ioctlp(v->fd, KVM_INTERRUPT, &irq);
		run->ready_for_interrupt_injection = 0;
	}
	run->request_interrupt_window = atomic_load(&v->e->intr);
	return given;
}

/*
 * take_extint() - A kick came between KVM_INTERRUPT and the guest: the PIC has
 * been acknowledged, but the vector is where KVM_GET_VCPU_EVENTS does not see
 * it.  A KVM_RUN that is entered with a signal pending moves it there and comes back
 * without executing anything.
 */
static void take_extint(struct kvm_vcpu *v)
{
	/* No signal is blocked: the kernel's set has 8 bytes. */
	union {
		struct kvm_signal_mask head;
		uint8_t bytes[sizeof(struct kvm_signal_mask) + 8];
	} mask = {.bytes = {0}};
	static const struct timespec now = {0, 0};
	sigset_t kick;

	mask.head.len = 8;
	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &kick, NULL);
	tgkill(getpid(), gettid(), KICK_SIGNAL);
	set_immediate_exit(v, 0);
	kvm_ioctlp(v->fd, KVM_SET_SIGNAL_MASK, &mask);
	kvm_ioctl(v->fd, KVM_RUN, 0);
	kvm_ioctl(v->fd, KVM_SET_SIGNAL_MASK, 0);
	sigtimedwait(&kick, NULL, &now);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
}

static void do_io(struct kvm_vcpu *v)
{
	const struct engine_board *b = v->e->cfg.board;
	struct kvm_run *run = v->run;
	uint8_t *p = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, p += run->io.size) {
		uint32_t value = 0;

		if (run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, p, run->io.size);
			b->io_write(b->opaque, run->io.port, run->io.size, value);
		} else {
			value = b->io_read(b->opaque, run->io.port, run->io.size);
			memcpy(p, &value, run->io.size);
		}
	}
}

static void do_mmio(struct kvm_vcpu *v)
{
	const struct engine_board *b = v->e->cfg.board;
	struct kvm_run *run = v->run;
	uint64_t value = 0;

	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, run->mmio.len);
		b->mmio_write(b->opaque, run->mmio.phys_addr, run->mmio.len, value);
	} else {
		value = b->mmio_read(b->opaque, run->mmio.phys_addr, run->mmio.len);
		memcpy(run->mmio.data, &value, sizeof(run->mmio.data));
	}
}

/*
 * say_instruction() - The bytes of the one KVM gave up at, where it tells them
 * (Linux 5.14).  A /dev/kvm that interprets knows fewer than its CPUID offers.
 */
static void say_instruction(struct kvm_vcpu *v, uint64_t rip)
{
	const struct kvm_run *run = v->run;
	char bytes[3 * sizeof(run->emulation_failure.insn_bytes) + 1] = "";
	unsigned n = 0;

	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION &&
	    run->emulation_failure.ndata &&
	    run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)
		n = run->emulation_failure.insn_size;
	for (unsigned i = 0; i < n && i < sizeof(run->emulation_failure.insn_bytes); i++)
		snprintf(bytes + 3 * i, 4, " %02x", run->emulation_failure.insn_bytes[i]);
	snprintf(v->why, sizeof(v->why),
		 "vCPU %u: this host's KVM cannot execute the instruction at 0x%llx%s%s (internal "
		 "error %u); engine='soft' can",
		 v->index, (unsigned long long)rip, *bytes ? ":" : "", bytes,
		 run->internal.suberror);
}

/* failed() - What the kernel says about why it cannot go on. */
static enum engine_exit failed(struct kvm_vcpu *v, int rc, const char **why)
{
	const struct kvm_run *run = v->run;
	struct kvm_regs regs = {0};

	kvm_ioctlp(v->fd, KVM_GET_REGS, &regs);
	if (rc)
		snprintf(v->why, sizeof(v->why), "vCPU %u: KVM_RUN: %s", v->index, strerror(-rc));
	else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		say_instruction(v, regs.rip);
	else if (run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		snprintf(v->why, sizeof(v->why),
			 "vCPU %u: the processor refused the guest's state, reason 0x%llx",
			 v->index, run->fail_entry.hardware_entry_failure_reason);
	else
		snprintf(v->why, sizeof(v->why), "vCPU %u: unexpected KVM exit %u at 0x%llx",
			 v->index, run->exit_reason, regs.rip);
	*why = v->why;
	return ENGINE_FAILED;
}

/* handle() - Answer an exit.  Whether the loop goes on; else *end is how run() ends. */
static bool handle(struct kvm_vcpu *v, enum engine_exit *end, const char **why)
{
	const struct engine_board *b = v->e->cfg.board;

	switch (v->run->exit_reason) {
	case KVM_EXIT_IO: do_io(v); return true;
	case KVM_EXIT_MMIO: do_mmio(v); return true;
	case KVM_EXIT_IOAPIC_EOI: b->ioapic_eoi(b->opaque, v->run->eoi.vector); return true;
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_INTR: return true;
	case KVM_EXIT_SHUTDOWN: *end = ENGINE_SHUTDOWN; return false;
	default: *end = failed(v, 0, why); return false;
	}
}

/* count_exit() - All that this engine can show of a guest's progress. */
static void count_exit(struct kvm_vcpu *v)
{
	struct hv_progress *p = v->e->cfg.progress;

	if (p)
		__atomic_store_n(&p->vcpu[v->index].work, p->vcpu[v->index].work + 1,
				 __ATOMIC_RELAXED);
}

enum engine_exit kvm_run(struct engine *e, unsigned thread, const char **why)
{
	struct kvm_vcpu *v = &e->vcpu[thread];
	enum engine_exit end = ENGINE_KICKED;
	bool given;
	sigset_t kick;
	int rc;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	self = v;
	atomic_store(&v->tid, gettid());
	for (;;) {
		if (atomic_exchange(&v->nmi, false))
			kvm_ioctl(v->fd, KVM_NMI, 0);
		given = thread == 0 && offer_extint(v);
		rc = kvm_ioctl(v->fd, KVM_RUN, 0);
		if (rc == -EINTR || rc == -EAGAIN) {
			set_immediate_exit(v, 0);
			if (!atomic_exchange(&v->kicked, false))
				continue;
			if (given)
				take_extint(v);
			break;
		}
		if (rc < 0) {
			end = failed(v, rc, why);
			break;
		}
		count_exit(v);
		if (!handle(v, &end, why))
			break;
	}
	atomic_store(&v->tid, 0);
	self = NULL;
	return end;
}
