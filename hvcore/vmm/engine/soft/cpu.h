/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtual CPU of `soft`, and how instruction handlers reach its memory.
 *
 * Handlers (insn.h) get a struct cpu and a decoded instruction.  The rules:
 *
 * - While a block runs, r[REG_IP] is the address of the block's first
 *   instruction, not of the present one.  The present one is at
 *   r[REG_IP] + i->off, computed only when somebody needs it (insn_ip()).
 * - A handler changes registers only after its last access that can fault:
 *   a fault leaves the handler by longjmp and restarts the instruction.
 * - Flags are computed by the host's own instruction (LAHF/SETO) and stored in
 *   `fl` and `of`; the rest of EFLAGS is in `eflags`.  See flags.h.
 *
 * Memory.  A linear address is turned into a host pointer by the soft TLB:
 * direct-mapped, one per privilege, with separate tags for reading, writing
 * and executing.  A tag equals the page's address, or TLB_NONE.  The write tag
 * is withheld for pages that are clean (dirty log) or hold decoded code, the
 * slow path then does what is due.  MMIO pages never have tags.
 *
 * Threads: everything here belongs to the one run thread, but for the fields
 * marked "any thread", which are atomic.
 */
#ifndef SOFT_CPU_H
#define SOFT_CPU_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define HOT         static inline __attribute__((always_inline))
#define COLD        __attribute__((cold, noinline))

/*
 * With SOFT_LOOP there is no native code: a loop calls the handlers.  Sanitizers
 * grow frames and defeat sibling calls, and want to see every call.
 */
#if !defined(SOFT_LOOP) && (defined(SANITIZE) || defined(FUZZING) || !defined(__OPTIMIZE__))
#define SOFT_LOOP 1
#endif

struct engine;
struct insn;
struct block;
struct lapic;

enum {
	PAGE_SHIFT = 12,
	TLB_BITS = 9,
	TLB_SIZE = 1 << TLB_BITS,
	JC_BITS = 10,
	JC_SIZE = 1 << JC_BITS,
};
#define PAGE_SIZE 4096ULL
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define TLB_NONE  1ULL /* never a page address */

enum { /* indices into cpu.r[] */
       REG_AX,
       REG_CX,
       REG_DX,
       REG_BX,
       REG_SP,
       REG_BP,
       REG_SI,
       REG_DI,
       REG_ZERO = 16, /* always 0: "no base", "no index" */
       REG_IP = 17,   /* start of the running block */
       REGS = 18,
};

enum { /* indices into cpu.seg[]; the instruction encoding's order */
       SEG_ES,
       SEG_CS,
       SEG_SS,
       SEG_DS,
       SEG_FS,
       SEG_GS,
       SEG_NONE, /* base 0: data in 64-bit mode without FS/GS override */
       SEG_LDTR,
       SEG_TR,
       SEGS,
       SEG_BRANCH = 255, /* insn.seg of a direct branch: it holds a chain */
};

enum { /* EFLAGS */
       F_CF = 1 << 0,
       F_ONE = 1 << 1,
       F_PF = 1 << 2,
       F_AF = 1 << 4,
       F_ZF = 1 << 6,
       F_SF = 1 << 7,
       F_TF = 1 << 8,
       F_IF = 1 << 9,
       F_DF = 1 << 10,
       F_OF = 1 << 11,
       F_IOPL = 3 << 12,
       F_NT = 1 << 14,
       F_RF = 1 << 16,
       F_VM = 1 << 17,
       F_AC = 1 << 18,
       F_VIF = 1 << 19,
       F_VIP = 1 << 20,
       F_ID = 1 << 21,
       F_LAHF = F_SF | F_ZF | F_AF | F_PF | F_CF, /* what cpu.fl holds */
       F_ARITH = F_LAHF | F_OF,
};

enum { /* exceptions, SDM 3A table 6-1 */
       EXC_DE = 0,
       EXC_DB = 1,
       EXC_BP = 3,
       EXC_OF = 4,
       EXC_BR = 5,
       EXC_UD = 6,
       EXC_NM = 7,
       EXC_DF = 8,
       EXC_TS = 10,
       EXC_NP = 11,
       EXC_SS = 12,
       EXC_GP = 13,
       EXC_PF = 14,
       EXC_MF = 16,
       EXC_AC = 17,
       EXC_XM = 19,
};

/* A segment register with its hidden part. */
struct seg {
	uint64_t base;
	uint32_t limit; /* in bytes, granularity applied */
	uint16_t sel;
	uint16_t
		attr; /* descriptor bits 40..55: type 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15 */
};

/*
 * x87, MMX and SSE state, architectural values only.  The host's control words
 * are set from mxcsr/fcw by whoever computes (fpu.h).
 */
struct fpu {
	_Alignas(16) uint8_t xmm[16][16];
	_Alignas(16) uint8_t
		st[8]
		  [16]; /* physical R0..R7 (not by TOP): 80 bits, then zeroes; MMX = low 64 bits */
	uint32_t mxcsr;
	uint16_t fcw, fsw; /* TOP is in fsw, bits 11-13 */
	uint8_t ftw;       /* abridged: bit n set = physical Rn is not empty */
	uint16_t fop;
	uint16_t fcs, fds;
	uint64_t fip, fdp;
};

struct tlb_entry {
	uint64_t read, write, exec; /* linear page address or TLB_NONE */
	uintptr_t addend;           /* host = linear + addend */
};

/* Where the block at a linear address was found last. */
struct jump {
	uint64_t ip;
	struct block *block;
};

/* What is cached of the address space for one privilege. */
struct space {
	struct tlb_entry tlb[TLB_SIZE];
	struct jump jump[JC_SIZE];
	uint64_t nonglobal[TLB_SIZE / 64]; /* TLB slots that a write to CR3 voids */
	uint64_t executed[32]; /* bloom filter: pages whose blocks may be cached by address; a
				* half each for the halves of the address space */
	uint64_t large[2]
		      [2]; /* [upper half]: range that large pages in the TLB lie in: [from, to) */
	uint32_t gen;      /* chains across pages made under another one are void */
	bool exec_nonglobal; /* code was found through non-global pages */
	uint8_t mode;        /* the jump cache holds blocks of this mode */
};

struct cpu {
	/* Hot: general registers first. */
	uint64_t r[REGS];
	uint8_t fl; /* SF ZF - AF - PF - CF as LAHF has them */
	uint8_t of; /* OF, 0 or 1 */
	uint8_t cpl;
	uint8_t mode;          /* enum cpu_mode: part of a block's key */
	uint32_t eflags;       /* without F_ARITH; bit 1 set */
	struct tlb_entry *tlb; /* of the present privilege */
	struct space *space;
	int64_t left;               /* instructions left of the slice; < 0 ends it */
	_Atomic uint32_t attention; /* any thread: nonzero makes the next block entry stop */
	uint32_t gen;               /* = space->gen */
	struct seg seg[SEGS];

	struct fpu fpu;

	/* Slow path's scratch for read-modify-write and 16-byte reads. */
	_Alignas(16) uint8_t rmw[16];
	uint8_t rmw_size;

	uint64_t cr0, cr2, cr3, cr4, cr8;
	uint64_t dr[8];
	uint64_t efer;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base, tsc_aux;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t apic_base, misc_enable, pat;
	int64_t tsc_offset; /* guest TSC = clock + offset */
	uint64_t kvm_system_time, kvm_wall_clock;
	uint32_t kvm_clock_version;
	struct {
		uint64_t base;
		uint16_t limit;
	} gdtr, idtr;
	uint64_t pdpte[4]; /* PAE paging's, loaded with CR3 */

	/* Events. */
	bool in_insn;   /* the board is called from inside an instruction */
	uint8_t shadow; /* one instruction without interrupts: STI, MOV SS */
	uint8_t halted; /* enum cpu_halt */
	bool yields;    /* PAUSE: let another vCPU run */
	bool nmi_masked;
	bool slow;          /* TF or breakpoints: one instruction at a time */
	uint8_t nesting;    /* exceptions being delivered: 2 = double fault ... */
	uint8_t delivering; /* vector being delivered, for the double fault rule */
	uint64_t delivering_ip;
	uint32_t fault_error;
	uint8_t fault_vector;
	bool fault_soft; /* INT n, INT3, INTO: IP pushed is the next one's */
	uint64_t fault_ip;
	bool step;                /* TF was set: trap after this instruction */
	uint64_t dr6_pending;     /* data and I/O breakpoints hit by this instruction */
	uint8_t sipi;             /* any thread: vector of the last startup IPI */
	_Atomic uint32_t events;  /* any thread: enum cpu_event */
	jmp_buf *escape;          /* where faults go */
	uint64_t slice;           /* `left` at its start */
	_Atomic uint64_t retired; /* without the present slice's; read by any thread */
	uint64_t scratch_ip;
	struct block *scratch; /* a block that is not kept */

	struct lapic *lapic;
	struct engine *engine;
	unsigned index;
	struct space spaces[2]; /* [0] supervisor, [1] user */
};

enum { /* control registers, those that more than one file looks at */
       CR0_PE = 1 << 0,
       CR0_MP = 1 << 1,
       CR0_EM = 1 << 2,
       CR0_TS = 1 << 3,
       CR0_NE = 1 << 5,
       CR0_WP = 1 << 16,
       CR0_AM = 1 << 18,
       CR4_TSD = 1 << 2,
       CR4_DE = 1 << 3,
       CR4_PSE = 1 << 4,
       CR4_PAE = 1 << 5,
       CR4_PGE = 1 << 7,
       CR4_OSFXSR = 1 << 9,
       EFER_SCE = 1 << 0,
       EFER_LME = 1 << 8,
       EFER_LMA = 1 << 10,
       EFER_NXE = 1 << 11,
};
#define CR0_PG (1U << 31)

enum cpu_mode { /* bits */
		MODE_CODE16 = 0,
		MODE_CODE32 = 1,
		MODE_CODE64 = 2,
		MODE_SIZE = 3,
		MODE_USER = 4,
		MODE_MP = 8,      /* CR0.MP */
		MODE_SSE_UD = 16, /* CR0.EM or not CR4.OSFXSR */
		MODE_TS = 32,
		MODE_REAL = 64, /* CR0.PE clear */
		MODE_EM = 128,
};

/* The page tables' and breakpoints' slow paths (mmu.c).  They may not return. */
uint64_t mem_read_slow(struct cpu *c, struct insn *i, uint64_t va, unsigned size);
void mem_write_slow(struct cpu *c, struct insn *i, uint64_t va, unsigned size, uint64_t v);
const void *mem_read16_slow(struct cpu *c, struct insn *i, uint64_t va);
void mem_write16_slow(struct cpu *c, struct insn *i, uint64_t va, const void *v);
void *mem_rmw_slow(struct cpu *c, struct insn *i, uint64_t va, unsigned size);

/*
 * fault() - Raise exception @vector at @i, which has changed nothing.  @error
 * counts only for the vectors that push one.
 */
_Noreturn void fault(struct cpu *c, struct insn *i, unsigned vector, uint32_t error);
/* cpu_attention() - Make the block entry after the present block stop; any thread. */
HOT void cpu_attention(struct cpu *c)
{
	atomic_store_explicit(&c->attention, 1, memory_order_release);
}

#define R64(n) (c->r[n])
/* The low 32 bits for reading; writes must go to R64 so that the upper half is cleared. */
#define R32(n) (*(uint32_t __attribute__((may_alias)) *)&c->r[n])
#define R16(n) (*(uint16_t __attribute__((may_alias)) *)&c->r[n])
/* 8-bit registers are addressed by byte offset, which the decoder computes (AH is 1). */
#define R8(off) (((uint8_t *)c->r)[off])

/*
 * Slow paths are called without the compiler seeing a call, so that the fast
 * path keeps its arguments in their registers and needs no frame: the thunk
 * (thunk.c) saves every integer register but RAX.  SSE registers are clobbered.
 */
#ifdef SOFT_LOOP
#define SLOW_CALL(fn, ret, c_, i_, va_, a4, a5) \
	((ret) = (uint64_t)fn##_thunked(c_, i_, va_, a4, a5))
#else
#define SLOW_CLOBBERS                                                                           \
	"memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
		"xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
/* The red zone is stepped over: the compiler believes this is a leaf. */
#define SLOW_CALL(fn, ret, c_, i_, va_, a4, a5)                                              \
	do {                                                                                 \
		register uint64_t r8_ __asm__("r8") = (uint64_t)(a5);                        \
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\tcall " #fn "_thunk\n\t"          \
				 "lea 128(%%rsp), %%rsp"                                     \
				 : "=a"(ret)                                                 \
				 : "D"(c_), "S"(i_), "d"(va_), "c"((uint64_t)(a4)), "r"(r8_) \
				 : SLOW_CLOBBERS);                                           \
	} while (0)
#endif
#define mem_read_slow_thunked(c_, i_, va, size, x)   mem_read_slow(c_, i_, va, size)
#define mem_write_slow_thunked(c_, i_, va, size, v)  (mem_write_slow(c_, i_, va, size, v), 0)
#define mem_read16_slow_thunked(c_, i_, va, size, x) (uintptr_t) mem_read16_slow(c_, i_, va)
#define mem_write16_slow_thunked(c_, i_, va, p, x) \
	(mem_write16_slow(c_, i_, va, (const void *)(p)), 0)
#define mem_rmw_slow_thunked(c_, i_, va, size, x) (uintptr_t) mem_rmw_slow(c_, i_, va, size)

HOT struct tlb_entry *tlb_slot(struct cpu *c, uint64_t va)
{
	return (struct tlb_entry *)((char *)c->tlb +
				    ((va >> (PAGE_SHIFT - 5)) & ((TLB_SIZE - 1) << 5)));
}
_Static_assert(sizeof(struct tlb_entry) == 32, "tlb_slot() shifts by 5");

/*
 * mem_read8..64() - Load from linear address @va; zero-extended.  The page of
 * the last byte is compared, so that an access across pages misses, too.
 */
#define MEM_READ(bits)                                                          \
	HOT uint64_t mem_read##bits(struct cpu *c, struct insn *i, uint64_t va) \
	{                                                                       \
		const struct tlb_entry *e = tlb_slot(c, va);                    \
		uint64_t slow_;                                                 \
		uint##bits##_t v;                                               \
                                                                                \
		if (likely(((va + (bits / 8 - 1)) & PAGE_MASK) == e->read)) {   \
			memcpy(&v, (const void *)(va + e->addend), sizeof(v));  \
			return v;                                               \
		}                                                               \
		SLOW_CALL(mem_read_slow, slow_, c, i, va, bits / 8, 0);         \
		return slow_;                                                   \
	}
MEM_READ(8)
MEM_READ(16)
MEM_READ(32)
MEM_READ(64)

/* mem_write8..64() - Store the low bits of @v. */
#define MEM_WRITE(bits)                                                                  \
	HOT void mem_write##bits(struct cpu *c, struct insn *i, uint64_t va, uint64_t v) \
	{                                                                                \
		const struct tlb_entry *e = tlb_slot(c, va);                             \
		uint64_t slow_;                                                          \
		uint##bits##_t t = (uint##bits##_t)v;                                    \
                                                                                         \
		if (likely(((va + (bits / 8 - 1)) & PAGE_MASK) == e->write)) {           \
			memcpy((void *)(va + e->addend), &t, sizeof(t));                 \
			return;                                                          \
		}                                                                        \
		SLOW_CALL(mem_write_slow, slow_, c, i, va, bits / 8, v);                 \
		(void)slow_;                                                             \
	}
MEM_WRITE(8)
MEM_WRITE(16)
MEM_WRITE(32)
MEM_WRITE(64)

/*
 * mem_read128() - A pointer to the 16 bytes at @va, good until the next access
 * to guest memory; no alignment is checked (mem_align16() does).
 */
HOT const void *mem_read128(struct cpu *c, struct insn *i, uint64_t va)
{
	const struct tlb_entry *e = tlb_slot(c, va);
	uint64_t p;

	if (likely(((va + 15) & PAGE_MASK) == e->read))
		return (const void *)(va + e->addend);
	SLOW_CALL(mem_read16_slow, p, c, i, va, 0, 0);
	return (const void *)p;
}

/* mem_write128() - Store 16 bytes from @v (not guest memory). */
HOT void mem_write128(struct cpu *c, struct insn *i, uint64_t va, const void *v)
{
	const struct tlb_entry *e = tlb_slot(c, va);
	uint64_t slow;

	if (likely(((va + 15) & PAGE_MASK) == e->write)) {
		memcpy((void *)(va + e->addend), v, 16);
		return;
	}
	SLOW_CALL(mem_write16_slow, slow, c, i, va, (uintptr_t)v, 0);
	(void)slow;
}

/*
 * mem_rmw_begin() - A pointer to @size (1..16) bytes at @va that may be read and
 * then written; all faults are taken here.  After writing through it call
 * mem_rmw_end() with it: it completes the store where the pointer is scratch.
 * An atomic operation on the pointer is atomic in the guest's memory unless the
 * operand is split over pages or is not RAM.
 */
HOT void *mem_rmw_begin(struct cpu *c, struct insn *i, uint64_t va, unsigned size)
{
	const struct tlb_entry *e = tlb_slot(c, va);
	uint64_t p;

	if (likely(((va + (size - 1)) & PAGE_MASK) == e->write))
		return (void *)(va + e->addend);
	SLOW_CALL(mem_rmw_slow, p, c, i, va, size, 0);
	return (void *)p;
}

void mem_rmw_store(struct cpu *c, struct insn *i, uint64_t va);

#define mem_rmw_store_thunked(c_, i_, va, a, b) (mem_rmw_store(c_, i_, va), 0)

HOT void mem_rmw_end(struct cpu *c, struct insn *i, uint64_t va, const void *p)
{
	uint64_t slow;

	if (unlikely(p == c->rmw))
		SLOW_CALL(mem_rmw_store, slow, c, i, va, 0, 0);
	(void)slow;
}

/* mem_align16() - #GP(0) unless 16-byte aligned: MOVAPS and every SSE operand that is not MOVU. */
HOT void mem_align16(struct cpu *c, struct insn *i, uint64_t va)
{
	if (unlikely(va & 15))
		fault(c, i, EXC_GP, 0);
}

/*
 * mem_read_bytes(), mem_write_bytes() - @n bytes (up to 512: FXSAVE, FSTENV,
 * 80-bit), all pages checked before anything is written.  Not fast.
 */
void mem_read_bytes(struct cpu *c, struct insn *i, uint64_t va, void *buf, unsigned n);
void mem_write_bytes(struct cpu *c, struct insn *i, uint64_t va, const void *buf, unsigned n);

#endif
