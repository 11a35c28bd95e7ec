/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: what the vCPUs of one domain share.
 *
 * One run thread executes all vCPUs by turns; everything here is its own,
 * except what is marked "any thread".
 */
#ifndef SOFT_SOFT_H
#define SOFT_SOFT_H

#include <pthread.h>

#include "hvcore/vmm/engine/engine.h"
#include "hvcore/vmm/engine/soft/block.h"
#include "hvcore/vmm/engine/soft/flags.h"
#include "hvcore/vmm/engine/soft/mmu.h"
#include "hvcore/vmm/engine/soft/seg.h"
#include "hvcore/vmm/ram.h"

enum {
	POOL_DEFAULT = 8 << 20, /* bytes of decoded blocks */
	HASH_BITS = 15,
	WRITTEN_MAX = 64,
	DOORBELLS = 64,
	PINS = 24,
	PHYS_BITS = 40,
	LINE_SHIFT = 6, /* code is tracked by 64-byte lines */
};

/* A page with decoded code. */
struct code_page {
	uint64_t lines;       /* bit n: line n holds code */
	struct block *blocks; /* linked by the page_next[] that belongs to this page */
	uint32_t page;        /* number, see ram_page() */
};

/* Native code: one memfd, mapped twice (native.c). */
struct native {
	int fd;
	uint8_t *write; /* NULL: there is none, the loop serves */
	uint8_t *exec;
	size_t size, used;
};

/* The decoded blocks of a domain (block.c). */
struct cache {
	uint8_t *pool;
	size_t size, used;
	struct block **hash; /* 1 << HASH_BITS */
	uint32_t *code;      /* by RAM page: index into pages[] + 1, 0 = no code */
	size_t code_size;    /* bytes mapped */
	struct code_page *pages;
	unsigned npages, maxpages;
	uint32_t epoch; /* counts emptyings */
	uint32_t gen;   /* the last generation given out */
	bool flush_always;
	struct native native;
};

struct range {
	uint64_t gpa, len;
};

struct engine {
	const struct engine_board *board;
	struct ram *ram;
	struct clock *clock;
	struct hv_progress *progress; /* may be NULL */
	unsigned vcpus;
	bool deterministic;
	struct cpu *cpu[HV_VCPUS_MAX];
	struct cache cache;

	_Atomic uint64_t *dirty; /* by RAM page */
	size_t dirty_words;
	bool dirty_on;

	unsigned turn;            /* the vCPU that runs next */
	uint64_t slice;           /* instructions a turn may take */
	_Atomic bool kicked;      /* any thread */
	_Atomic bool extint;      /* any thread: INTR pin of the PIC */
	_Atomic bool trim;        /* any thread: idle() was called */
	_Atomic bool clock_moved; /* any thread */
	const char *failure;
	bool shutdown;

	pthread_mutex_t lock; /* guards what follows, and sleeping */
	pthread_cond_t wake;
	bool sleeping;
	struct range written[WRITTEN_MAX];
	_Atomic unsigned nwritten; /* > WRITTEN_MAX: all */
	struct {
		uint64_t gpa;
		unsigned size;
		int fd;
	} doorbell[DOORBELLS];
	_Atomic unsigned ndoorbells;
	struct {
		uint64_t addr;
		uint32_t data;
		bool level;
	} pin[PINS];
	struct kvm_cpuid_entry2 cpuid[HV_VCPUS_MAX][64];
	unsigned ncpuid;
};

/* ram_page() - The number of the RAM page that holds @pa, which is RAM. */
HOT uint32_t ram_page(const struct engine *e, uint64_t pa)
{
	return ram_offset(e->ram, pa) >> PAGE_SHIFT;
}

HOT bool is_ram(const struct engine *e, uint64_t pa)
{
	return ram_ok(e->ram, pa & PAGE_MASK, PAGE_SIZE);
}

/* block.c */
int cache_init(struct cache *k, const struct engine_config *cfg);
void cache_fini(struct cache *k);
/* cache_drop() - Forget every block. */
void cache_drop(struct engine *e);
/* cache_trim() - The same, and give the memory back to the host. */
void cache_trim(struct engine *e);
/* code_write() - [pa, pa+len) of one page is about to be written; @i (or NULL) does it. */
void code_write(struct engine *e, struct cpu *c, struct insn *i, uint64_t pa, uint64_t len);
/* gen_new() - A generation no chain knows. */
uint32_t gen_new(struct engine *e);

HOT bool has_code(const struct engine *e, uint64_t pa)
{
	return e->cache.code[ram_page(e, pa)] != 0;
}

/* tlb_withdraw_writes() - No vCPU may write RAM page of @pa (all: NO_PAGE) without the slow path. */
void tlb_withdraw_writes(struct engine *e, uint64_t pa);

HOT void mark_dirty(struct engine *e, uint64_t pa)
{
	uint32_t page = ram_page(e, pa);

	if (e->dirty_on)
		atomic_fetch_or_explicit(&e->dirty[page / 64], 1ULL << (page % 64),
					 memory_order_relaxed);
}

/*
 * native.c: native_init() - Memory for code, if the host allows it.
 * native_emit() - b->code; native_full() - No room for another block.
 * native_resync() - Instruction @n of @b, which runs, must not be reached.
 */
void native_init(struct cache *k);
void native_fini(struct cache *k);
void native_trim(struct cache *k);
void native_emit(struct cache *k, struct block *b);
void native_reset(struct cache *k);
bool native_full(const struct cache *k);
void native_resync(struct cache *k, struct block *b, unsigned n);

/* control.c: false = #GP */
bool cr0_write(struct cpu *c, uint64_t v);
bool cr3_write(struct cpu *c, uint64_t v);
bool cr4_write(struct cpu *c, uint64_t v);

/* intr.c */
bool fault_deliver(struct cpu *c);

/* state.c, run.c: functions of struct engine_ops */
int soft_get(struct engine *e, unsigned vcpu, struct engine_vcpu_state *s);
int soft_set(struct engine *e, unsigned vcpu, const struct engine_vcpu_state *s);
/* soft_publish() - Once a turn: what others may know of @c (hv/progress.h). */
void soft_publish(struct engine *e, struct cpu *c);
enum engine_exit soft_run(struct engine *e, unsigned thread, const char **why);

/* run.c */
void block_run(struct cpu *c);
bool any_runnable(struct engine *e);
/* reset.c: cpu_boot() - struct engine_ops.boot() */
void cpu_boot(struct cpu *c, uint32_t ip, uint32_t bx);

/* run.c: engine_wake() - Something happened for @c (NULL: the engine); any thread. */
void engine_wake(struct engine *e, struct cpu *c);
/* guest_time() - Nanoseconds on the domain's clock, instructions of the present slice counted. */
uint64_t guest_time(struct cpu *c);
/* cpu_reset() - RESET, or INIT of an AP (@init: keeps what INIT keeps). */
void cpu_reset(struct cpu *c, bool init);
/* engine_fail() - Our limits: leave run() with ENGINE_FAILED and this static text. */
_Noreturn void engine_fail(struct cpu *c, const char *why);

enum cpu_event {              /* cpu.events */
		 EV_INTR = 1, /* an interrupt may be deliverable */
		 EV_NMI = 2,
		 EV_INIT = 4,
		 EV_SIPI = 8, /* vector in cpu.sipi */
};
enum cpu_halt { CPU_RUNNING, CPU_HALTED, CPU_WAIT_SIPI };

/* DET_NS: deterministic mode's nanoseconds per instruction (125 million instructions/s). */
enum { DET_NS = 8 };

#endif
