/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What opening an image (file.c) and being handed an open one (attach.c) have in common. */
#ifndef VMM_BLOCK_IMAGE_H
#define VMM_BLOCK_IMAGE_H

#include "hvcore/vmm/block/block.h"

enum { IMAGE_SECTOR = 512 };

/* image_lock() - Take the image lock on b->fd's description, or find that it holds it. */
int image_lock(struct block *b, struct hv_error *err);
/* image_measure() - Read b->size; at least one sector. */
int image_measure(struct block *b, struct hv_error *err);

#endif
