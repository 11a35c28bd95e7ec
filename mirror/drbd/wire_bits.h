/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bitmap as it travels: plain words, or the lengths of its runs of equal bits in a code of
 * variable length.  A packet with a code:
 *
 *   encoding: 7 first run is of set bits | 6..4 pad: unused bits of the last byte | 3..0 code (2)
 *   code:     runs, alternating, as a little-endian stream of bits
 */
#ifndef MIRROR_DRBD_WIRE_BITS_H
#define MIRROR_DRBD_WIRE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stream of bits over bytes: written from the front, or read. */
struct wire_bits {
	uint8_t *bytes;
	uint64_t room; /* bits */
	uint64_t at;   /* bits */
};

/* wire_run_put() - Append the run length @n (>= 1).  0; -ENOSPC: it does not fit, nothing was written. */
int wire_run_put(struct wire_bits *b, uint64_t n);

/* wire_run_get() - The next run.  0; -ENODATA: at the end; -EPROTO: cut off in the middle. */
int wire_run_get(struct wire_bits *b, uint64_t *n);

/* wire_code() - The encoding byte of a code of @bits bits.  wire_code_read() - 0, or -EPROTO: another code, or no bits. */
uint8_t wire_code(uint64_t bits, bool first_set);
int wire_code_read(uint8_t encoding, size_t bytes, uint64_t *bits, bool *first_set);

/* wire_words() - Words (8 bytes) of the next plain packet when @left are left: all packets but the last are full. */
uint32_t wire_words(uint64_t left);

#endif
