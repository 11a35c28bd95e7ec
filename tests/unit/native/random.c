/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers from a seed, and the values at which arithmetic goes wrong. */
#include "tests/unit/native/native.h"

#include <string.h>

/* SplitMix64 (Steele, Lea, Flood). */
uint64_t rnd64(struct rnd *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint64_t rnd_below(struct rnd *r, uint64_t n)
{
	return rnd64(r) % n;
}

bool rnd_one_in(struct rnd *r, unsigned n)
{
	return rnd_below(r, n) == 0;
}

uint64_t rnd_integer(struct rnd *r)
{
	static const uint64_t edges[] = {
		0,         1,          2,          0x7f,        0x80,       0xff,
		0x7fff,    0x8000,     0xffff,     0x7fffffff,  0x80000000, 0xffffffff,
		INT64_MAX, 1ULL << 63, UINT64_MAX, 0x100000000, 0x99,       0x3f,
	};

	switch (rnd_below(r, 4)) {
	case 0: return edges[rnd_below(r, sizeof(edges) / sizeof(edges[0]))];
	case 1: return rnd64(r) >> rnd_below(r, 64);
	default: return rnd64(r);
	}
}

static uint32_t rnd_float(struct rnd *r)
{
	static const uint32_t exponents[] = {0, 0xff, 0x7f, 0x80, 1, 0xfe, 0x9e, 0xbe, 0x68};
	uint32_t frac = rnd_one_in(r, 3) ? 0 : (uint32_t)(rnd64(r) >> rnd_below(r, 60)) & 0x7fffff;
	uint32_t exp = rnd_one_in(r, 3) ? (uint32_t)rnd_below(r, 256) : exponents[rnd_below(r, 9)];

	return (uint32_t)rnd_below(r, 2) << 31 | exp << 23 | frac;
}

static uint64_t rnd_double(struct rnd *r)
{
	static const uint32_t exponents[] = {0, 0x7ff, 0x3ff, 0x400, 1, 0x7fe, 0x41e, 0x43e, 0x381};
	uint64_t frac = rnd_one_in(r, 3) ? 0 : rnd64(r) >> (12 + rnd_below(r, 50));
	uint64_t exp = rnd_one_in(r, 3) ? rnd_below(r, 2048) : exponents[rnd_below(r, 9)];

	return rnd_below(r, 2) << 63 | exp << 52 | frac;
}

/* Ten bytes; among them what the processor no longer makes (pseudo-NaN, unnormal). */
static void rnd_ext(struct rnd *r, uint8_t *p)
{
	static const uint16_t exponents[] = {0,      0x7fff, 0x3fff, 0x4000, 1,      0x7ffe,
					     0x403e, 0x401e, 0x3c01, 0x3f81, 0x43fe, 0x407e};
	uint64_t frac = rnd_one_in(r, 3) ? 0 : rnd64(r) >> (1 + rnd_below(r, 62));
	uint16_t exp = rnd_one_in(r, 4) ? (uint16_t)rnd_below(r, 0x8000)
					: exponents[rnd_below(r, 12)];

	if ((exp && !rnd_one_in(r, 16)) || (!exp && rnd_one_in(r, 16)))
		frac |= 1ULL << 63;
	exp |= (uint16_t)(rnd_below(r, 2) << 15);
	memcpy(p, &frac, 8);
	memcpy(p + 8, &exp, 2);
}

/* fill() - Eight bytes at a time: numbers of every type. */
static void fill(struct rnd *r, uint8_t *data, size_t n)
{
	for (size_t at = 0; at + 8 <= n; at += 8) {
		uint64_t v;

		switch (rnd_below(r, 5)) {
		case 0: v = rnd_float(r) | (uint64_t)rnd_float(r) << 32; break;
		case 1: v = rnd_double(r); break;
		case 2: v = rnd_integer(r); break;
		case 3:
			if (at + 16 <= n) {
				memset(data + at, 0, 16);
				rnd_ext(r, data + at);
				at += 8;
				continue;
			}
			v = 0;
			break;
		default: v = rnd64(r); break;
		}
		memcpy(data + at, &v, 8);
	}
}

/* rnd_memory() - A window on one image that is made once: fresh numbers would take most of the time. */
void rnd_memory(struct rnd *r, uint8_t *data, size_t n)
{
	enum { IMAGE = 256 << 10 };
	static uint8_t image[IMAGE];
	static bool made;

	if (!made) {
		struct rnd fixed = {.s = 1};

		fill(&fixed, image, IMAGE);
		made = true;
	}
	memcpy(data, image + (rnd_below(r, IMAGE - n) & ~15ULL), n);
}

static void put(uint8_t *p, uint64_t v, unsigned n)
{
	memcpy(p, &v, n);
}

/* x87: full, empty and half-full stacks; exceptions mostly masked, flags of any kind. */
static void rnd_x87(struct rnd *r, uint8_t *fx)
{
	uint16_t fcw = 0x40 | (uint16_t)(rnd_below(r, 4) << 10);
	uint16_t fsw = (uint16_t)(rnd64(r) & 0x7f7f);
	uint8_t ftw = (uint8_t)rnd64(r);

	fcw |= rnd_one_in(r, 2) ? 0x300 : (uint16_t)(rnd_below(r, 4) << 8);
	fcw |= rnd_one_in(r, 4) ? (uint16_t)rnd_below(r, 64) : 0x3f;
	switch (rnd_below(r, 8)) {
	case 0: break;
	case 1: ftw = 0; break;
	case 2: ftw = 0xff; break;
	default: /* ST(0) and ST(1) there, room for two */
		ftw |= 0x03 << (fsw >> 11 & 7) | 0x03 >> (8 - (fsw >> 11 & 7));
		ftw &= ~(0xc0 << (fsw >> 11 & 7) | 0xc0 >> (8 - (fsw >> 11 & 7)));
	}
	/* An exception may be pending, but rarely. */
	if (!rnd_one_in(r, 16))
		fsw &= fcw | 0xffc0;
	if (fsw & ~fcw & 0x3f)
		fsw |= 0x8080;
	put(fx, fcw, 2);
	put(fx + 2, fsw, 2);
	fx[4] = ftw;
	for (unsigned n = 0; n < 8; n++)
		rnd_ext(r, fx + 32 + 16 * n);
}

void rnd_state(struct rnd *r, struct state *s, bool bits32)
{
	uint32_t mxcsr = 0x1f80;

	memset(s, 0, sizeof(*s));
	s->bits32 = bits32;
	for (unsigned n = 0; n < 16; n++) {
		s->r[n] = rnd_integer(r);
		if (bits32)
			s->r[n] = n < 8 ? (uint32_t)s->r[n] : 0;
	}
	s->r[4] = STACK + 0x800;
	s->ip = CODE;
	/* OF DF SF ZF AF PF CF, IF and the bit that is always set */
	s->flags = (rnd64(r) & (rnd_one_in(r, 4) ? 0xcd5 : 0x8d5)) | 0x202;
	rnd_x87(r, s->fx);
	if (rnd_one_in(r, 3))
		mxcsr |= (uint32_t)(rnd64(r) & 0xe07f);
	if (rnd_one_in(r, 8))
		mxcsr = (uint32_t)(rnd64(r) & 0xffc0);
	put(s->fx + 24, mxcsr, 4);
	fill(r, s->fx + 160, 256);
	if (bits32)
		memset(s->fx + 160 + 128, 0, 128);
}
