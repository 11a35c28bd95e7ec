// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "aml.h"

enum {
	OP_ZERO = 0x00,
	OP_ONE = 0x01,
	OP_NAME = 0x08,
	OP_BYTE = 0x0a,
	OP_WORD = 0x0b,
	OP_DWORD = 0x0c,
	OP_STRING = 0x0d,
	OP_QWORD = 0x0e,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_PACKAGE = 0x12,
	OP_METHOD = 0x14,
	OP_ARG0 = 0x68,
	OP_STORE = 0x70,
	OP_EXT = 0x5b,
	OP_EXT_DEVICE = 0x82,
	OP_IF = 0xa0,
	OP_RETURN = 0xa4,
	LENGTH_BYTES = 3, /* of every PkgLength here: up to 1 MiB */
};

static void byte(struct aml *a, unsigned v)
{
	if (a->len < a->size)
		a->out[a->len] = (uint8_t)v;
	a->len++;
}

static void number(struct aml *a, uint64_t v, unsigned bytes)
{
	while (bytes--) {
		byte(a, v & 0xff);
		v >>= 8;
	}
}

/* A NameString: a root prefix, then one segment of four characters. */
static void name(struct aml *a, const char *s)
{
	if (*s == '\\') {
		byte(a, '\\');
		s++;
	}
	for (unsigned i = 0; i < 4; i++)
		byte(a, *s ? (uint8_t)*s++ : '_');
}

static void open_term(struct aml *a)
{
	a->open[a->depth++] = a->len;
	number(a, 0, LENGTH_BYTES);
}

/* PkgLength (§20.2.4) counts itself: bits 3..0 in the lead byte, the rest in two more. */
void aml_close(struct aml *a)
{
	size_t at = a->open[--a->depth], n = a->len - at;

	if (a->len > a->size)
		return;
	a->out[at] = (uint8_t)((LENGTH_BYTES - 1) << 6 | (n & 15));
	a->out[at + 1] = (uint8_t)(n >> 4);
	a->out[at + 2] = (uint8_t)(n >> 12);
}

void aml_scope(struct aml *a, const char *s)
{
	byte(a, OP_SCOPE);
	open_term(a);
	name(a, s);
}

void aml_device(struct aml *a, const char *s)
{
	byte(a, OP_EXT);
	byte(a, OP_EXT_DEVICE);
	open_term(a);
	name(a, s);
}

void aml_method(struct aml *a, const char *s, unsigned args)
{
	byte(a, OP_METHOD);
	open_term(a);
	name(a, s);
	byte(a, args);
}

void aml_if_name(struct aml *a, const char *s)
{
	byte(a, OP_IF);
	open_term(a);
	name(a, s);
}

void aml_package(struct aml *a, unsigned elements)
{
	byte(a, OP_PACKAGE);
	open_term(a);
	byte(a, elements);
}

void aml_name(struct aml *a, const char *s)
{
	byte(a, OP_NAME);
	name(a, s);
}

void aml_integer(struct aml *a, uint64_t v)
{
	if (v <= 1) {
		byte(a, v ? OP_ONE : OP_ZERO);
	} else if (v <= 0xff) {
		byte(a, OP_BYTE);
		number(a, v, 1);
	} else if (v <= 0xffff) {
		byte(a, OP_WORD);
		number(a, v, 2);
	} else if (v <= 0xffffffff) {
		byte(a, OP_DWORD);
		number(a, v, 4);
	} else {
		byte(a, OP_QWORD);
		number(a, v, 8);
	}
}

void aml_string(struct aml *a, const char *s)
{
	byte(a, OP_STRING);
	do
		byte(a, (uint8_t)*s);
	while (*s++);
}

static unsigned hex(char c)
{
	return (unsigned)(c >= 'A' ? c - 'A' + 10 : c - '0');
}

/* "PNP0A03": three letters of five bits, then four hex digits; the bytes are swapped (§19.3.4). */
void aml_eisaid(struct aml *a, const char *s)
{
	uint32_t v = (uint32_t)(s[0] & 31) << 26 | (uint32_t)(s[1] & 31) << 21 |
		     (uint32_t)(s[2] & 31) << 16 | hex(s[3]) << 12 | hex(s[4]) << 8 |
		     hex(s[5]) << 4 | hex(s[6]);

	byte(a, OP_DWORD);
	number(a, __builtin_bswap32(v), 4);
}

void aml_return_name(struct aml *a, const char *s)
{
	byte(a, OP_RETURN);
	name(a, s);
}

void aml_store_arg0(struct aml *a, const char *s)
{
	byte(a, OP_STORE);
	byte(a, OP_ARG0);
	name(a, s);
}

/* A buffer whose size, a word, is filled in at the end. */
void aml_resources(struct aml *a)
{
	byte(a, OP_BUFFER);
	open_term(a);
	byte(a, OP_WORD);
	number(a, 0, 2);
}

void aml_resources_end(struct aml *a)
{
	size_t word = a->open[a->depth - 1] + LENGTH_BYTES + 1, n;

	byte(a, 0x79); /* end tag; checksum 0: not checked */
	byte(a, 0);
	n = a->len - word - 2;
	if (a->len <= a->size) {
		a->out[word] = (uint8_t)n;
		a->out[word + 1] = (uint8_t)(n >> 8);
	}
	aml_close(a);
}

void aml_io(struct aml *a, uint16_t base, uint8_t len)
{
	byte(a, 0x47); /* I/O port descriptor, 7 bytes */
	byte(a, 1);    /* decodes 16 bits */
	number(a, base, 2);
	number(a, base, 2);
	byte(a, 1); /* alignment */
	byte(a, len);
}

void aml_irq(struct aml *a, unsigned irq)
{
	byte(a, 0x22); /* IRQ descriptor, 2 bytes: edge, active high */
	number(a, 1u << irq, 2);
}

/* Word and dword address space descriptors: type, flags, granularity, min, max, offset, length. */
static void range(struct aml *a, unsigned type, unsigned flags, unsigned bytes, uint64_t first,
		  uint64_t last)
{
	byte(a, bytes == 2 ? 0x88 : 0x87);
	number(a, 3 + 5 * bytes, 2);
	byte(a, type);
	byte(a, 0x0c); /* producer; minimum and maximum are fixed */
	byte(a, flags);
	number(a, 0, bytes);
	number(a, first, bytes);
	number(a, last, bytes);
	number(a, 0, bytes);
	number(a, last - first + 1, bytes);
}

void aml_bus_range(struct aml *a, uint16_t first, uint16_t last)
{
	range(a, 2, 0, 2, first, last);
}

void aml_io_range(struct aml *a, uint16_t first, uint16_t last)
{
	range(a, 1, 3, 2, first, last); /* the whole range is decoded */
}

void aml_memory_range(struct aml *a, uint32_t first, uint32_t last)
{
	range(a, 0, 1, 4, first, last); /* not cacheable, read and write */
}
