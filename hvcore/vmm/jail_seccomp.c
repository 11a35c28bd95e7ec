/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 2 of the jail: the system calls that are left, in one table, with the
 * reason for each.  A call that is not in it ends the process (the kernel's
 * log, or audit, names it); one marked REFUSED answers -EACCES, because a library may
 * try it and does without.
 */
#include "hvcore/vmm/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	LOOP = 1 << JAIL_LOOP,
	VCPU = 1 << JAIL_VCPU,
	DIAL = 1 << JAIL_DIAL,
	BOTH = LOOP | VCPU,
	EACH = BOTH | DIAL,
	REFUSED = 1 << 6,
};

/* Which values of one argument are allowed. */
enum check {
	ANY,
	REQUEST, /* argument 1 is in ioctls[] */
	COMMAND, /* argument 1 is in fcntls[] */
	NO_EXEC, /* argument 2 is a protection without PROT_EXEC */
	OURSELF, /* argument 0 is our process id */
	LOCAL,   /* argument 0 is AF_UNIX */
	PLACE,   /* argument 2 is O_PATH for a directory: a name, not what is in it */
};

static const struct {
	uint32_t nr;
	uint8_t who;
	uint8_t check;
} table[] = {
	/* The hot ones first.  ioctl: KVM, and what ioctls[] says. */
	{SYS_ioctl, BOTH, REQUEST},
	{SYS_futex, EACH, ANY},          /* the board lock, parking */
	{SYS_io_uring_enter, BOTH, ANY}, /* disk requests, submitted where the guest asks */
	{SYS_epoll_wait, LOOP, ANY},
	{SYS_read, BOTH, ANY},            /* eventfds, timerfd, tap */
	{SYS_write, BOTH, ANY},           /* eventfds, console, log */
	{SYS_readv, BOTH, ANY},           /* tap: a frame into the guest's buffers */
	{SYS_writev, BOTH, ANY},          /* tap: a frame out of them */
	{SYS_timerfd_settime, BOTH, ANY}, /* a device arms its timer inside an access */
	{SYS_sendto, EACH, ANY},          /* console and channel output, events */
	{SYS_sendmsg, EACH, ANY},
	{SYS_recvfrom, EACH, ANY}, /* a channel the guest makes room in is read again */
	{SYS_recvmsg, EACH, ANY},
	{SYS_epoll_ctl, BOTH, ANY}, /* watching stops and begins with the guest's buffers */
	{SYS_epoll_pwait, LOOP, ANY},
	{SYS_poll, LOOP | DIAL, ANY}, /* a control socket's deadline */
	{SYS_ppoll, LOOP | DIAL, ANY},

	/* Time, where the vDSO cannot answer; identity; luck. */
	{SYS_clock_gettime, EACH, ANY},
	{SYS_clock_nanosleep, BOTH, ANY},
	{SYS_nanosleep, BOTH, ANY},
	{SYS_gettimeofday, BOTH, ANY},
	{SYS_getpid, BOTH, ANY},
	{SYS_gettid, BOTH, ANY},
	{SYS_getrandom, BOTH, ANY}, /* virtio-rng; malloc's own secret */
	{SYS_sched_yield, BOTH, ANY},
	{SYS_sched_getaffinity, BOTH, ANY}, /* malloc counts processors */

	/* Signals: kicks between our threads; faults that end us in order. */
	{SYS_tgkill, BOTH, OURSELF},
	{SYS_rt_sigprocmask, BOTH, ANY},
	{SYS_rt_sigaction, BOTH, ANY},
	{SYS_rt_sigreturn, EACH, ANY},
	{SYS_rt_sigtimedwait, BOTH, ANY},
	{SYS_sigaltstack, BOTH, ANY},
	{SYS_restart_syscall, EACH, ANY},

	/* Memory, never executable. */
	{SYS_mmap, EACH, NO_EXEC},
	{SYS_mprotect, BOTH, NO_EXEC},
	{SYS_munmap, EACH, ANY},
	{SYS_mremap, EACH, ANY},
	{SYS_madvise, EACH, ANY},
	{SYS_brk, EACH, ANY},

	/* Files that are open. */
	{SYS_pread64, BOTH, ANY},  /* kernel and initrd again at a reset */
	{SYS_pwrite64, BOTH, ANY}, /* log; console buffer */
	{SYS_lseek, BOTH, ANY},
	{SYS_fstat, BOTH, ANY},
	{SYS_newfstatat, BOTH, ANY}, /* how libc spells fstat(); paths lead nowhere */
	{SYS_ftruncate, BOTH, ANY},  /* the log's bound; block_resize */
	{SYS_fallocate, BOTH, ANY},  /* ballooned pages go back to the host */
	{SYS_fdatasync, LOOP, ANY},
	{SYS_fsync, LOOP, ANY},
	{SYS_fcntl, EACH, COMMAND},
	{SYS_close, EACH, ANY},

	/* Clients that come and go on sockets that listen already. */
	{SYS_accept4, LOOP, ANY},
	{SYS_shutdown, BOTH, ANY},
	{SYS_getsockopt, LOOP | DIAL, ANY},
	{SYS_setsockopt, LOOP | DIAL, ANY},
	{SYS_getsockname, LOOP, ANY},
	{SYS_socketpair, LOOP,
	 LOCAL}, /* a vhost-user server's way to say that its disk has grown */

	/* A server that comes back: the one path there is (vhost_redial.c). */
	{SYS_socket, DIAL, LOCAL},
	{SYS_connect, DIAL, ANY},
	{SYS_openat, DIAL, PLACE}, /* of a path that is too long for an address */

	/* The end. */
	{SYS_exit, EACH, ANY},
	{SYS_exit_group, EACH, ANY},
	{SYS_set_robust_list, BOTH, ANY}, /* libc, at a thread's end */
	{SYS_rseq, BOTH, ANY},

	/* Tried on a whim, by libraries or by a clean-up that can do without. */
	{SYS_open, BOTH | REFUSED, ANY},
	{SYS_openat, BOTH | REFUSED, ANY},
	{SYS_access, BOTH | REFUSED, ANY},
	{SYS_faccessat, BOTH | REFUSED, ANY},
	{SYS_faccessat2, BOTH | REFUSED, ANY},
	{SYS_stat, BOTH | REFUSED, ANY},
	{SYS_readlink, BOTH | REFUSED, ANY},
	{SYS_readlinkat, BOTH | REFUSED, ANY},
	{SYS_unlink, BOTH | REFUSED, ANY},
	{SYS_unlinkat, BOTH | REFUSED, ANY},
	{SYS_rename, BOTH | REFUSED, ANY},
	{SYS_socket, BOTH | REFUSED, ANY},
	{SYS_connect, BOTH | REFUSED, ANY},
	{SYS_io_uring_register, BOTH | REFUSED, ANY}, /* liburing, taking a ring down */
};

static const struct {
	uint32_t request;
	uint8_t who;
} ioctls[] = {
	{KVM_RUN, VCPU},
	{KVM_INTERRUPT, VCPU},
	{KVM_NMI, VCPU},             /* the watchdog's action, inject-nmi */
	{KVM_SET_SIGNAL_MASK, VCPU}, /* kvm_run.c, take_extint() */
	{KVM_GET_REGS, BOTH},        /* a run thread says where it failed */
	{KVM_SIGNAL_MSI, BOTH},
	{KVM_SET_GSI_ROUTING, BOTH}, /* the guest programs IOAPIC and MSI-X inside an access */
	{KVM_IOEVENTFD, BOTH},       /* the guest moves a BAR */
	{TUNSETOFFLOAD, BOTH},       /* ... or negotiates its network card's features */
	{TUNSETCARRIER, BOTH},       /* link down, up */
	/* Reset, stop and cont: the loop's. */
	{KVM_SET_REGS, LOOP},
	{KVM_GET_SREGS, LOOP},
	{KVM_SET_SREGS, LOOP},
	{KVM_GET_XSAVE, LOOP},
	{KVM_SET_XSAVE, LOOP},
	{KVM_GET_MSRS, LOOP},
	{KVM_SET_MSRS, LOOP},
	{KVM_GET_LAPIC, LOOP},
	{KVM_SET_LAPIC, LOOP},
	{KVM_GET_DEBUGREGS, LOOP},
	{KVM_SET_DEBUGREGS, LOOP},
	{KVM_GET_VCPU_EVENTS, LOOP},
	{KVM_SET_VCPU_EVENTS, LOOP},
	{KVM_GET_MP_STATE, LOOP},
	{KVM_SET_MP_STATE, LOOP},
	{KVM_GET_CLOCK, LOOP},
	{KVM_SET_CLOCK, LOOP},
	{KVM_GET_DEVICE_ATTR, LOOP}, /* the TSC's offset */
	{KVM_SET_DEVICE_ATTR, LOOP},
	{KVM_SET_USER_MEMORY_REGION, LOOP}, /* the dirty log, on and off */
	{KVM_GET_DIRTY_LOG, LOOP},
	{BLKGETSIZE64, LOOP}, /* block_resize */
	{TCGETS, LOOP},       /* libc asks whether a stream is a terminal */
};

static const uint32_t fcntls[] = {F_GETFD, F_GETFL, F_SETFL, F_OFD_SETLK, F_OFD_GETLK};

enum { PROGRAM_MAX = 512 };

struct program {
	struct sock_filter f[PROGRAM_MAX];
	unsigned n;
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	/* Longer is refused by jail_thread(), before it is used. */
	if (p->n < PROGRAM_MAX)
		p->f[p->n] = (struct sock_filter){code, jt, jf, k};
	p->n++;
}

static void put_return(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* put_load() - The low half of argument @i; what the kernel looks at of an int. */
static void put_load(struct program *p, unsigned i)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * i, 0, 0);
}

/* put_allow_if() - Allow if the loaded word is @value. */
static void put_allow_if(struct program *p, uint32_t value)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	put_return(p, SECCOMP_RET_ALLOW);
}

static void put_check(struct program *p, enum check check, unsigned who)
{
	switch (check) {
	case ANY: put_return(p, SECCOMP_RET_ALLOW); return;
	case REQUEST:
		put_load(p, 1);
		for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
			if (ioctls[i].who & who)
				put_allow_if(p, ioctls[i].request);
		break;
	case COMMAND:
		put_load(p, 1);
		for (size_t i = 0; i < sizeof(fcntls) / sizeof(fcntls[0]); i++)
			put_allow_if(p, fcntls[i]);
		break;
	case NO_EXEC:
		put_load(p, 2);
		put(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
		put_return(p, SECCOMP_RET_ALLOW);
		break;
	case LOCAL:
		put_load(p, 0);
		put_allow_if(p, AF_UNIX);
		break;
	case PLACE:
		put_load(p, 2);
		put_allow_if(p, O_PATH | O_DIRECTORY | O_CLOEXEC);
		break;
	case OURSELF:
		put_load(p, 0);
		put_allow_if(p, (uint32_t)getpid());
		break;
	}
	put_return(p, SECCOMP_RET_KILL_PROCESS);
}

/*
 * put_row() - If the call is @row's, its verdict.  A conditional jump reaches
 * 255 instructions, so each row's verdict stands behind a jump over it.
 */
static void put_row(struct program *p, size_t row, unsigned who)
{
	unsigned over;

	put(p, BPF_JMP | BPF_JEQ | BPF_K, table[row].nr, 1, 0);
	over = p->n;
	put(p, BPF_JMP | BPF_JA, 0, 0, 0);
	if (table[row].who & REFUSED)
		put_return(p, SECCOMP_RET_ERRNO | EACCES);
	else
		put_check(p, table[row].check, who);
	if (over < PROGRAM_MAX)
		p->f[over].k = p->n - over - 1;
}

static void compile(struct program *p, unsigned who)
{
	p->n = 0;
	put(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	/* The x32 numbers are in no row, so they end where all that is unknown does. */
	put(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].who & who)
			put_row(p, i, who);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
}

int jail_thread(enum jail_role role, struct hv_error *err)
{
	struct program p;
	struct sock_fprog prog = {.filter = p.f};

	compile(&p, 1U << role);
	if (p.n > PROGRAM_MAX)
		return hv_err(err, -E2BIG, "jail: the list of system calls is too long (%u)", p.n);
	prog.len = (unsigned short)p.n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0))
		return hv_err(err, -errno,
			      "jail: cannot restrict system calls: %s; the kernel needs "
			      "CONFIG_SECCOMP_FILTER",
			      strerror(errno));
	return 0;
}
