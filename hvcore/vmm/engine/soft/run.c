// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The run thread: vCPUs take turns of so many instructions.  Between blocks a
 * vCPU looks at its events when `attention` asks for it; the clock is looked at
 * once a turn.
 */
#include <limits.h>
#include <time.h>

#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/engine/soft/fpu.h"
#include "hvcore/vmm/engine/soft/lapic.h"
#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/soft.h"

enum {
	SLICE = 20000, /* instructions of a turn: some 0.15 ms, the timers' precision */
	SLICE_SHARED = 5000,
	IDLE_MAX_NS = 100000000, /* wake this often at least: a safety net, not a tick */
};

uint64_t guest_time(struct cpu *c)
{
	uint64_t now = clock_now(c->engine->clock);

	if (c->engine->deterministic)
		now += (c->slice - c->left) * DET_NS;
	return now;
}

void engine_wake(struct engine *e, struct cpu *c)
{
	if (c)
		cpu_attention(c);
	pthread_mutex_lock(&e->lock);
	if (e->sleeping)
		pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
}

void engine_fail(struct cpu *c, const char *why)
{
	c->engine->failure = why;
	longjmp(*c->escape, 2);
}

/* drain_written() - Forget code that devices have overwritten. */
static void drain_written(struct engine *e)
{
	struct range r[WRITTEN_MAX];
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = e->nwritten;
	if (n <= WRITTEN_MAX)
		memcpy(r, e->written, n * sizeof(r[0]));
	e->nwritten = 0;
	pthread_mutex_unlock(&e->lock);
	if (n > WRITTEN_MAX) {
		cache_drop(e);
		return;
	}
	for (unsigned k = 0; k < n; k++)
		for (uint64_t at = r[k].gpa, end = r[k].gpa + r[k].len; at < end;) {
			uint64_t next = (at & PAGE_MASK) + PAGE_SIZE;

			if (next > end)
				next = end;
			code_write(e, NULL, NULL, at, next - at);
			at = next;
		}
}

/* wakes() - Whether a halted @c has a reason to go on. */
static bool wakes(struct cpu *c)
{
	uint32_t ev = atomic_load(&c->events);

	if (ev & (EV_NMI | EV_INIT))
		return true;
	if (!(c->eflags & F_IF))
		return false;
	return lapic_pending(c) >= 0 || (atomic_load(&c->engine->extint) && lapic_takes_extint(c));
}

/* special() - INIT, SIPI and NMI. */
static void special(struct cpu *c, uint32_t ev)
{
	if (ev & EV_INIT) {
		atomic_fetch_and(&c->events, ~EV_INIT);
		cpu_reset(c, true);
		/* The boot CPU starts anew, the others wait. */
		c->halted = c->index ? CPU_WAIT_SIPI : CPU_RUNNING;
		ev = atomic_load(&c->events);
	}
	if (ev & EV_SIPI) {
		atomic_fetch_and(&c->events, ~EV_SIPI);
		if (c->halted == CPU_WAIT_SIPI) {
			c->seg[SEG_CS].sel = c->sipi << 8;
			c->seg[SEG_CS].base = (uint64_t)c->sipi << 12;
			c->r[REG_IP] = 0;
			c->halted = CPU_RUNNING;
			cpu_update(c);
		}
	}
	if ((ev & EV_NMI) && !c->nmi_masked && !c->shadow && c->halted != CPU_WAIT_SIPI) {
		atomic_fetch_and(&c->events, ~EV_NMI);
		c->nmi_masked = true;
		c->halted = CPU_RUNNING;
		interrupt(c, 2, false, false, 0);
	}
}

/* take_interrupt() - Deliver one if the processor accepts it. */
static void take_interrupt(struct cpu *c)
{
	struct engine *e = c->engine;
	int vector;

	if (!(c->eflags & F_IF) || c->shadow)
		return; /* the event stays */
	atomic_fetch_and(&c->events, ~EV_INTR);
	if (atomic_load(&e->extint) && lapic_takes_extint(c)) {
		/* More may follow, from either. */
		atomic_fetch_or(&c->events, EV_INTR);
		cpu_attention(c);
		vector = callback_ack(c);
		if (vector < 0)
			return;
	} else {
		vector = lapic_pending(c);
		if (vector < 0)
			return;
		lapic_ack(c, vector);
		atomic_fetch_or(&c->events, EV_INTR);
	}
	c->halted = CPU_RUNNING;
	interrupt(c, vector, false, false, 0);
}

/* attend() - Look at what `attention` was set for; false: leave the turn. */
static bool attend(struct cpu *c)
{
	struct engine *e = c->engine;
	uint32_t ev;

	atomic_store(&c->attention, 0);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&e->kicked) || atomic_load(&e->trim) || atomic_load(&e->clock_moved))
		return false;
	if (e->nwritten)
		drain_written(e);
	if (c->yields)
		return false;
	ev = atomic_load(&c->events);
	if (ev & (EV_NMI | EV_INIT | EV_SIPI))
		special(c, ev);
	if (c->halted == CPU_WAIT_SIPI || (c->halted && !wakes(c)))
		return false;
	if (ev & EV_INTR)
		take_interrupt(c);
	return !c->halted;
}

enum { DR6_BS = 1 << 14 };

/* breakpoint() - Instruction breakpoints at @ip; true if one was raised. */
static void breakpoint(struct cpu *c)
{
	uint64_t la = c->r[REG_IP] + c->seg[SEG_CS].base;

	if (!(c->dr[7] & 0xff) || (c->eflags & F_RF))
		return;
	for (unsigned n = 0; n < 4; n++)
		if ((c->dr[7] >> (2 * n) & 3) && !(c->dr[7] >> (16 + 4 * n) & 15) &&
		    c->dr[n] == la) {
			c->dr[6] |= 1ULL << n;
			fault(c, NULL, EXC_DB, 0);
		}
}

/* one() - A single instruction, with its traps. */
static void one(struct cpu *c)
{
	bool shadow = c->shadow;

	if (!shadow)
		breakpoint(c);
	c->dr6_pending = 0;
	c->step = c->eflags & F_TF;
	c->eflags &= ~F_RF;
	block_run(c);
	if (shadow)
		c->shadow = 0;
	if (c->step)
		c->dr6_pending |= DR6_BS;
	if (c->dr6_pending) {
		c->dr[6] |= c->dr6_pending;
		fault(c, NULL, EXC_DB, 0);
	}
	if (atomic_load_explicit(&c->events, memory_order_relaxed))
		cpu_attention(c);
}

/* block_run() - From the block at r[REG_IP] on, until something wants to be looked at. */
void block_run(struct cpu *c)
{
	struct block *b = block_find(c);
	struct insn *i;

	/* A single instruction runs even while attention is asked for. */
	if (unlikely(c->slow || c->shadow)) {
		c->left -= b->n;
		i = b->insn;
	} else {
		i = block_enter(c, b);
	}
	while (i)
		i = i->fn(c, i);
}

/* turn() - Run @c until its slice ends or it stops; faults come back here. */
static void turn(struct cpu *c)
{
	struct engine *e = c->engine;
	jmp_buf escape;
	int how;

	c->escape = &escape;
	c->nesting = 0;
	c->yields = false;
	cpu_attention(c);
	how = setjmp(escape);
	if (how == 2)
		return;
	/* An exception costs as an instruction does: a loop of nothing else must end its turn. */
	c->left -= how;
	if (how == 1 && !fault_deliver(c)) {
		e->shutdown = true;
		return;
	}
	while (c->left > 0) {
		if (atomic_load_explicit(&c->attention, memory_order_acquire) && !attend(c))
			return;
		if (unlikely(c->slow || c->shadow))
			one(c);
		else
			block_run(c);
		/* Less is left than the next block needs. */
		if (c->left < BLOCK_INSNS)
			return;
	}
}

static uint64_t board_deadline(const struct engine *e)
{
	if (!e->deterministic || !e->board->next_deadline || !e->board->timers_due)
		return UINT64_MAX;
	return e->board->next_deadline(e->board->opaque);
}

static uint64_t next_deadline(struct engine *e)
{
	uint64_t next = UINT64_MAX;

	for (unsigned n = 0; n < e->vcpus; n++)
		if (e->cpu[n]->lapic->deadline < next)
			next = e->cpu[n]->lapic->deadline;
	if (board_deadline(e) < next)
		next = board_deadline(e);
	return next;
}

static void poll_timers(struct engine *e)
{
	uint64_t now = clock_now(e->clock);

	for (unsigned n = 0; n < e->vcpus; n++)
		lapic_poll(e->cpu[n], now);
	if (e->deterministic && board_deadline(e) <= now)
		e->board->timers_due(e->board->opaque);
}

static bool runnable(struct cpu *c)
{
	if (c->halted == CPU_RUNNING)
		return true;
	if (c->halted == CPU_WAIT_SIPI)
		return atomic_load(&c->events) & (EV_SIPI | EV_INIT);
	return wakes(c);
}

void soft_publish(struct engine *e, struct cpu *c)
{
	struct hv_progress *p = e->progress;

	if (!p)
		return;
	__atomic_store_n(&p->vcpu[c->index].work,
			 atomic_load_explicit(&c->retired, memory_order_relaxed), __ATOMIC_RELAXED);
	__atomic_store_n(&p->vcpu[c->index].halted, c->halted != CPU_RUNNING, __ATOMIC_RELAXED);
	__atomic_store_n(&p->clock, clock_now(e->clock), __ATOMIC_RELAXED);
}

/* run_one() - A turn of @c, and the books of it. */
static void run_one(struct engine *e, struct cpu *c)
{
	uint64_t slice = e->vcpus > 1 ? SLICE_SHARED : SLICE, done;

	if (e->deterministic) {
		uint64_t now = clock_now(e->clock), next = next_deadline(e);

		if (next > now && (next - now) / DET_NS + 1 < slice)
			slice = (next - now) / DET_NS + 1;
		if (slice < BLOCK_INSNS + 1)
			slice = BLOCK_INSNS + 1;
	}
	c->slice = slice;
	c->left = (int64_t)slice;
	fpu_enter(c);
	turn(c);
	fpu_leave(c);
	done = c->slice - c->left;
	c->slice = 0;
	c->left = 0;
	c->fault_soft = false;
	atomic_fetch_add_explicit(&c->retired, done, memory_order_relaxed);
	soft_publish(e, c);
	if (e->deterministic)
		clock_set(e->clock, clock_now(e->clock) + done * DET_NS);
}

/* sleep_until() - Nobody can run: wait for an event or the next timer. */
static void sleep_until(struct engine *e)
{
	uint64_t next = next_deadline(e), host;
	struct timespec ts;

	if (e->deterministic && next != UINT64_MAX) {
		if (next > clock_now(e->clock))
			clock_set(e->clock, next);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &ts);
	host = (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec + IDLE_MAX_NS;
	if (next != UINT64_MAX && clock_host_deadline(e->clock, next) < host)
		host = clock_host_deadline(e->clock, next);
	ts.tv_sec = host / 1000000000;
	ts.tv_nsec = host % 1000000000;
	pthread_mutex_lock(&e->lock);
	e->sleeping = true;
	atomic_thread_fence(memory_order_seq_cst);
	if (!any_runnable(e) && !atomic_load(&e->kicked) && !e->nwritten &&
	    !atomic_load(&e->trim) && !atomic_load(&e->clock_moved))
		pthread_cond_timedwait(&e->wake, &e->lock, &ts);
	e->sleeping = false;
	pthread_mutex_unlock(&e->lock);
}

bool any_runnable(struct engine *e)
{
	for (unsigned n = 0; n < e->vcpus; n++)
		if (runnable(e->cpu[n]))
			return true;
	return false;
}

enum engine_exit soft_run(struct engine *e, unsigned thread, const char **why)
{
	for (;;) {
		struct cpu *c = NULL;

		if (atomic_exchange(&e->kicked, false))
			return ENGINE_KICKED;
		if (e->nwritten)
			drain_written(e);
		if (atomic_exchange(&e->trim, false))
			cache_trim(e);
		if (atomic_exchange(&e->clock_moved, false))
			for (unsigned n = 0; n < e->vcpus; n++)
				kvm_clock_update(e->cpu[n]);
		poll_timers(e);
		for (unsigned n = 0; n < e->vcpus && !c; n++) {
			struct cpu *t = e->cpu[(e->turn + n) % e->vcpus];

			if (runnable(t))
				c = t;
		}
		if (!c) {
			sleep_until(e);
			continue;
		}
		e->turn = (c->index + 1) % e->vcpus;
		run_one(e, c);
		if (e->failure) {
			*why = e->failure;
			return ENGINE_FAILED;
		}
		if (e->shutdown) {
			e->shutdown = false;
			return ENGINE_SHUTDOWN;
		}
	}
}
