/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages for the memory that disks transfer to and from, one at a time. */
#include "hvcore/vmm/block/ring.h"
#include "hvcore/vmm/board.h"
#include "hvcore/vmm/ram.h"

static void *in_hand; /* what the kernel is collapsing */

void block_buffer_used(uint64_t gpa)
{
	void *range = in_hand ? NULL : ram_huge_begin(board.ram, gpa);

	if (range && block_ring_collapse(range, RAM_HUGE))
		in_hand = range;
}

void block_collapsed(int res)
{
	void *range = in_hand;

	in_hand = NULL;
	ram_huge_end(board.ram, range, res);
}
