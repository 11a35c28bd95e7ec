/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processor against `soft`: the same user-mode code with the same registers
 * and memory, executed by the host in a child process (host.c) and by the engine
 * at CPL 3 under page tables (guest.c), has to leave the same state.
 *
 *   user address   10000000   code, 2 pages                 read, execute
 *                  20000000   data: two pages               read, write
 *                  20002000         one                     read
 *                  20003000         a hole
 *                  20004000         two (the stack)         read, write
 *
 * A sequence ends with INT3 or with the first fault.
 */
#ifndef TESTS_NATIVE_H
#define TESTS_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PAGE = 4096,
	CODE = 0x10000000,
	CODE_PAGES = 2,
	DATA = 0x20000000,
	DATA_PAGES = 6,
	DATA_RO = 2, /* page numbers in the data */
	DATA_HOLE = 3,
	STACK = DATA + 5 * PAGE,
	GS_BASE = DATA + 0x100,
	SEL_CODE32 = 0x23, /* as Linux has them */
	SEL_DATA = 0x2b,
	SEL_CODE64 = 0x33,
	FX_BYTES = 416, /* of FXSAVE: control, ST, XMM0-15 */
};

enum { VEC_DB = 1, VEC_BP = 3, VEC_PF = 14 };

struct state {
	uint64_t r[16]; /* AX CX DX BX SP BP SI DI R8 ... */
	uint64_t ip, flags;
	_Alignas(16) uint8_t fx[FX_BYTES];
	bool bits32;
	/* How it ended. */
	uint32_t vector, error;
	uint64_t cr2;
};

/* What both sides get; data is what memory holds before, and then after. */
struct memory {
	uint8_t code[CODE_PAGES * PAGE];
	uint8_t data[DATA_PAGES * PAGE];
};

/* host.c: start() returns at once, finish() waits (deadline) and fills @out and @m. */
struct host;
struct host *host_open(void);
void host_start(struct host *h, const struct state *in, const struct memory *m);
/* 0, or -1 with *why: the child died or does not answer. */
int host_finish(struct host *h, struct state *out, struct memory *m, const char **why);
void host_close(struct host *h);

/* guest.c */
struct guest;
struct engine_ops;
/* @forgetful: with no decoded code kept. */
struct guest *guest_open(const struct engine_ops *ops, bool forgetful);
int guest_run(struct guest *g, const struct state *in, struct memory *m, struct state *out,
	      const char **why);
void guest_close(struct guest *g);

/* random.c: deterministic numbers, and values that are interesting. */
struct rnd {
	uint64_t s;
};
uint64_t rnd64(struct rnd *r);
uint64_t rnd_below(struct rnd *r, uint64_t n);
bool rnd_one_in(struct rnd *r, unsigned n);
uint64_t rnd_integer(struct rnd *r);
void rnd_state(struct rnd *r, struct state *s, bool bits32);
void rnd_memory(struct rnd *r, uint8_t *data, size_t n);

/* sequence.c: one sequence of instructions. */
enum { SEQ_MAX = 48, SEQ_BYTES = 512 };
struct sequence {
	bool bits32;
	unsigned start; /* offset in the code pages */
	uint8_t code[SEQ_BYTES];
	unsigned len;
	unsigned n;
	struct {
		unsigned off, len;
	} insn[SEQ_MAX];    /* set-up instructions are among them */
	uint32_t undefined; /* flags that the last instruction leaves undefined */
	unsigned nignored;
	struct {
		uint32_t at, len;
	} ignored[4]; /* memory that holds what newer processors no longer say */
};
/* sequence_make() - Template @t (below templates_count()), after others now and then. */
void sequence_make(struct sequence *s, struct rnd *r, unsigned t, bool bits32);
/* sequence_ok() - Whether template @t exists in this mode. */
bool sequence_ok(unsigned t, bool bits32);
unsigned templates_count(void);
const char *template_name(unsigned t);
/* template_opcode() - The opcode, plus 256 if behind 0F. */
unsigned template_opcode(unsigned t);

/* cover.c: which handlers the decoder can give out, and which were executed. */
void cover_executed(const struct sequence *s, uint64_t ip);
/* cover_wanted() - Mark opcodes (as above) with handlers not executed yet; returns how many handlers. */
unsigned cover_wanted(bool wanted[512]);
/* cover_missing() - Write those never executed to @out (n bytes); returns how many. */
unsigned cover_missing(char *out, size_t n);

/*
 * vendor.c: makes equal what the host's vendor and `soft`'s answer otherwise;
 * true if nothing of the two results can be compared.
 */
bool vendor_excuses(const struct sequence *s, const struct state *host, const struct memory *host_m,
		    struct state *soft, struct memory *soft_m);

/* compare.c: true if equal; else what differs in @out. */
bool same(const struct sequence *s, const struct state *a, const struct memory *ma,
	  const struct state *b, const struct memory *mb, char *out, size_t n);

#endif
