// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel image is a file somebody else made: any bytes give a kernel or an error. */
#include <stdlib.h>

#include "hvcore/vmm/kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hv_error err;
	struct kernel k;

	if (kernel_parse(data, size, 32 << 20, "fuzz", &k, &err))
		return 0;
	/* What it calls a kernel can be read where it says. */
	if (k.nsegs < 1 || k.nsegs > KERNEL_SEGMENTS_MAX)
		abort();
	for (unsigned i = 0; i < k.nsegs; i++) {
		const struct kernel_segment *s = &k.seg[i];

		if (s->filesz > s->memsz || s->paddr + s->memsz < s->paddr)
			abort();
		if (s->filesz) {
			(void)*(volatile const uint8_t *)s->data;
			(void)*(volatile const uint8_t *)(s->data + s->filesz - 1);
		}
	}
	kernel_free(&k);
	return 0;
}
