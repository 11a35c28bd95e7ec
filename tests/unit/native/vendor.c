/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What AMD's processors answer otherwise than Intel's, which `soft` follows.
 * Each is left open by one manual or told apart by the two:
 *
 *   INT1             behind a hypervisor the trap is reported at the instruction
 *                    instead of behind it
 *   REP CMPS, SCAS   a fault in the middle: Intel restores the flags (SDM 2B, "REP");
 *                    AMD leaves those of the last comparison
 *   PUSH of a segment register, 32 bits: Intel writes 16 bits and leaves the rest
 *                    of the slot (SDM 2B, "PUSH"); AMD writes zeros there
 *   x87 stores       of a register that raises an unmasked exception to an address that faults: Intel
 *                    raises the exception (and stores nothing), AMD takes the fault
 *
 * So on a host of AMD's these are made equal before the comparison, and nothing else is.
 */
#include "tests/unit/native/native.h"

#include <cpuid.h>
#include <string.h>

enum { ARITHMETIC = 0x8d5, FSW_ES = 0x80 };

static bool host_is_amd(void)
{
	unsigned a, b = 0, c = 0, d = 0;

	/* "AuthenticAMD", or Hygon's, made after AMD's. */
	return __get_cpuid(0, &a, &b, &c, &d) &&
	       ((b == 0x68747541 && c == 0x444d4163) || (b == 0x6f677948 && c == 0x656e6975));
}

/* opcode_of() - The opcode's bytes of instruction @n, behind prefixes and REX; whether it is repeated. */
static const uint8_t *opcode_of(const struct sequence *s, unsigned n, bool *rep, bool *o16)
{
	const uint8_t *p = s->code + s->insn[n].off;

	*rep = *o16 = false;
	for (; *p && strchr("\x66\x67\xf2\xf3\xf0\x2e\x36\x3e\x26\x64\x65", *p); p++) {
		*rep |= *p == 0xf2 || *p == 0xf3;
		*o16 |= *p == 0x66;
	}
	if (!s->bits32 && (*p & 0xf0) == 0x40)
		p++;
	return p;
}

static bool pushes_segment(const struct sequence *s)
{
	bool rep, o16;

	for (unsigned n = 0; n < s->n; n++) {
		const uint8_t *p = opcode_of(s, n, &rep, &o16);

		if (!o16 && (*p == 0x06 || *p == 0x0e || *p == 0x16 || *p == 0x1e ||
			     (*p == 0x0f && (p[1] == 0xa0 || p[1] == 0xa8))))
			return s->bits32;
	}
	return false;
}

/* The upper half of a slot where the host has zeros above the same selector. */
static void forgive_slots(const struct memory *host, struct memory *soft)
{
	for (size_t at = 0; at + 4 <= sizeof(host->data); at++)
		if (!memcmp(host->data + at, soft->data + at, 2) && !host->data[at + 2] &&
		    !host->data[at + 3])
			memset(soft->data + at + 2, 0, 2);
}

static bool is_x87_store(const uint8_t *p)
{
	unsigned reg = p[1] >> 3 & 7;

	if (p[1] >= 0xc0)
		return false;
	switch (*p) {
	case 0xd9: return reg == 2 || reg == 3;
	case 0xdb: return reg == 1 || reg == 2 || reg == 3 || reg == 7;
	case 0xdd: return reg == 1 || reg == 2 || reg == 3;
	case 0xdf: return reg == 1 || reg == 2 || reg == 3 || reg == 6 || reg == 7;
	default: return false;
	}
}

bool vendor_excuses(const struct sequence *s, const struct state *host, const struct memory *host_m,
		    struct state *soft, struct memory *soft_m)
{
	bool rep, o16;

	if (!host_is_amd())
		return false;
	if (pushes_segment(s))
		forgive_slots(host_m, soft_m);
	if (host->vector == VEC_BP)
		return false;
	for (unsigned n = 0; n < s->n; n++) {
		const uint8_t *p = opcode_of(s, n, &rep, &o16);

		if (host->ip != CODE + s->start + s->insn[n].off)
			continue;
		if (*p == 0xf1 && host->vector == VEC_DB && soft->ip == host->ip + s->insn[n].len)
			soft->ip = host->ip;
		if (rep && ((*p & 0xfe) == 0xa6 || (*p & 0xfe) == 0xae))
			soft->flags = (soft->flags & ~(uint64_t)ARITHMETIC) |
				      (host->flags & ARITHMETIC);
		if (is_x87_store(p) && (soft->fx[2] & FSW_ES) && !(host->fx[2] & FSW_ES))
			return true;
	}
	return false;
}
