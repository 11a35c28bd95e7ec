// SPDX-License-Identifier: GPL-2.0-or-later
/* struct engine_ops of `soft`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "hvcore/vmm/engine/soft/lapic.h"
#include "hvcore/vmm/engine/soft/msr.h"
#include "hvcore/vmm/engine/soft/soft.h"

static void destroy(struct engine *e)
{
	if (!e)
		return;
	for (unsigned n = 0; n < e->vcpus; n++) {
		if (!e->cpu[n])
			continue;
		free(e->cpu[n]->lapic);
		free(e->cpu[n]->scratch);
		free(e->cpu[n]);
	}
	cache_fini(&e->cache);
	free((void *)e->dirty);
	pthread_cond_destroy(&e->wake);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static int create_cpu(struct engine *e, unsigned n)
{
	struct cpu *c = aligned_alloc(64, (sizeof(*c) + 63) & ~63UL);

	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	e->cpu[n] = c;
	c->index = n;
	c->engine = e;
	c->lapic = calloc(1, sizeof(*c->lapic));
	c->scratch = calloc(1, sizeof(struct block) + 3 * sizeof(struct insn));
	return c->lapic && c->scratch ? 0 : -ENOMEM;
}

static int create(const struct engine_config *cfg, struct engine **out, struct hv_error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	pthread_condattr_t attr;
	int ret = -ENOMEM;

	if (!e)
		goto out;
	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->wake, &attr);
	pthread_condattr_destroy(&attr);
	e->board = cfg->board;
	e->ram = cfg->ram;
	e->clock = cfg->clock;
	e->progress = cfg->progress;
	e->deterministic = cfg->deterministic;
	e->dirty_words = (cfg->ram->low + cfg->ram->high) / PAGE_SIZE / 64 + 1;
	e->dirty = calloc(e->dirty_words, sizeof(*e->dirty));
	ret = cache_init(&e->cache, cfg);
	if (ret || !e->dirty)
		goto out;
	for (unsigned n = 0; n < cfg->vcpus; n++) {
		ret = create_cpu(e, n);
		e->vcpus = n + 1;
		if (ret)
			goto out;
		e->ncpuid = engine_cpuid(n, cfg->vcpus, e->cpuid[n],
					 sizeof(e->cpuid[n]) / sizeof(e->cpuid[n][0]));
	}
	for (unsigned n = 0; n < e->vcpus; n++) {
		cpu_reset(e->cpu[n], false);
		soft_publish(e, e->cpu[n]);
	}
	*out = e;
	return 0;
out:
	destroy(e);
	return hv_err(err, ret, "soft: create engine: %s; give the host more memory",
		      strerror(-ret));
}

static unsigned nthreads(const struct engine *e)
{
	return 1;
}

static void kick(struct engine *e, unsigned thread)
{
	atomic_store(&e->kicked, true);
	for (unsigned n = 0; n < e->vcpus; n++)
		cpu_attention(e->cpu[n]);
	engine_wake(e, NULL);
}

/* Callbacks are made inside the instruction: nothing is ever half done. */
static void settle(struct engine *e)
{
}

static void reset(struct engine *e)
{
	atomic_store(&e->extint, false);
	for (unsigned n = 0; n < e->vcpus; n++) {
		atomic_store(&e->cpu[n]->events, 0);
		cpu_reset(e->cpu[n], false);
		soft_publish(e, e->cpu[n]);
	}
	cache_drop(e);
	e->failure = NULL;
	e->shutdown = false;
	e->turn = 0;
}

static int boot(struct engine *e, uint32_t eip, uint32_t ebx)
{
	cpu_boot(e->cpu[0], eip, ebx);
	return 0;
}

static int msi(struct engine *e, uint64_t addr, uint32_t data)
{
	if ((addr & ~0xfffffULL) != 0xfee00000)
		return -EINVAL;
	lapic_message(e, NULL, addr >> 12 & 0xff, addr >> 2 & 1, data >> 8 & 7, data & 0xff,
		      data >> 15 & 1, 0);
	return 0;
}

static void nmi(struct engine *e, unsigned vcpu)
{
	atomic_fetch_or(&e->cpu[vcpu]->events, EV_NMI);
	engine_wake(e, e->cpu[vcpu]);
}

static void extint(struct engine *e, bool level)
{
	struct cpu *c = e->cpu[0];

	atomic_store(&e->extint, level);
	if (!level)
		return;
	atomic_fetch_or(&c->events, EV_INTR);
	engine_wake(e, c);
}

/* The message itself says whether it is level-triggered. */
static void ioapic_route(struct engine *e, unsigned pin, uint64_t addr, uint32_t data, bool level)
{
}

static int doorbell(struct engine *e, uint64_t gpa, unsigned size, int fd, bool on)
{
	unsigned n;
	int ret = 0;

	pthread_mutex_lock(&e->lock);
	for (n = 0; n < e->ndoorbells; n++)
		if (e->doorbell[n].gpa == gpa && e->doorbell[n].fd == fd)
			break;
	if (on && n == DOORBELLS) {
		ret = -ENOSPC;
	} else if (on) {
		e->doorbell[n].gpa = gpa;
		e->doorbell[n].size = size;
		e->doorbell[n].fd = fd;
		if (n == e->ndoorbells)
			e->ndoorbells++;
	} else if (n < e->ndoorbells) {
		e->doorbell[n] = e->doorbell[e->ndoorbells - 1];
		e->ndoorbells--;
	} else {
		ret = -ENOENT;
	}
	pthread_mutex_unlock(&e->lock);
	return ret;
}

/*
 * The writer has written before it calls; the run thread marks a page as code
 * before it reads it (block.c).  So either we see the mark, or it sees the bytes.
 */
static void written(struct engine *e, uint64_t gpa, uint64_t len)
{
	bool code = false;

	atomic_thread_fence(memory_order_seq_cst);
	for (uint64_t at = gpa & PAGE_MASK; at < gpa + len && !code; at += PAGE_SIZE)
		code = __atomic_load_n(&e->cache.code[ram_page(e, at)], __ATOMIC_SEQ_CST) != 0;
	if (!code)
		return;
	pthread_mutex_lock(&e->lock);
	if (e->nwritten < WRITTEN_MAX)
		e->written[e->nwritten] = (struct range){gpa, len};
	if (e->nwritten <= WRITTEN_MAX)
		e->nwritten++;
	pthread_mutex_unlock(&e->lock);
	for (unsigned n = 0; n < e->vcpus; n++)
		cpu_attention(e->cpu[n]);
	engine_wake(e, NULL);
}

static int dirty_log(struct engine *e, bool on)
{
	e->dirty_on = on;
	for (size_t n = 0; n < e->dirty_words; n++)
		atomic_store_explicit(&e->dirty[n], 0, memory_order_relaxed);
	if (on)
		tlb_withdraw_writes(e, NO_PAGE);
	return 0;
}

static int dirty_harvest(struct engine *e, uint64_t *bitmap, size_t words)
{
	if (!e->dirty_on)
		return -EINVAL;
	for (size_t n = 0; n < e->dirty_words && n < words; n++)
		bitmap[n] |= atomic_exchange_explicit(&e->dirty[n], 0, memory_order_relaxed);
	tlb_withdraw_writes(e, NO_PAGE);
	return 0;
}

static void idle(struct engine *e)
{
	atomic_store(&e->trim, true);
	for (unsigned n = 0; n < e->vcpus; n++)
		cpu_attention(e->cpu[n]);
	engine_wake(e, NULL);
}

static void clock_changed(struct engine *e)
{
	atomic_store(&e->clock_moved, true);
	for (unsigned n = 0; n < e->vcpus; n++)
		cpu_attention(e->cpu[n]);
	engine_wake(e, NULL);
}

static uint64_t retired(const struct engine *e, unsigned vcpu)
{
	return atomic_load_explicit(&e->cpu[vcpu]->retired, memory_order_relaxed);
}

const struct engine_ops engine_soft = {
	.name = "soft",
	.create = create,
	.destroy = destroy,
	.nthreads = nthreads,
	.run = soft_run,
	.kick = kick,
	.settle = settle,
	.reset = reset,
	.get = soft_get,
	.set = soft_set,
	.boot = boot,
	.msi = msi,
	.nmi = nmi,
	.extint = extint,
	.ioapic_route = ioapic_route,
	.doorbell = doorbell,
	.ram_written = written,
	.dirty_log = dirty_log,
	.dirty_harvest = dirty_harvest,
	.idle = idle,
	.clock_changed = clock_changed,
	.retired = retired,
};
