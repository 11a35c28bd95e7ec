// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Call threading: a block's native code calls its handlers one after another.
 * An indirect jump at the end of each handler is what a processor predicts
 * badly; direct calls it always predicts.
 *
 *   push %rdi                    the vCPU
 *   call handler 0               %rdi, %rsi are the arguments of the block's code
 *   mov (%rsp), %rdi             } for each further
 *   mov %rax, %rsi               } instruction; handlers return the next one
 *   call handler n               }
 *   test %rax, %rax; jz leave    only where REP may stop half-way
 *   ...
 *   pop %rdi; mov %rax, %rsi     the last: branches go on by themselves
 *   jmp handler
 *
 * W^X: the memory is a memfd, mapped once for writing and once, near our own
 * text, for executing.  Where a host refuses that, the run loop calls the
 * handlers itself.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hvcore/vmm/engine/soft/soft.h"

enum {
	STUB_LEAVE = 0,  /* pop %rcx; ret */
	STUB_RESYNC = 8, /* pop %rdi; mov %rax, %rsi; jmp op_resync */
	STUBS = 32,
	CALL = 5,
	FIRST = 1 + CALL,
	NEXT_CALL = 4 + 3 + CALL,
	CHECK = 3 + 6,
	TAIL = 1 + 3 + 5,
	BLOCK_MAX = FIRST + BLOCK_INSNS * (NEXT_CALL + CHECK) + TAIL,
};

struct insn *native_none(struct cpu *c, struct insn *i)
{
	return i;
}

struct out {
	uint8_t *w;       /* where it is written */
	const uint8_t *x; /* where it will be executed */
};

static void bytes(struct out *o, const char *b, unsigned n)
{
	memcpy(o->w, b, n);
	o->w += n;
	o->x += n;
}

/* branch() - @opcode (of @n bytes) with the distance to @to. */
static void branch(struct out *o, const char *opcode, unsigned n, const void *to)
{
	int32_t rel;

	bytes(o, opcode, n);
	rel = (int32_t)((intptr_t)to - ((intptr_t)o->x + 4));
	bytes(o, (const char *)&rel, 4);
}

static void native_stubs(struct cache *k)
{
	struct native *v = &k->native;
	struct out o = {v->write + STUB_LEAVE, v->exec + STUB_LEAVE};

	if (!v->write)
		return;
	bytes(&o, "\x59\xc3", 2);
	o = (struct out){v->write + STUB_RESYNC, v->exec + STUB_RESYNC};
	bytes(&o, "\x5f\x48\x89\xc6", 4);
	branch(&o, "\xe9", 1, (const void *)op_resync);
	v->used = STUBS;
}

#ifndef SOFT_LOOP
/* near() - Whether all of [p, p + size) reaches our text by 32-bit distances. */
static bool near(const uint8_t *p, size_t size)
{
	intptr_t text = (intptr_t)op_resync, d = (intptr_t)p - text;

	return d > -(1L << 30) && d + (intptr_t)size < 1L << 30;
}

/* map_near() - @fd executable, somewhere near our text. */
static uint8_t *map_near(int fd, size_t size)
{
	const uintptr_t step = 16 << 20, text = (uintptr_t)op_resync & ~(step - 1);

	for (unsigned n = 1; n < 48; n++) {
		uint8_t *p = mmap((void *)(text - n * step), size, PROT_READ | PROT_EXEC,
				  MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

		if (p == MAP_FAILED)
			continue;
		if (near(p, size))
			return p;
		munmap(p, size);
	}
	return NULL;
}

void native_init(struct cache *k)
{
	struct native *v = &k->native;

	/* Some 12 bytes of code for each 32 of struct insn. */
	v->size = (k->size / 2 + PAGE_SIZE) & PAGE_MASK;
	v->fd = memfd_create("taiki-soft", MFD_CLOEXEC);
	if (v->fd < 0)
		return;
	if (ftruncate(v->fd, (off_t)v->size))
		goto out;
	v->write = mmap(NULL, v->size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->write == MAP_FAILED) {
		v->write = NULL;
		goto out;
	}
	v->exec = map_near(v->fd, v->size);
	if (!v->exec) {
		munmap(v->write, v->size);
		v->write = NULL;
		goto out;
	}
	native_stubs(k);
	return;
out:
	close(v->fd);
	v->fd = -1;
}
#else
void native_init(struct cache *k)
{
	k->native.fd = -1;
}
#endif

void native_fini(struct cache *k)
{
	struct native *v = &k->native;

	if (!v->write)
		return;
	munmap(v->write, v->size);
	munmap(v->exec, v->size);
	close(v->fd);
}

void native_trim(struct cache *k)
{
	struct native *v = &k->native;

	if (!v->write)
		return;
	/* Refused: the memory stays, nothing else. */
	if (fallocate(v->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)v->size))
		return;
	native_stubs(k);
}

void native_reset(struct cache *k)
{
	k->native.used = STUBS;
}

bool native_full(const struct cache *k)
{
	return k->native.write && k->native.size - k->native.used < BLOCK_MAX;
}

/* may_stop() - REP: the handler may return NULL in the middle of a block. */
static bool may_stop(const struct insn *i)
{
	return i->flags & (INSN_REP | INSN_REPNE);
}

void native_emit(struct cache *k, struct block *b)
{
	struct native *v = &k->native;
	struct out o;
	uint8_t *code;
	unsigned n;

	if (!v->write)
		return;
	o = (struct out){v->write + v->used, v->exec + v->used};
	code = v->exec + v->used;
	if (b->tail == 0) {
		branch(&o, "\xe9", 1, (const void *)b->insn[0].fn);
	} else {
		bytes(&o, "\x57", 1);
		for (n = 0; n < b->tail; n++) {
			if (n)
				bytes(&o, "\x48\x8b\x3c\x24\x48\x89\xc6", 7);
			branch(&o, "\xe8", 1, (const void *)b->insn[n].fn);
			if (may_stop(&b->insn[n])) {
				bytes(&o, "\x48\x85\xc0", 3);
				branch(&o, "\x0f\x84", 2, v->exec + STUB_LEAVE);
			}
		}
		bytes(&o, "\x5f\x48\x89\xc6", 4);
		branch(&o, "\xe9", 1, (const void *)b->insn[b->tail].fn);
	}
	v->used = (size_t)(o.w - v->write + 15) & ~15UL;
	b->code = (insn_fn *)(void *)code;
}

/*
 * The block is in the middle of instruction n - 1, on this thread.  The write
 * goes through another address than the one executed from, so that the
 * processor must be told to look again (SDM 3A §8.1.3): CPUID serializes.
 */
void native_resync(struct cache *k, struct block *b, unsigned n)
{
	struct native *v = &k->native;
	uint32_t a = 0, bx, cx = 0, dx;
	struct out o;
	size_t off;

	if (!v->write || b->code == native_none || n > b->tail)
		return;
	off = (uint8_t *)(void *)b->code - v->exec + FIRST + (n - 1) * NEXT_CALL;
	for (unsigned j = 0; j < n; j++)
		off += may_stop(&b->insn[j]) ? CHECK : 0;
	o = (struct out){v->write + off, v->exec + off};
	branch(&o, "\xe9", 1, v->exec + STUB_RESYNC);
	__asm__ volatile("cpuid" : "+a"(a), "=b"(bx), "+c"(cx), "=d"(dx) : : "memory");
}
