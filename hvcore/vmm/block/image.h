/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What opening an image (file.c) and being handed an open one (attach.c) have in common. */
#ifndef VMM_BLOCK_IMAGE_H
#define VMM_BLOCK_IMAGE_H

#include "hvcore/vmm/block/block.h"

enum { IMAGE_SECTOR = 512 };

/* image_measure() - Read b->device and b->size; at least one sector. */
int image_measure(struct block *b, struct hv_error *err);

#endif
