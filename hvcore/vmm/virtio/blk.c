/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block device (virtio 1.2 §5.2).
 *
 *   chain: out  le32 type, le32 reserved, le64 sector  (16 bytes, however cut)
 *          out  data to write, or ranges to discard
 *          in   data read
 *          in   u8 status                              (the very last byte)
 *
 * Any number of requests is in flight; each answers for itself, in any order.
 */
#include "hvcore/vmm/virtio/blk.h"

#include <errno.h>
#include <limits.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>

#include "hv/guard.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/ram.h"
#include "hvcore/vmm/virtio/devices.h"

enum {
	HEADER = 16,
	SERIAL = VIRTIO_BLK_ID_BYTES,
	LARGE = 64 * 1024, /* bytes: transfers that huge pages help */
};

/* A request in flight.  What is needed of the chain is copied: the ring moves on. */
struct request {
	struct block_request block;
	struct blk_waiting waiting;
	struct blk *blk;
	struct virtq *q;
	uint16_t head;
	enum block_op op;
	struct virtq_seg status; /* one byte */
	uint32_t in_len;         /* bytes of the chain that may be written */
	unsigned nseg;           /* pieces of guest memory */
	uint64_t bytes;
	struct virtq_seg *seg;
	struct iovec iov[];
};

/* The answer's last byte, wherever the driver put it. */
static struct virtq_seg status_of(const struct virtq_chain *c)
{
	for (unsigned i = c->nout + c->nin; i > c->nout; i--) {
		const struct virtq_seg *s = &c->seg[i - 1];

		if (s->len)
			return (struct virtq_seg){
				.at = s->at + s->len - 1, .gpa = s->gpa + s->len - 1, .len = 1};
	}
	return (struct virtq_seg){0};
}

static void answer(struct virtq *q, uint16_t head, const struct virtq_seg *status, uint32_t len,
		   uint8_t result)
{
	*status->at = result;
	ram_written(board.ram, status->gpa, 1);
	virtq_push(q, head, len);
}

/* --- what the host answered --- */

static void request_done(struct block_request *b, int result)
{
	struct request *r = (struct request *)b;
	struct blk *d = r->blk;
	enum block_op op = r->op;
	uint8_t status = VIRTIO_BLK_S_OK;

	d->began = --d->inflight ? loop_host_now() : 0;
	/* Also after a failure or a reset: part of it may have been written. */
	for (unsigned i = 0; op == BLOCK_READ && i < r->nseg; i++)
		ram_written(board.ram, r->seg[i].gpa, r->seg[i].len);
	if (blk_keeps(d, &r->waiting, op, result)) {
		progress_disk(d->index, d->done, d->failed, d->inflight);
		virtio_drained(&d->v);
		return;
	}
	if (result == -EOPNOTSUPP && op == BLOCK_DISCARD) {
		status = VIRTIO_BLK_S_UNSUPP;
	} else if (result) {
		status = VIRTIO_BLK_S_IOERR;
		d->count[op].failed++;
		d->failed++;
		blk_report_error(d, op, result);
	} else {
		d->count[op].done++;
		d->count[op].bytes += r->bytes;
		d->done++;
	}
	progress_disk(d->index, d->done, d->failed, d->inflight);
	if (!d->v.resetting)
		answer(r->q, r->head, &r->status, op == BLOCK_READ ? r->in_len : 1, status);
	for (unsigned i = 0; r->bytes >= LARGE && i < r->nseg; i++)
		block_buffer_used(r->seg[i].gpa);
	free(r);
	virtio_drained(&d->v);
}

/* --- what the guest asks --- */

/* Whether [sector, sector + len) lies on the disk and is whole sectors. */
static bool on_disk(const struct blk *d, uint64_t sector, uint64_t len)
{
	return len % BLK_SECTOR == 0 && sector <= d->block.size / BLK_SECTOR &&
	       len <= d->block.size - sector * BLK_SECTOR;
}

static struct request *request_new(struct blk *d, struct virtq *q, const struct virtq_chain *c,
				   enum block_op op)
{
	unsigned n = c->nout + c->nin;
	struct request *r =
		calloc(1, sizeof(*r) + n * (sizeof(struct iovec) + sizeof(struct virtq_seg)));

	if (!r)
		return NULL;
	r->seg = (struct virtq_seg *)&r->iov[n];
	r->blk = d;
	r->q = q;
	r->head = c->head;
	r->op = op; /* block.op becomes a flush at the end of a dsync */
	r->status = status_of(c);
	r->in_len = c->in_len;
	r->block = (struct block_request){
		.block = &d->block, .op = op, .iov = r->iov, .done = request_done};
	return r;
}

static void request_begin(struct request *r)
{
	struct blk *d = r->blk;

	if (d->inflight++ == 0)
		d->began = loop_host_now();
	progress_disk(d->index, d->done, d->failed, d->inflight);
	block_submit(&r->block);
}

void blk_pass(struct blk_waiting *w, bool go)
{
	struct request *r = (struct request *)((char *)w - offsetof(struct request, waiting));

	if (go)
		request_begin(r);
	else
		free(r);
}

static void request_submit(struct request *r, uint64_t off, uint64_t len)
{
	struct blk *d = r->blk;
	enum throttle_way way = r->op == BLOCK_READ ? THROTTLE_READ : THROTTLE_WRITE;

	r->block.off = off;
	r->block.len = r->bytes = len;
	/* A driver that cannot flush has what it wrote on stable storage (§5.2.6.2). */
	r->block.dsync = (r->op == BLOCK_WRITE || r->op == BLOCK_ZEROES) &&
			 !virtio_has(&d->v, VIRTIO_BLK_F_FLUSH);
	/* A discard moves no bytes. */
	if (!blk_hold(d, &r->waiting, way, r->op == BLOCK_DISCARD ? 0 : len))
		request_begin(r);
}

/* Add [off, off + len) of the chain's segments [first, first + n) to the request's buffers. */
static void add_buffers(struct request *r, const struct virtq_chain *c, unsigned first, unsigned n,
			uint64_t off, uint64_t len)
{
	for (unsigned i = first; i < first + n && len; i++) {
		const struct virtq_seg *s = &c->seg[i];
		uint64_t part;

		if (off >= s->len) {
			off -= s->len;
			continue;
		}
		part = s->len - off < len ? s->len - off : len;
		r->iov[r->block.niov++] = (struct iovec){.iov_base = s->at + off, .iov_len = part};
		r->seg[r->nseg++] =
			(struct virtq_seg){.at = s->at + off, .gpa = s->gpa + off, .len = part};
		len -= part;
		off = 0;
	}
}

static int do_transfer(struct blk *d, struct virtq *q, const struct virtq_chain *c, uint64_t sector,
		       enum block_op op)
{
	uint64_t len = op == BLOCK_READ ? c->in_len - 1 : c->out_len - HEADER;
	struct request *r;

	if (!on_disk(d, sector, len) || (op == BLOCK_WRITE && d->block.readonly)) {
		guest_fault(d->v.name,
			    "%s of %llu bytes at sector %llu: not on the disk, or "
			    "read-only",
			    blk_op_name[op], (unsigned long long)len, (unsigned long long)sector);
		return VIRTIO_BLK_S_IOERR;
	}
	if (len == 0)
		return VIRTIO_BLK_S_OK;
	r = request_new(d, q, c, op);
	if (!r)
		return VIRTIO_BLK_S_IOERR;
	if (op == BLOCK_READ)
		add_buffers(r, c, c->nout, c->nin, 0, len);
	else
		add_buffers(r, c, 0, c->nout, HEADER, len);
	request_submit(r, sector * BLK_SECTOR, len);
	return -1;
}

static int do_flush(struct blk *d, struct virtq *q, const struct virtq_chain *c)
{
	struct request *r;

	if (d->block.readonly)
		return VIRTIO_BLK_S_OK;
	r = request_new(d, q, c, BLOCK_FLUSH);
	if (!r)
		return VIRTIO_BLK_S_IOERR;
	request_submit(r, 0, 0);
	return -1;
}

/* Discard and write zeroes: one range a request, as the configuration space says. */
static int do_range(struct blk *d, struct virtq *q, const struct virtq_chain *c, enum block_op op)
{
	uint32_t max = op == BLOCK_DISCARD ? BLK_DISCARD_MAX : BLK_ZEROES_MAX;
	struct virtio_blk_discard_write_zeroes range;
	struct request *r;

	if (d->block.readonly || (op == BLOCK_DISCARD && !d->discard) ||
	    c->out_len != HEADER + sizeof(range))
		return VIRTIO_BLK_S_UNSUPP;
	virtq_out(c, HEADER, &range, sizeof(range));
	/* Flags: §5.2.6.2: only unmap, and only when writing zeroes. */
	if (range.flags & ~(op == BLOCK_ZEROES ? 1U : 0U))
		return VIRTIO_BLK_S_UNSUPP;
	if (range.num_sectors > max ||
	    !on_disk(d, range.sector, (uint64_t)range.num_sectors * BLK_SECTOR)) {
		guest_fault(d->v.name,
			    "%s of %u sectors at sector %llu: too long or not on the disk",
			    blk_op_name[op], range.num_sectors, (unsigned long long)range.sector);
		return VIRTIO_BLK_S_IOERR;
	}
	if (range.num_sectors == 0)
		return VIRTIO_BLK_S_OK;
	r = request_new(d, q, c, op);
	if (!r)
		return VIRTIO_BLK_S_IOERR;
	r->block.unmap = d->discard && (range.flags & 1);
	request_submit(r, range.sector * BLK_SECTOR, (uint64_t)range.num_sectors * BLK_SECTOR);
	return -1;
}

static int do_get_id(struct blk *d, const struct virtq_chain *c)
{
	char id[SERIAL] = {0}; /* NUL-padded, not terminated when it is 20 bytes long */

	if (c->in_len < SERIAL + 1)
		return VIRTIO_BLK_S_IOERR;
	if (d->serial)
		memcpy(id, d->serial, strnlen(d->serial, SERIAL));
	virtq_in(c, 0, id, sizeof(id));
	return VIRTIO_BLK_S_OK;
}

/* Begin a request: -1 if it is in flight now, else its status. */
static int begin(struct blk *d, struct virtq *q, const struct virtq_chain *c)
{
	struct virtio_blk_outhdr h;

	virtq_out(c, 0, &h, HEADER);
	/* The closed gate is here; capacity 0 only tells the guest of it. */
	if (blk_closed(d) && h.type != VIRTIO_BLK_T_GET_ID) {
		d->gate.refused++;
		return VIRTIO_BLK_S_IOERR;
	}
	switch (h.type) {
	case VIRTIO_BLK_T_IN: return do_transfer(d, q, c, h.sector, BLOCK_READ);
	case VIRTIO_BLK_T_OUT: return do_transfer(d, q, c, h.sector, BLOCK_WRITE);
	case VIRTIO_BLK_T_FLUSH: return do_flush(d, q, c);
	case VIRTIO_BLK_T_DISCARD: return do_range(d, q, c, BLOCK_DISCARD);
	case VIRTIO_BLK_T_WRITE_ZEROES: return do_range(d, q, c, BLOCK_ZEROES);
	case VIRTIO_BLK_T_GET_ID: return do_get_id(d, c);
	default: return VIRTIO_BLK_S_UNSUPP;
	}
}

static void blk_kick(struct virtio *v, struct virtq *q)
{
	struct blk *d = (struct blk *)v;
	unsigned budget = BLK_QUEUE_SIZE;
	struct virtq_chain c;

	while (virtq_take(q, &c, &budget)) {
		struct virtq_seg status;
		int result;

		if (c.out_len < HEADER || c.in_len < 1) {
			virtio_broken(v, "a request without header or status byte");
			break;
		}
		result = begin(d, q, &c);
		if (result < 0)
			continue;
		if (result != VIRTIO_BLK_S_OK && !blk_closed(d))
			d->refused++;
		status = status_of(&c);
		answer(q, c.head, &status, c.in_len, result);
	}
	block_kick();
}

static bool blk_busy(struct virtio *v)
{
	return ((struct blk *)v)->inflight > 0;
}

static void blk_reset(struct virtio *v)
{
	blk_forget((struct blk *)v);
}

static void blk_resume(struct virtio *v)
{
	struct blk *d = (struct blk *)v;

	blk_again(d, UINT_MAX);
	blk_release(d);
	block_kick();
}

const struct virtio_device_ops blk_ops = {
	.id = 2,
	.class_code = 0x010000, /* mass storage, SCSI: as every guest expects of it */
	.features = 1ULL << VIRTIO_BLK_F_SEG_MAX | 1ULL << VIRTIO_BLK_F_BLK_SIZE |
		    1ULL << VIRTIO_BLK_F_FLUSH,
	.kick = blk_kick,
	.reset = blk_reset,
	.config_read = blk_gate_read,
	.busy = blk_busy,
	.resume = blk_resume,
};
