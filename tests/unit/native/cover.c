/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coverage in the engine's own terms.  Every encoding that user mode can have is
 * given to the decoder; what comes out is the set of handlers, one for each
 * operation, size and addressing form.  Each has to be executed by a sequence.
 */
#include "tests/unit/native/native.h"

#include <stdio.h>
#include <string.h>

#include "hvcore/vmm/engine/soft/decode.h"

enum { HANDLERS_MAX = 8192, BUCKETS = 16384, EXAMPLE = 8 };

struct handler {
	insn_fn *fn;
	bool executed;
	uint8_t example[EXAMPLE];
	unsigned len, mode;
};

static struct handler handlers[HANDLERS_MAX];
static uint16_t buckets[BUCKETS]; /* index + 1 */
static unsigned nhandlers;

/*
 * What user mode cannot show: it leaves user mode, or no two machines agree.
 * The flat guests execute these.
 */
static insn_fn *const exempt[] = {
	op_syscall, op_sysenter, op_cpuid, op_rdtsc,    op_rdtscp,   op_sgdt,
	op_sidt,    op_sldt,     op_str,   op_smsw_reg, op_smsw_mem,
};

static struct handler *find(insn_fn *fn)
{
	unsigned at = (unsigned)((uintptr_t)fn >> 4) % BUCKETS;

	while (buckets[at]) {
		if (handlers[buckets[at] - 1].fn == fn)
			return &handlers[buckets[at] - 1];
		at = (at + 1) % BUCKETS;
	}
	if (nhandlers == HANDLERS_MAX)
		return NULL;
	handlers[nhandlers].fn = fn;
	buckets[at] = (uint16_t)++nhandlers;
	return &handlers[nhandlers - 1];
}

static unsigned mode_of(bool bits32)
{
	return MODE_USER | (bits32 ? MODE_CODE32 : MODE_CODE64);
}

void cover_executed(const struct sequence *s, uint64_t ip)
{
	for (unsigned n = 0; n < s->n; n++) {
		const uint8_t *p = s->code + s->insn[n].off;
		struct decoded d;
		struct handler *h;

		if (CODE + s->start + s->insn[n].off > ip)
			return;
		if (!decode(p, s->insn[n].len, mode_of(s->bits32), &d))
			continue;
		h = find(d.insn.fn);
		if (h)
			h->executed = true;
	}
}

static void offer(const uint8_t *code, unsigned mode)
{
	unsigned before = nhandlers;
	struct decoded d;
	unsigned len = decode(code, INSN_BYTES_MAX, mode, &d);
	struct handler *h = len ? find(d.insn.fn) : NULL;

	if (h && nhandlers > before) {
		memcpy(h->example, code, EXAMPLE);
		h->len = len;
		h->mode = mode;
	}
}

/* offer_opcode() - Every ModRM, with every SIB that matters, behind @n bytes. */
static void offer_opcode(uint8_t *code, unsigned n, unsigned mode)
{
	for (unsigned modrm = 0; modrm < 256; modrm++) {
		memset(code + n, 0, INSN_BYTES_MAX - n);
		code[n] = (uint8_t)modrm;
		offer(code, mode);
		code[n + 1] = 0x25; /* no base, no index */
		offer(code, mode);
	}
}

static void offer_all(unsigned mode)
{
	static const uint8_t prefixes[][3] = {
		{0},       {1, 0x66},       {1, 0xf2}, {1, 0xf3},
		{1, 0xf0}, {2, 0xf0, 0x66}, {1, 0x67}, {1, 0x65},
	};
	uint8_t code[INSN_BYTES_MAX + 1];

	for (unsigned p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++)
		for (unsigned w = 0; w < (mode & MODE_CODE64 ? 2U : 1U); w++)
			for (unsigned op = 0; op < 512; op++) {
				unsigned n = prefixes[p][0];

				memcpy(code, &prefixes[p][1], n);
				if (w)
					code[n++] = 0x48;
				if (op >= 256)
					code[n++] = 0x0f;
				code[n++] = (uint8_t)op;
				offer_opcode(code, n, mode);
			}
}

/* offer_once() - Fill the table of handlers. */
static void offer_once(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	for (unsigned n = 0; n < sizeof(exempt) / sizeof(exempt[0]); n++)
		find(exempt[n])->executed = true;
	offer_all(mode_of(false));
	offer_all(mode_of(true));
}

/* opcode() - Behind prefixes and REX. */
static unsigned opcode(const struct handler *h)
{
	const uint8_t *p = h->example;

	while (*p && strchr("\x66\xf2\xf3\xf0\x67\x26\x2e\x36\x3e\x64\x65", *p))
		p++;
	if (h->mode & MODE_CODE64 && (*p & 0xf0) == 0x40)
		p++;
	return *p == 0x0f ? p[1] + 256U : *p;
}

unsigned cover_wanted(bool wanted[512])
{
	unsigned missing = 0;

	offer_once();
	memset(wanted, 0, 512 * sizeof(*wanted));
	for (unsigned n = 0; n < nhandlers; n++)
		if (!handlers[n].executed) {
			wanted[opcode(&handlers[n])] = true;
			missing++;
		}
	return missing;
}

unsigned cover_missing(char *out, size_t size)
{
	unsigned missing = 0;
	size_t at = 0;

	offer_once();
	for (unsigned n = 0; n < nhandlers; n++) {
		const struct handler *h = &handlers[n];

		if (h->executed)
			continue;
		missing++;
		if (at + 64 > size)
			continue;
		at += (size_t)snprintf(out + at, size - at,
				       "# %u bits:", h->mode & MODE_CODE64 ? 64 : 32);
		for (unsigned k = 0; k < h->len && k < EXAMPLE; k++)
			at += (size_t)snprintf(out + at, size - at, " %02x", h->example[k]);
		at += (size_t)snprintf(out + at, size - at, "\n");
	}
	return missing;
}
