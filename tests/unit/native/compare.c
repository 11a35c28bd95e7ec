/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two results side by side: what is architecture has to be equal. */
#include "tests/unit/native/native.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	FLAGS_SEEN = 0xcd5 | 1 << 8 | 1 << 14 | 1 << 21, /* arithmetic, DF, TF, NT, ID */
	LONGEST = 512,                                   /* bytes of an operand */
};

struct report {
	char *out;
	size_t n, at;
	bool same;
};

static void __attribute__((format(printf, 2, 3))) differ(struct report *r, const char *fmt, ...)
{
	va_list ap;

	r->same = false;
	va_start(ap, fmt);
	if (r->at < r->n)
		r->at += (size_t)vsnprintf(r->out + r->at, r->n - r->at, fmt, ap);
	va_end(ap);
}

static void numbers(struct report *r, const char *what, uint64_t host, uint64_t soft)
{
	if (host != soft)
		differ(r, "#   %-8s host %016llx  soft %016llx\n", what, (unsigned long long)host,
		       (unsigned long long)soft);
}

static void bytes(struct report *r, const char *what, unsigned number, const uint8_t *host,
		  const uint8_t *soft, unsigned n)
{
	if (!memcmp(host, soft, n))
		return;
	differ(r, "#   %s%x\n#     host", what, number);
	for (unsigned k = n; k--;)
		differ(r, " %02x", host[k]);
	differ(r, "\n#     soft");
	for (unsigned k = n; k--;)
		differ(r, " %02x", soft[k]);
	differ(r, "\n");
}

static void registers(struct report *r, const struct sequence *s, const struct state *a,
		      const struct state *b)
{
	static const char *const name[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					   "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
	uint64_t mask = FLAGS_SEEN & ~(uint64_t)s->undefined;

	for (unsigned n = 0; n < (s->bits32 ? 8U : 16U); n++)
		numbers(r, name[n], a->r[n], b->r[n]);
	numbers(r, "rip", a->ip, b->ip);
	numbers(r, "rflags", a->flags & mask, b->flags & mask);
}

/* What the specifications leave to the processor when an instruction faults. */
struct liberty {
	bool stack; /* TOP and tags: MMX resets them before or after the access */
	bool place; /* which byte of a long operand is reported */
};

/* opcode() - The bytes of instruction @n behind prefixes and REX. */
static const uint8_t *opcode(const struct sequence *s, unsigned n, uint8_t *pfx)
{
	const uint8_t *p = s->code + s->insn[n].off;

	*pfx = 0;
	while (strchr("\x66\xf2\xf3\x67\x65\x36\x3e\xf0", *p) && *p) {
		if (*p == 0x66 || *p == 0xf2 || *p == 0xf3)
			*pfx = *p;
		p++;
	}
	if (!s->bits32 && (*p & 0xf0) == 0x40)
		p++;
	return p;
}

/* faulting() - What is left open where @end says a fault was. */
static struct liberty faulting(const struct sequence *s, const struct state *end)
{
	struct liberty l = {0};
	const uint8_t *p;
	uint8_t pfx;

	for (unsigned n = 0; n < s->n; n++) {
		if (CODE + s->start + s->insn[n].off != end->ip)
			continue;
		p = opcode(s, n, &pfx);
		l.place = *p == 0xd9 || *p == 0xdd || *p == 0xdb || *p == 0xdf ||
			  (*p == 0x0f && p[1] == 0xae) || *p == 0xc8 || *p == 0x62;
		if (*p == 0x0f)
			l.stack = (!pfx && p[1] >= 0x60) ||
				  ((!pfx || pfx == 0x66) && (p[1] & 0xf8) == 0x28);
	}
	return l;
}

/* by_number() - The x87 registers in physical order. */
static void by_number(const struct state *s, uint8_t out[8][16])
{
	unsigned top = s->fx[3] >> 3 & 7;

	for (unsigned n = 0; n < 8; n++)
		memcpy(out[(top + n) & 7], s->fx + 32 + 16 * n, 16);
}

/*
 * Where the last x87 instruction was is not compared: newer processors keep less
 * of it (CPUID 7 EBX bits 6 and 13) than taiki-base says.
 */
static void fpu(struct report *r, const struct state *a, const struct state *b, struct liberty l)
{
	uint16_t fsw = l.stack ? 0xc7ff : 0xffff;
	uint8_t sta[8][16];
	uint8_t stb[8][16];

	by_number(a, sta);
	by_number(b, stb);
	numbers(r, "fcw", a->fx[0] | a->fx[1] << 8, b->fx[0] | b->fx[1] << 8);
	numbers(r, "fsw", (a->fx[2] | a->fx[3] << 8) & fsw, (b->fx[2] | b->fx[3] << 8) & fsw);
	if (!l.stack)
		numbers(r, "ftw", a->fx[4], b->fx[4]);
	numbers(r, "mxcsr", a->fx[24] | a->fx[25] << 8, b->fx[24] | b->fx[25] << 8);
	for (unsigned n = 0; n < 8; n++)
		bytes(r, "R", n, sta[n], stb[n], 10);
	for (unsigned n = 0; n < 16; n++)
		bytes(r, "xmm", n, a->fx + 160 + 16 * n, b->fx + 160 + 16 * n, 16);
}

/* For addresses of the kernel, Linux says "protection" whatever the page tables say. */
static uint32_t page_fault_error(const struct state *s)
{
	return s->cr2 >> 63 ? s->error | 1 : s->error;
}

static void ending(struct report *r, const struct state *a, const struct state *b, struct liberty l)
{
	numbers(r, "vector", a->vector, b->vector);
	if (a->vector != b->vector)
		return;
	if (a->vector == VEC_PF) {
		numbers(r, "error", page_fault_error(a), page_fault_error(b));
		if (!l.place || a->cr2 - b->cr2 + LONGEST > 2 * LONGEST)
			numbers(r, "cr2", a->cr2, b->cr2);
	} else {
		numbers(r, "error", a->error, b->error);
	}
}

bool same(const struct sequence *s, const struct state *a, const struct memory *ma,
	  const struct state *b, const struct memory *mb, char *out, size_t n)
{
	struct report r = {.out = out, .n = n, .same = true};
	struct liberty l = {0};

	if (n)
		out[0] = 0;
	if (a->vector != VEC_BP)
		l = faulting(s, a);
	ending(&r, a, b, l);
	registers(&r, s, a, b);
	fpu(&r, a, b, l);
	if (memcmp(ma->data, mb->data, sizeof(ma->data)))
		for (unsigned at = 0; at < sizeof(ma->data); at += 16)
			bytes(&r, "memory ", DATA + at, ma->data + at, mb->data + at, 16);
	return r.same;
}
