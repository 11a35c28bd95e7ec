/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine is the CPU socket: cores, their local APICs, TSC and kvm-clock.
 * Everything else of the machine is the board's, on every engine.
 *
 *   board ──► engine   struct engine_ops, through the functions' table below
 *   engine ──► board   struct engine_board, given at creation
 *
 * Accesses to ports and memory that is not RAM are callbacks made inside the
 * instruction, not exits the caller resumes: run() returns only when it was
 * kicked, when the guest has shut its processor down, or when the engine
 * cannot go on.
 *
 * Threads.  The machine starts `nthreads` run threads (one per vCPU with kvm,
 * one in all with soft) and each calls run() with its own index, again and
 * again.  kick(), msi(), nmi(), extint(), ram_written() and doorbell() may be
 * called from any thread at any time.  get/set and dirty_harvest() are called
 * only while no thread is inside run().
 */
#ifndef VMM_ENGINE_H
#define VMM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

#include "hv/config.h"
#include "hv/progress.h"

struct clock;  /* vmm/clock.h */
struct ram;    /* vmm/ram.h */
struct engine; /* one domain's processors; each engine defines its own */

enum engine_exit {
	ENGINE_KICKED,   /* somebody called kick() */
	ENGINE_SHUTDOWN, /* triple fault: the guest's doing */
	ENGINE_FAILED,   /* the engine cannot execute the guest; *why says what */
};

/*
 * What the board offers to the engine.  Called from run threads.  The
 * engine holds no lock of its own meanwhile; the board takes its lock itself.
 */
struct engine_board {
	void *opaque;
	/* Port I/O of @size 1, 2 or 4 bytes.  A port nobody owns reads all ones. */
	uint32_t (*io_read)(void *opaque, uint16_t port, unsigned size);
	void (*io_write)(void *opaque, uint16_t port, unsigned size, uint32_t value);
	/* A physical access outside RAM, @size 1..8, naturally split by the engine. */
	uint64_t (*mmio_read)(void *opaque, uint64_t gpa, unsigned size);
	void (*mmio_write)(void *opaque, uint64_t gpa, unsigned size, uint64_t value);
	/* The PIC's INTA cycle: the vector (0..255) of the interrupt that extint() announced. */
	int (*pic_ack)(void *opaque);
	/* A local APIC saw the EOI of level-triggered @vector. */
	void (*ioapic_eoi)(void *opaque, uint8_t vector);
	/* Deterministic mode only: the clock has reached the board's next deadline. */
	void (*timers_due)(void *opaque);
	/* Deterministic mode only: the clock time of that deadline, UINT64_MAX if none.  NULL: none. */
	uint64_t (*next_deadline)(void *opaque);
};

struct engine_config {
	const struct engine_board *board;
	struct ram *ram;
	struct clock *clock;
	unsigned vcpus; /* 1..HV_VCPUS_MAX; APIC id = index; 0 is the boot CPU */
	enum hv_cpu_model cpu;
	/* Where work and halted of each vCPU are published, by its run thread; NULL: nowhere. */
	struct hv_progress *progress;
	bool deterministic; /* soft: the clock advances with retired instructions */
	/* soft, tests only: 0 means the default */
	unsigned block_cache; /* bytes of decoded blocks kept */
	bool flush_always;    /* forget every decoded block after each */
};

/* State of one vCPU, in KVM's structures.  See engine_ops.set for the order. */
struct engine_vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct kvm_lapic_state lapic;
	unsigned nmsrs;
	struct kvm_msr_entry msr[64]; /* those of engine_ops.msr_list */
};

struct engine_ops {
	const char *name; /* "kvm", "soft" */

	/*
	 * create() - A socket for @cfg; *@out is the caller's until destroy().
	 * RAM is already laid out in cfg->ram.  All vCPUs wait for INIT but 0,
	 * which is in the reset state.  0, or -errno with @err.
	 */
	int (*create)(const struct engine_config *cfg, struct engine **out, struct hv_error *err);
	void (*destroy)(struct engine *e);

	/* nthreads() - How many threads are to call run(). */
	unsigned (*nthreads)(const struct engine *e);

	/* run() - Execute; see above.  *why (static text) is set with ENGINE_FAILED. */
	enum engine_exit (*run)(struct engine *e, unsigned thread, const char **why);

	/*
	 * kick() - Make the thread leave run() soon, also if it is about to
	 * enter.  Sticky: one kick is consumed by one return of ENGINE_KICKED.
	 */
	void (*kick)(struct engine *e, unsigned thread);

	/*
	 * settle() - After run() returned: finish an instruction whose access
	 * was answered but not yet retired, so that get() sees a whole state.
	 */
	void (*settle)(struct engine *e);

	/* reset() - Every vCPU as after create().  No thread is in run(). */
	void (*reset)(struct engine *e);

	/*
	 * get(), set() - The state of @vcpu.  set() applies in the order
	 * sregs, fpu, msrs (TSC before TSC-deadline), lapic, regs, debugregs,
	 * events, mp_state.  -errno where a value is refused.
	 */
	int (*get)(struct engine *e, unsigned vcpu, struct engine_vcpu_state *s);
	int (*set)(struct engine *e, unsigned vcpu, const struct engine_vcpu_state *s);

	/*
	 * boot() - Put vCPU 0 in 32-bit protected mode without paging, flat
	 * segments, at @eip with @ebx (PVH, x86/hvm/start_info.h).
	 */
	int (*boot)(struct engine *e, uint32_t eip, uint32_t ebx);

	/*
	 * msi() - Deliver the message (SDM 3A §11.11).  0 or -errno.  On kvm as
	 * quick as a write to an irqfd would be, which needs a route and a
	 * descriptor for each vector.
	 */
	int (*msi)(struct engine *e, uint64_t addr, uint32_t data);

	/* nmi() - A non-maskable interrupt to @vcpu, also one that is parked: it takes it then. */
	void (*nmi)(struct engine *e, unsigned vcpu);

	/*
	 * extint() - The level of the PIC's INTR pin to vCPU 0's LINT0.  While
	 * high and accepted, the engine calls board->pic_ack() once per
	 * interrupt taken and sees the level again afterwards.
	 */
	void (*extint)(struct engine *e, bool level);

	/*
	 * ioapic_route() - Tell the engine the message that IOAPIC pin @pin (0..23)
	 * sends now and whether it is level-triggered, so that EOIs come back
	 * through board->ioapic_eoi().  addr 0: masked.
	 */
	void (*ioapic_route)(struct engine *e, unsigned pin, uint64_t addr, uint32_t data,
			     bool level);

	/*
	 * doorbell() - A guest write of @size (0: any) at @gpa adds 1 to the
	 * eventfd instead of reaching the board.  @on false removes it.
	 */
	int (*doorbell)(struct engine *e, uint64_t gpa, unsigned size, int fd, bool on);

	/*
	 * ram_written() - [gpa, gpa+len) was written by something that is not
	 * this engine's guest code.  Called through ram_written() of ram.h only.
	 */
	void (*ram_written)(struct engine *e, uint64_t gpa, uint64_t len);

	/*
	 * rom() - @size bytes (whole pages) at @host are read and executed at
	 * @gpa; writes reach the board.  Setup only.  0 or -errno.  NULL in the
	 * table: it executes from what board->mmio_read() answers as well.
	 */
	int (*rom)(struct engine *e, uint64_t gpa, void *host, uint64_t size);

	/* dirty_log() - Start (all clean) or stop recording writes by the guest. */
	int (*dirty_log)(struct engine *e, bool on);
	/*
	 * dirty_harvest() - OR the pages the guest wrote since the last call
	 * into @bitmap (one bit per 4 KiB page of the RAM's file offset, see
	 * ram.h) and forget them.
	 */
	int (*dirty_harvest)(struct engine *e, uint64_t *bitmap, size_t words);

	/* idle() - The guest has idled for a while: give caches back. */
	void (*idle)(struct engine *e);

	/* clock_changed() - The clock was stopped, continued or set. */
	void (*clock_changed)(struct engine *e);

	/*
	 * retired() - Instructions vCPU @vcpu has completed (soft), or 0 (kvm):
	 * progress, not architecture.
	 */
	uint64_t (*retired)(const struct engine *e, unsigned vcpu);
};

extern const struct engine_ops engine_kvm;
extern const struct engine_ops engine_soft;

/*
 * engine_choose() - The engine for a domain that asks for @want.  AUTO
 * measures /dev/kvm once per boot (the result is cached in
 * @cache_dir/kvm-calibration with the boot id; NULL: not cached) and takes kvm
 * above ENGINE_KVM_MIN_RATE.  @why (the caller's, 200 bytes) gets one sentence
 * with the figures.  NULL with @err when the wanted one cannot be had.
 */
const struct engine_ops *engine_choose(enum hv_engine want, const char *cache_dir, char why[200],
				       struct hv_error *err);

enum { ENGINE_KVM_MIN_RATE = 20000000 }; /* instructions a second, facts: real KVM is far above */

/*
 * engine_cpuid() - taiki-base: the fixed CPUID table both engines honour for
 * @vcpu of @vcpus.  Writes at most @max entries, returns how many.
 */
unsigned engine_cpuid(unsigned vcpu, unsigned vcpus, struct kvm_cpuid_entry2 *out, unsigned max);

#endif
