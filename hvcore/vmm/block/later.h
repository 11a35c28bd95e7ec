/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VMM_BLOCK_LATER_H
#define VMM_BLOCK_LATER_H

#include "hvcore/vmm/block/block.h"

/* block_step_later() - block_step_done(@r, @result), -errno, on another turn of the loop. */
void block_step_later(struct block_request *r, int result);
/* block_later_forget() - Those of @b, which goes, are not told. */
void block_later_forget(const struct block *b);

#endif
