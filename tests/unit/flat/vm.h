/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine just big enough for a flat guest: RAM, an engine, and a board of a
 * few test ports.
 *
 *   0xe0 w8   the PIC asserts INTR with this vector; INTA takes it
 *   0xe1 r8   how many INTA cycles there were
 *   0xe2 w32  IOAPIC pin 5 := level-triggered, this vector, to APIC 0
 *   0xe3 w8   pin 5 rises: its message is sent now, and again at each EOI while it is high
 *   0xe4 w8   pin 5 falls
 *   0xe5 r32  how many EOIs of pin 5's vector came back
 *   0xe6 w32  MSI with this data to APIC 0
 *   0xe9 w8   a character for the log; vm_run() returns then, if vm.hold is set
 *   0xf0      a 64-bit register seen through byte, word and dword accesses: the last written
 *   0xf4 w8   the end: exit code
 *   0xd0000000..+4096   memory-mapped: reads are a function of address and size, writes
 *                       are folded into a checksum that is read at 0xd0000ff8
 */
#ifndef FLAT_VM_H
#define FLAT_VM_H

#include <pthread.h>
#include <stdatomic.h>

#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/engine/engine.h"
#include "hvcore/vmm/ram.h"

#define FLAT_MMIO 0xd0000000ULL

enum {
	FLAT_RAM = 8 << 20,
	FLAT_VCPUS = 4,
	FLAT_SECONDS = 60, /* until a guest counts as hung; an interpreting /dev/kvm is slow */
};

/* How a run ended, if not by an exit code (0..255). */
enum { FLAT_SHUTDOWN = 256, FLAT_FAILED, FLAT_HUNG, FLAT_ENDLESS };

struct vm;
struct vm_thread {
	struct vm *vm;
	unsigned index;
	pthread_t thread;
};

struct vm {
	const struct engine_ops *ops;
	struct engine *engine;
	struct engine_board board;
	struct engine_config config;
	struct ram ram;
	struct clock clock;
	struct vm_thread thread[FLAT_VCPUS];
	char log[4096];
	size_t log_len;

	pthread_mutex_t lock; /* the board's */
	pthread_cond_t ended;
	int end;         /* -1: running */
	const char *why; /* with FLAT_FAILED */
	bool hold, held;
	int inta_vector; /* -1: none waiting */
	unsigned intas;
	uint32_t pin_vector, eois;
	unsigned pins; /* messages of the pin that were sent */
	bool pin_high;
	uint64_t reg;
	uint64_t mmio_sum;
};

/* vm_needs() - Skips the test, which holds nothing yet, where the machine has not what @ops needs. */
void vm_needs(const struct engine_ops *ops);

/* vm_open() - A machine with @elf loaded, ready to run.  Fails the test if it cannot. */
void vm_open(struct vm *vm, const struct engine_ops *ops, unsigned vcpus, const void *elf,
	     const void *elf_end);
void vm_close(struct vm *vm);

/* vm_reload() - Fresh memory with @elf in it, and vCPU 0 at its entry; after ops->reset(). */
void vm_reload(struct vm *vm, const void *elf, const void *elf_end);

/* vm_run() - Until the guest ends, or for @ms if it is not 0.  Exit code, or FLAT_...; -1: still running. */
int vm_run(struct vm *vm, unsigned ms);

#endif
