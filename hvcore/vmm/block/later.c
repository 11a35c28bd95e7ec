/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that end without having been anywhere: told from the loop, so that done() is never re-entered. */
#include "hvcore/vmm/block/later.h"
#include "hvcore/vmm/block/ring.h"
#include "hvcore/vmm/loop.h"

static void tell(struct loop_timer *t);

static struct block_request *list, **tail = &list;
static struct loop_timer timer = {.expired = tell};

static void tell(struct loop_timer *t)
{
	struct block_request *r = list;

	list = NULL;
	tail = &list;
	while (r) {
		struct block_request *next = r->next;
		int why = r->failed;

		r->failed = 0;
		block_step_done(r, why);
		r = next;
	}
	block_kick();
}

void block_step_later(struct block_request *r, int result)
{
	r->failed = result;
	r->next = NULL;
	*tail = r;
	tail = &r->next;
	loop_host_timer_arm(&timer, loop_host_now());
}

void block_later_forget(const struct block *b)
{
	struct block_request **at = &list;

	while (*at)
		if ((*at)->block == b)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	tail = at;
}
