/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory.  One memfd holds all of it; one reserved host range mirrors
 * the guest-physical address space, so that host = base + gpa for every byte:
 *
 *   gpa    0 ............ low          4 GiB ............ 4 GiB + high
 *   file   0 ............ low          low .............. low + high
 *
 * What lies between is reserved and PROT_NONE: reaching it through a bug
 * faults in the host instead of corrupting it.
 */
#ifndef VMM_RAM_H
#define VMM_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

enum { RAM_LOW_MAX_MIB = 3072, RAM_PAGE = 4096, RAM_HUGE = 2 << 20 };
#define RAM_HIGH_BASE (1ULL << 32)

struct ram {
	uint8_t *base; /* host address of guest-physical 0 */
	uint64_t low;  /* bytes at 0 */
	uint64_t high; /* bytes at 4 GiB */
	int memfd;
	uint8_t *huge; /* how often each RAM_HUGE of the file was tried */
	/* Who is told of writes by others than the guest's CPUs; set once by the machine. */
	void (*written)(void *opaque, uint64_t gpa, uint64_t len);
	void *opaque;
};

/* ram_create() - @size bytes (multiple of 1 MiB).  0 or -errno with @err. */
int ram_create(struct ram *r, uint64_t size, struct hv_error *err);
void ram_destroy(struct ram *r);

/* ram_ok() - Whether [gpa, gpa+len) is RAM, without wrapping and without crossing the hole. */
static inline bool ram_ok(const struct ram *r, uint64_t gpa, uint64_t len)
{
	if (gpa < r->low)
		return len <= r->low - gpa;
	gpa -= RAM_HIGH_BASE;
	return gpa < r->high && len <= r->high - gpa;
}

/* ram_ptr() - The host address of [gpa, gpa+len), or NULL if any of it is not RAM. */
static inline void *ram_ptr(const struct ram *r, uint64_t gpa, uint64_t len)
{
	return ram_ok(r, gpa, len) ? r->base + gpa : NULL;
}

/* ram_offset() - The file offset of @gpa, which is RAM. */
static inline uint64_t ram_offset(const struct ram *r, uint64_t gpa)
{
	return gpa < r->low ? gpa : gpa - RAM_HIGH_BASE + r->low;
}

/*
 * ram_written() - Whoever wrote guest memory without being the guest's CPU
 * says so here, before the guest can see that the result is there: it marks
 * pages dirty for the state stream and tells `soft` that code may have changed.
 */
static inline void ram_written(struct ram *r, uint64_t gpa, uint64_t len)
{
	if (r->written && len)
		r->written(r->opaque, gpa, len);
}

/*
 * Large transfers go faster to and from huge pages: the kernel pins one page
 * instead of 512, and a disk gets one address where the guest's memory is in
 * one piece.  Linux gives shared memory huge pages only when it is asked to
 * collapse small ones, and does that only while nothing else holds them.
 *
 * ram_huge_begin() - The range to collapse around @gpa: a huge page's start, or
 * NULL if it was tried often enough, lies across the end of memory, or has a
 * hole that the guest gave back.  ram_huge_end() - What came of it: 0 or -errno.
 */
void *ram_huge_begin(const struct ram *r, uint64_t gpa);
void ram_huge_end(struct ram *r, const void *range, int result);

/*
 * ram_discard() - Give [gpa, gpa+len), page-aligned, back to the host; it
 * reads as zeroes afterwards.  0 or -errno.
 */
int ram_discard(struct ram *r, uint64_t gpa, uint64_t len);

#endif
