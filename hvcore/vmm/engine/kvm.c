/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kvm engine: Linux KVM with the split irqchip.  Local APICs are the
 * kernel's; PIC, IOAPIC and PIT are the board's.  One thread per vCPU.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hvcore/vmm/clock.h"

/*
 * Intel hosts without "unrestricted guest" keep a page table and a TSS in the
 * guest's space: below the largest ROM, above the local APICs.
 */
#define KVM_IDENTITY_ADDR 0xfeffc000ULL /* 1 page */
#define KVM_TSS_ADDR      0xfeffd000ULL /* 3 pages */

enum { MSR_MISC_ENABLE = 0x1a0, MISC_ENABLE_FAST_STRING = 1 };

static const struct {
	int cap;
	const char *what;
} needed[] = {
	{KVM_CAP_SPLIT_IRQCHIP, "the split irqchip"},
	{KVM_CAP_SIGNAL_MSI, "KVM_SIGNAL_MSI"},
	{KVM_CAP_IOEVENTFD_ANY_LENGTH, "ioeventfd of any length"},
	{KVM_CAP_IMMEDIATE_EXIT, "immediate_exit"},
	{KVM_CAP_TSC_DEADLINE_TIMER, "the TSC-deadline timer"},
	{KVM_CAP_GET_TSC_KHZ, "the TSC's frequency"},
	{KVM_CAP_ADJUST_CLOCK, "an adjustable kvm-clock"},
	{KVM_CAP_VCPU_EVENTS, "vCPU events"},
	{KVM_CAP_DEBUGREGS, "debug registers"},
	{KVM_CAP_EXT_CPUID, "CPUID tables"},
};

int kvm_ioctl(int fd, unsigned long request, unsigned long arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? -errno : rc;
}

static int open_kvm(struct engine *e, struct hv_error *err)
{
	int rc;

	e->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (e->kvm < 0) {
		rc = -errno;
		return hv_err(err, rc, "/dev/kvm: cannot be opened: %s; engine='soft' needs no KVM",
			      strerror(-rc));
	}
	rc = kvm_ioctl(e->kvm, KVM_GET_API_VERSION, 0);
	if (rc != KVM_API_VERSION)
		return hv_err(err, -ENOTSUP, "/dev/kvm: API version %d where %d is needed", rc,
			      KVM_API_VERSION);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (kvm_ioctl(e->kvm, KVM_CHECK_EXTENSION, needed[i].cap) <= 0)
			return hv_err(
				err, -ENOTSUP,
				"/dev/kvm: this kernel's KVM lacks %s; use engine='soft' or a "
				"newer kernel",
				needed[i].what);
	return 0;
}

static int create_vm(struct engine *e, struct hv_error *err)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {KVM_PINS}};
	uint64_t identity = KVM_IDENTITY_ADDR;
	int rc;

	/* A signal may interrupt it: it takes milliseconds on some kernels. */
	do
		e->vm = kvm_ioctl(e->kvm, KVM_CREATE_VM, 0);
	while (e->vm == -EINTR);
	if (e->vm < 0)
		return hv_err(err, e->vm, "/dev/kvm: cannot create a virtual machine: %s",
			      strerror(-e->vm));
	rc = kvm_ioctlp(e->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	if (!rc)
		rc = kvm_ioctl(e->vm, KVM_SET_TSS_ADDR, KVM_TSS_ADDR);
	if (!rc)
		rc = kvm_ioctlp(e->vm, KVM_ENABLE_CAP, &cap);
	if (rc)
		return hv_err(err, rc, "/dev/kvm: cannot set up the split irqchip: %s",
			      strerror(-rc));
	return kvm_map_ram(e, err);
}

/*
 * set_rate() - taiki-base's TSC runs at CLOCK_TSC_KHZ where the host can scale;
 * elsewhere at the host's rate, and CPUID says so.
 */
static int set_rate(struct kvm_vcpu *v)
{
	struct engine *e = v->e;

	if (e->cfg.cpu == HV_CPU_TAIKI_BASE &&
	    kvm_ioctl(e->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) > 0)
		(void)kvm_ioctl(v->fd, KVM_SET_TSC_KHZ, CLOCK_TSC_KHZ);
	int khz = kvm_ioctl(v->fd, KVM_GET_TSC_KHZ, 0);

	if (khz <= 0)
		return khz ? khz : -EIO;
	e->tsc_khz = (unsigned)khz;
	return 0;
}

static int create_vcpu(struct engine *e, unsigned i, struct hv_error *err)
{
	struct kvm_vcpu *v = &e->vcpu[i];
	struct kvm_enable_cap enforce = {.cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = {1}};
	int rc;

	v->e = e;
	v->index = i;
	v->fd = kvm_ioctl(e->vm, KVM_CREATE_VCPU, i);
	if (v->fd < 0)
		return hv_err(err, v->fd, "/dev/kvm: cannot create vCPU %u: %s", i,
			      strerror(-v->fd));
	v->run = mmap(NULL, e->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED) {
		rc = -errno;
		v->run = NULL;
		return hv_err(err, rc, "/dev/kvm: cannot map vCPU %u: %s", i, strerror(-rc));
	}
	rc = set_rate(v);
	if (rc)
		return hv_err(err, rc, "/dev/kvm: vCPU %u has no TSC frequency: %s", i,
			      strerror(-rc));
	rc = kvm_cpuid_apply(v, err);
	if (rc)
		return rc;
	/* Older kernels offer all paravirtual MSRs whatever CPUID says: harmless. */
	(void)kvm_ioctlp(v->fd, KVM_ENABLE_CAP, &enforce);
	/* Without it a stock kernel avoids the string instructions. */
	rc = kvm_msr_set(v, MSR_MISC_ENABLE, MISC_ENABLE_FAST_STRING);
	if (!rc)
		rc = kvm_get(e, i, &v->initial);
	/* EDX says who it is (SDM 3A §10.1.2); KVM made it before it knew its CPUID table. */
	v->initial.regs.rdx = v->signature;
	if (!rc)
		rc = kvm_ioctlp(v->fd, KVM_SET_REGS, &v->initial.regs);
	if (rc < 0)
		return hv_err(err, rc, "/dev/kvm: vCPU %u: cannot make its first state: %s", i,
			      strerror(-rc));
	return 0;
}

static void kvm_destroy(struct engine *e)
{
	if (!e)
		return;
	for (unsigned i = 0; e->vcpu && i < e->cfg.vcpus; i++) {
		if (e->vcpu[i].run)
			munmap(e->vcpu[i].run, e->run_size);
		if (e->vcpu[i].fd >= 0)
			close(e->vcpu[i].fd);
	}
	if (e->vm >= 0)
		close(e->vm);
	if (e->kvm >= 0)
		close(e->kvm);
	pthread_mutex_destroy(&e->routes);
	free(e->vcpu);
	free(e);
}

static int kvm_create(const struct engine_config *cfg, struct engine **out, struct hv_error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	int rc = -ENOMEM;

	if (!e)
		return hv_err(err, -ENOMEM, "kvm: out of memory");
	e->cfg = *cfg;
	e->kvm = e->vm = -1;
	e->stopped = true;
	pthread_mutex_init(&e->routes, NULL);
	e->vcpu = calloc(cfg->vcpus, sizeof(*e->vcpu));
	if (!e->vcpu) {
		hv_err(err, rc, "kvm: out of memory");
		goto out;
	}
	for (unsigned i = 0; i < cfg->vcpus; i++)
		e->vcpu[i].fd = -1;
	rc = kvm_run_init(err);
	if (rc)
		goto out;
	rc = open_kvm(e, err);
	if (rc)
		goto out;
	rc = kvm_ioctl(e->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (rc < (int)sizeof(struct kvm_run)) {
		rc = hv_err(err, -EIO, "/dev/kvm: odd size of a vCPU's mapping: %d", rc);
		goto out;
	}
	e->run_size = (size_t)rc;
	rc = create_vm(e, err);
	for (unsigned i = 0; !rc && i < cfg->vcpus; i++)
		rc = create_vcpu(e, i, err);
out:
	if (rc) {
		kvm_destroy(e);
		return rc;
	}
	*out = e;
	return 0;
}

static unsigned kvm_nthreads(const struct engine *e)
{
	return e->cfg.vcpus;
}

/* run() returns only when the access it exited for is retired: nothing is half done. */
static void kvm_settle(struct engine *e)
{
}

/* The kernel's page tables see every writer; the state stream's marks are the machine's. */
static void kvm_ram_written(struct engine *e, uint64_t gpa, uint64_t len)
{
}

static void kvm_idle(struct engine *e)
{
}

static uint64_t kvm_retired(const struct engine *e, unsigned vcpu)
{
	return 0;
}

const struct engine_ops engine_kvm = {
	.name = "kvm",
	.create = kvm_create,
	.destroy = kvm_destroy,
	.nthreads = kvm_nthreads,
	.run = kvm_run,
	.kick = kvm_kick,
	.settle = kvm_settle,
	.reset = kvm_reset,
	.get = kvm_get,
	.set = kvm_set,
	.boot = kvm_boot,
	.msi = kvm_msi,
	.nmi = kvm_nmi,
	.extint = kvm_extint,
	.ioapic_route = kvm_ioapic_route,
	.doorbell = kvm_doorbell,
	.ram_written = kvm_ram_written,
	.rom = kvm_rom,
	.dirty_log = kvm_dirty_log,
	.dirty_harvest = kvm_dirty_harvest,
	.idle = kvm_idle,
	.clock_changed = kvm_clock_changed,
	.retired = kvm_retired,
};
