/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that failed on a disk whose errors pause the domain.  The guest is told nothing: they
 * are kept as they are, and tried again from where they stood until they are done.  They were
 * in flight together, so no order between them is owed.  They are not in flight while they
 * are kept: a stop does not wait for them, a reset forgets them.
 *
 * A flush is tried again like the rest.  That is right for storage that lost its connection, not
 * its cache; storage that loses what it has taken loses it under any host.
 */
#include <errno.h>
#include <limits.h>

#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"

bool blk_keeps(struct blk *d, struct blk_waiting *w, enum block_op op, int result)
{
	bool again = w->again;

	if (again)
		d->retrying--;
	if (again && !result)
		d->back = true;
	if (!result || !d->pause_on_error || d->v.resetting ||
	    (op == BLOCK_DISCARD && result == -EOPNOTSUPP))
		return false;
	d->back = false;
	w->again = true;
	w->next = NULL;
	*d->kept_end = w;
	d->kept_end = &w->next;
	d->nkept++;
	/* That it still fails is no news. */
	if (!again) {
		d->count[op].failed++;
		d->failed++;
		blk_report_error(d, op, result);
	}
	board_request(BOARD_IO_ERROR, d->v.name);
	return true;
}

struct blk_waiting *blk_kept_take(struct blk *d)
{
	struct blk_waiting *w = d->kept;

	d->kept = w->next;
	if (!w->next)
		d->kept_end = &d->kept;
	d->nkept--;
	return w;
}

void blk_again(struct blk *d, unsigned most)
{
	for (; d->nkept && most; most--) {
		d->retrying++;
		blk_pass(blk_kept_take(d), true);
	}
}

static enum blk_retry retry(struct blk *d)
{
	if (d->retrying)
		return BLK_RETRY_UNDER_WAY;
	if (d->tried && !d->back)
		d->try_at = loop_host_now() + BLK_RETRY_NS;
	d->tried = false;
	if (!d->nkept)
		return BLK_RETRY_NOTHING;
	if (!d->back && loop_host_now() < d->try_at)
		return BLK_RETRY_FAILED;
	/* A dead disk is asked with one request, not with all that it owes. */
	blk_again(d, d->back ? UINT_MAX : 1);
	d->tried = true;
	return BLK_RETRY_UNDER_WAY;
}

enum blk_retry virtio_blk_retry(void)
{
	enum blk_retry worst = BLK_RETRY_NOTHING;

	/* One that is under way is looked at sooner; the others' time comes all the same. */
	for (struct blk *d = blk_list; d; d = d->next) {
		enum blk_retry r = retry(d);

		if (r == BLK_RETRY_UNDER_WAY || worst == BLK_RETRY_NOTHING)
			worst = r;
	}
	block_kick();
	return worst;
}

void blk_keep_init(struct blk *d, bool pause_on_error)
{
	d->pause_on_error = pause_on_error;
	d->kept_end = &d->kept;
}
