/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a /dev/kvm is worth.  Some clouds offer one whose kernel interprets every
 * instruction (a million a second); nested virtualization in emulation does
 * some hundred million; hardware a thousand and more.
 */
#include "hvcore/vmm/engine/calibrate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	WINDOWS = 3, /* in which the guest made progress; the best counts */
	TRIES = 12,  /* the first ones may warm up page tables and caches, and see none */
	WINDOW_US = 5000,
	DEADLINE_MS = 3000,
	MEMORY = 5 << 12,
	PML4 = 1 << 12,
	PDPT = 2 << 12,
	PD = 3 << 12,
	CODE = 4 << 12,
	PER_TURN = 2, /* instructions in one turn of the loop */
};

/* The child's only vCPU, for its signal handler. */
static struct kvm_run *volatile run;

static void on_tick(int sig)
{
	run->immediate_exit = 1;
}

static int vcpu_open(uint8_t *memory)
{
	struct kvm_userspace_memory_region ram = {
		.memory_size = MEMORY,
		.userspace_addr = (uintptr_t)memory,
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, vcpu, size;

	if (kvm < 0)
		return -errno;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000UL) ||
	    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &ram))
		return -errno;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (vcpu < 0 || size < (int)sizeof(*run))
		return -EIO;
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	return run == MAP_FAILED ? -errno : vcpu;
}

/* enter_loop() - 64-bit mode, 2 MiB mapped one to one, at "1: inc %rcx; jmp 1b". */
static int enter_loop(int vcpu, uint8_t *memory)
{
	static const uint8_t loop[] = {0x48, 0xff, 0xc1, 0xeb, 0xfb};
	const uint64_t table[] = {PDPT | 3, PD | 3, 0x83};
	struct kvm_regs regs = {.rip = CODE, .rflags = 2};
	struct kvm_sregs sregs;

	memcpy(memory + CODE, loop, sizeof(loop));
	memcpy(memory + PML4, &table[0], 8);
	memcpy(memory + PDPT, &table[1], 8);
	memcpy(memory + PD, &table[2], 8);
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs = (struct kvm_segment){.limit = 0xffffffff,
					.selector = 8,
					.type = 11,
					.present = 1,
					.s = 1,
					.l = 1,
					.g = 1};
	sregs.ss = sregs.ds = sregs.es = (struct kvm_segment){.limit = 0xffffffff,
							      .selector = 16,
							      .type = 3,
							      .present = 1,
							      .s = 1,
							      .db = 1,
							      .g = 1};
	sregs.cr3 = PML4;
	sregs.cr4 = 0x20;       /* PAE */
	sregs.cr0 = 0x80000011; /* PG, ET, PE */
	sregs.efer = 0x500;     /* LMA, LME */
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs))
		return -errno;
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* window() - Instructions a second in one window; 0 if KVM_RUN ended otherwise. */
static int64_t window(int vcpu)
{
	const struct itimerval tick = {.it_value.tv_usec = WINDOW_US};
	struct kvm_regs before, after;
	int64_t ns = now_ns();

	if (ioctl(vcpu, KVM_GET_REGS, &before))
		return 0;
	run->immediate_exit = 0;
	setitimer(ITIMER_REAL, &tick, NULL);
	if (ioctl(vcpu, KVM_RUN, 0) >= 0 || errno != EINTR)
		return 0;
	ns = now_ns() - ns;
	if (ioctl(vcpu, KVM_GET_REGS, &after) || ns <= 0)
		return 0;
	return (int64_t)((double)(after.rcx - before.rcx) * PER_TURN * 1e9 / (double)ns);
}

static int64_t measure(void)
{
	struct sigaction sa = {.sa_handler = on_tick};
	int64_t best = 0, rate;
	uint8_t *memory;
	int vcpu, rc;

	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	vcpu = vcpu_open(memory);
	if (vcpu < 0)
		return vcpu;
	rc = enter_loop(vcpu, memory);
	if (rc)
		return rc;
	sigaction(SIGALRM, &sa, NULL);
	for (unsigned i = 0, n = 0; i < TRIES && n < WINDOWS; i++) {
		rate = window(vcpu);
		n += rate > 0;
		if (rate > best)
			best = rate;
	}
	return best > 0 ? best : -EIO;
}

int64_t kvm_calibrate(void)
{
	struct pollfd p = {.events = POLLIN};
	int64_t rate = -EIO;
	sigset_t none;
	int pipes[2];
	pid_t child;

	if (access("/dev/kvm", R_OK | W_OK))
		return -errno;
	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0) {
		rate = -errno;
		close(pipes[1]);
		goto out;
	}
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		rate = measure();
		_exit(write(pipes[1], &rate, sizeof(rate)) != sizeof(rate));
	}
	close(pipes[1]);
	p.fd = pipes[0];
	if (poll(&p, 1, DEADLINE_MS) <= 0)
		rate = -ETIMEDOUT;
	else if (read(pipes[0], &rate, sizeof(rate)) != sizeof(rate))
		rate = -EIO;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
out:
	close(pipes[0]);
	return rate;
}
