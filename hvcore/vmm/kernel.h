/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel images: a bzImage whose payload is unpacked here on the host, or a
 * plain ELF vmlinux; entered by PVH (the ELF note "Xen", 18).  Everything is a
 * function of the bytes of the file, which are not trusted.
 */
#ifndef VMM_KERNEL_H
#define VMM_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

enum {
	KERNEL_SEGMENTS_MAX = 32,
	KERNEL_UNPACKED_MAX = 512 << 20, /* bytes a payload may unpack to */
};

struct kernel_segment {
	uint64_t paddr, memsz; /* guest-physical; what is beyond filesz is zero */
	const uint8_t *data;
	uint64_t filesz;
};

struct kernel {
	struct kernel_segment seg[KERNEL_SEGMENTS_MAX];
	unsigned nsegs;
	uint32_t entry;    /* PVH, 32-bit physical */
	uint8_t *unpacked; /* the kernel's own copy, or NULL; freed by kernel_free() */
	size_t unpacked_len;
};

/*
 * kernel_parse() - Understand @len bytes at @image, which must stay until
 * kernel_free().  @max bounds what it may unpack to (and KERNEL_UNPACKED_MAX
 * does).  @name is for messages.  0, -ENOEXEC, -EFBIG or -ENOMEM with @err.
 */
int kernel_parse(const uint8_t *image, size_t len, uint64_t max, const char *name,
		 struct kernel *out, struct hv_error *err);
void kernel_free(struct kernel *k);

/*
 * payload_unpack() - The compressed payload at @in, by its magic number (gzip,
 * xz, lzma, zstd, lz4 legacy).  *@out is the caller's (munmap'ed by
 * payload_free()).  @what receives the format's name.  0, -ENOEXEC (unknown, or
 * damaged), -EFBIG (more than @max) or -ENOMEM.
 */
int payload_unpack(const uint8_t *in, size_t len, uint64_t max, uint8_t **out, size_t *out_len,
		   const char **what);
void payload_free(uint8_t *p, size_t len);

#endif
