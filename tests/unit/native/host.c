/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side.  A child has the mappings of native.h and a handler for every
 * signal that a fault becomes.  The handler's frame is the guest: returning from
 * it starts a sequence with every register as we want it, x87 and SSE included
 * (the kernel loads them from the frame), and the fault that ends the sequence
 * brings the handler back with the result.
 *
 * Parent and child share the sequence, its result and the memory, and hand the
 * turn over through a pair of pipes.
 */
#include "tests/unit/native/native.h"

#include <asm/prctl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000 };

/* What both processes see; it ends with the memory, which the child maps again. */
struct shared {
	struct state in, out;
	_Alignas(PAGE) struct memory m;
};

struct host {
	struct shared *s;
	pid_t pid;
	int memfd;
	int go, done; /* the parent's ends */
};

/* The child's own; a handler has no other way to its data. */
static struct {
	struct shared *s;
	int go, done;
	bool started;
} child;

/* Where the kernel keeps our registers in a signal frame. */
static const int frame_reg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
				  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
				  REG_R12, REG_R13, REG_R14, REG_R15};

static void save(const ucontext_t *uc, struct state *s)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	for (unsigned n = 0; n < 16; n++)
		s->r[n] = (uint64_t)g[frame_reg[n]];
	s->ip = (uint64_t)g[REG_RIP];
	s->flags = (uint64_t)g[REG_EFL];
	s->vector = (uint32_t)g[REG_TRAPNO];
	s->error = (uint32_t)g[REG_ERR];
	s->cr2 = (uint64_t)g[REG_CR2];
	memcpy(s->fx, uc->uc_mcontext.fpregs, FX_BYTES);
}

static void load(ucontext_t *uc, const struct state *s)
{
	greg_t *g = uc->uc_mcontext.gregs;
	uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
	uint64_t features;
	uint64_t cs = s->bits32 ? SEL_CODE32 : SEL_CODE64;

	for (unsigned n = 0; n < 16; n++)
		g[frame_reg[n]] = (greg_t)s->r[n];
	g[REG_RIP] = (greg_t)s->ip;
	g[REG_EFL] = (greg_t)s->flags;
	g[REG_CSGSFS] = (greg_t)(cs | (uint64_t)SEL_DATA << 48);
	memcpy(fp, s->fx, 24);
	memcpy(fp + 24, s->fx + 24, 4); /* not MXCSR_MASK */
	memcpy(fp + 32, s->fx + 32, FX_BYTES - 32);
	/* The header of XSAVE: x87 and SSE are not in their initial state. */
	memcpy(&features, fp + 512, 8);
	features |= 3;
	memcpy(fp + 512, &features, 8);
}

static void handler(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	char turn = 0;

	if (child.started) {
		save(uc, &child.s->out);
		if (write(child.done, &turn, 1) != 1)
			_exit(1);
	}
	child.started = true;
	if (read(child.go, &turn, 1) != 1)
		_exit(0); /* the parent is done with us */
	/* Compatibility mode uses them; 64-bit mode does not care. */
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(SEL_DATA));
	load(uc, &child.s->in);
}

static void map_at(int memfd, uint64_t at, unsigned pages, size_t offset, int prot)
{
	void *want = (void *)(uintptr_t)at;

	if (mmap(want, (size_t)pages * PAGE, prot, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE,
		 memfd, (off_t)offset) != want)
		_exit(2);
}

_Noreturn static void child_main(struct host *h)
{
	static const int signals[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	size_t code = offsetof(struct shared, m.code);
	size_t data = offsetof(struct shared, m.data);
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t alt = {.ss_size = 1 << 18};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	map_at(h->memfd, CODE, CODE_PAGES, code, PROT_READ | PROT_EXEC);
	map_at(h->memfd, DATA, DATA_RO, data, PROT_READ | PROT_WRITE);
	map_at(h->memfd, DATA + DATA_RO * PAGE, 1, data + DATA_RO * PAGE, PROT_READ);
	map_at(h->memfd, DATA + (DATA_HOLE + 1) * PAGE, DATA_PAGES - DATA_HOLE - 1,
	       data + (DATA_HOLE + 1) * PAGE, PROT_READ | PROT_WRITE);
	alt.ss_sp = mmap(NULL, alt.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	if (alt.ss_sp == MAP_FAILED || sigaltstack(&alt, NULL) ||
	    syscall(SYS_arch_prctl, ARCH_SET_GS, (unsigned long)GS_BASE))
		_exit(2);
	sigfillset(&sa.sa_mask);
	for (unsigned n = 0; n < sizeof(signals) / sizeof(signals[0]); n++) {
		sigdelset(&sa.sa_mask, signals[n]);
		sigaction(signals[n], &sa, NULL);
	}
	/* Faults inside the handler would loop: block none of them, so that they kill. */
	raise(SIGUSR1);
	_exit(3);
}

struct host *host_open(void)
{
	struct host *h = calloc(1, sizeof(*h));
	int go[2];
	int done[2];

	if (!h)
		return NULL;
	h->memfd = memfd_create("native", MFD_CLOEXEC);
	if (h->memfd < 0 || ftruncate(h->memfd, sizeof(struct shared)) || pipe(go) || pipe(done))
		goto fail;
	h->s = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, h->memfd, 0);
	if (h->s == MAP_FAILED)
		goto fail;
	h->pid = fork();
	if (h->pid < 0)
		goto fail;
	if (!h->pid) {
		close(go[1]);
		close(done[0]);
		child.s = h->s;
		child.go = go[0];
		child.done = done[1];
		child_main(h);
	}
	close(go[0]);
	close(done[1]);
	h->go = go[1];
	h->done = done[0];
	signal(SIGPIPE, SIG_IGN);
	return h;
fail:
	perror("native: cannot make the host's side");
	free(h);
	return NULL;
}

void host_start(struct host *h, const struct state *in, const struct memory *m)
{
	char turn = 0;

	h->s->in = *in;
	h->s->m = *m;
	/* If it is dead, finish() will see that. */
	if (write(h->go, &turn, 1) != 1)
		return;
}

int host_finish(struct host *h, struct state *out, struct memory *m, const char **why)
{
	struct pollfd p = {.fd = h->done, .events = POLLIN};
	char turn;

	if (poll(&p, 1, DEADLINE_MS) != 1) {
		*why = "the host's side does not answer: does the sequence end?";
		return -1;
	}
	if (read(h->done, &turn, 1) != 1) {
		*why = "the host's side died of the sequence";
		return -1;
	}
	*out = h->s->out;
	*m = h->s->m;
	return 0;
}

void host_close(struct host *h)
{
	close(h->go);
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	close(h->done);
	close(h->memfd);
	munmap(h->s, sizeof(*h->s));
	free(h);
}
