// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of the block device (virtio 1.2 §5.2).
 *
 *   chain: out  le32 type, le32 reserved, le64 sector  (16 bytes, however cut)
 *          out  data to write, or the range to discard
 *          in   data read
 *          in   u8 status                              (the very last byte)
 */
#include <errno.h>
#include <string.h>

#include "mirror/export/vhost_private.h"

enum { HEADER = sizeof(struct virtio_blk_outhdr) };

uint8_t vhost_blk_status(int error)
{
	if (!error)
		return VIRTIO_BLK_S_OK;
	return error == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR;
}

/* Copy @len bytes from @off of what may be read, which has them. */
static void copy_out(const struct vhost_chain *c, uint64_t off, void *to, size_t len)
{
	for (unsigned i = 0; len; i++) {
		const struct vhost_seg *s = &c->seg[i];
		size_t n;

		if (off >= s->len) {
			off -= s->len;
			continue;
		}
		n = s->len - off < len ? s->len - off : len;
		memcpy(to, s->at + off, n);
		to = (uint8_t *)to + n;
		len -= n;
		off = 0;
	}
}

/* Whether they are whole sectors of the volume. */
static bool on_volume(const struct vhost *h, uint64_t sector, uint64_t len)
{
	uint64_t size = volume_size(h->volume);
	unsigned align = volume_align(h->volume);

	return sector <= size / VHOST_SECTOR && len <= size - sector * VHOST_SECTOR &&
	       sector * VHOST_SECTOR % align == 0 && len % align == 0;
}

/* Of @off bytes of what is read, the segment they end in, and how much of it they take. */
static unsigned behind(const struct vhost_chain *c, uint32_t *off)
{
	unsigned i = 0;

	while (i < c->nout && *off >= c->seg[i].len)
		*off -= c->seg[i++].len;
	return i;
}

/* Each begin() is -1 when the request is on its way, or else what it is answered at once. */

static int transfer(struct vhost_queue *q, const struct vhost_chain *c, uint64_t sector,
		    struct vhost_order *o)
{
	if (!on_volume(q->front->vhost, sector, o->len))
		return VIRTIO_BLK_S_IOERR;
	if (!o->len)
		return VIRTIO_BLK_S_OK;
	o->off = sector * VHOST_SECTOR;
	return vhost_job_begin(q, o) ? VIRTIO_BLK_S_IOERR : -1;
}

static int begin_read(struct vhost_queue *q, const struct vhost_chain *c, uint64_t sector)
{
	struct vhost_order o = {.verb = REQUEST_READ,
				.len = c->in_len - 1,
				.first = c->nout,
				.end = c->nout + c->nin};

	return transfer(q, c, sector, &o);
}

static int begin_write(struct vhost_queue *q, const struct vhost_chain *c, uint64_t sector)
{
	struct vhost_order o = {
		.verb = REQUEST_WRITE,
		.len = c->out_len - HEADER,
		.skip = HEADER,
		.end = c->nout,
		/* a driver that knows no flush is told of nothing less (§5.2.6.2) */
		.fua = !(q->front->features >> VIRTIO_BLK_F_FLUSH & 1)};

	o.first = behind(c, &o.skip);
	return transfer(q, c, sector, &o);
}

static int begin_flush(struct vhost_queue *q, const struct vhost_chain *c, uint64_t sector)
{
	const struct vhost_order o = {.verb = REQUEST_FLUSH};

	return vhost_job_begin(q, &o) ? VIRTIO_BLK_S_IOERR : -1;
}

/* One range, as the configuration space says. */
static int zero(struct vhost_queue *q, const struct vhost_chain *c, uint32_t max, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes range;
	struct vhost_order o = {.verb = REQUEST_ZERO};

	if (c->out_len != HEADER + sizeof(range))
		return VIRTIO_BLK_S_UNSUPP;
	copy_out(c, HEADER, &range, sizeof(range));
	if (range.flags & ~flags)
		return VIRTIO_BLK_S_UNSUPP;
	o.len = (uint64_t)range.num_sectors * VHOST_SECTOR;
	o.unmap = !flags || range.flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
	o.fua = !(q->front->features >> VIRTIO_BLK_F_FLUSH & 1);
	return range.num_sectors > max ? VIRTIO_BLK_S_IOERR : transfer(q, c, range.sector, &o);
}

static int begin_discard(struct vhost_queue *q, const struct vhost_chain *c, uint64_t sector)
{
	return zero(q, c, VHOST_DISCARD_MAX, 0);
}

static int begin_zeroes(struct vhost_queue *q, const struct vhost_chain *c, uint64_t sector)
{
	return zero(q, c, VHOST_ZEROES_MAX, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
}

static int get_id(struct vhost_queue *q, const struct vhost_chain *c, uint64_t sector)
{
	char id[VIRTIO_BLK_ID_BYTES] = {0}; /* padded, not terminated when it is as long */
	struct volume_status s;
	size_t at = 0;

	if (c->in_len < sizeof(id) + 1)
		return VIRTIO_BLK_S_IOERR;
	volume_status(q->front->vhost->volume, &s);
	memcpy(id, s.name, strnlen(s.name, sizeof(id)));
	for (unsigned i = c->nout; at < sizeof(id); i++) {
		size_t n = sizeof(id) - at < c->seg[i].len ? sizeof(id) - at : c->seg[i].len;

		memcpy(c->seg[i].at, id + at, n);
		at += n;
	}
	return VIRTIO_BLK_S_OK;
}

static int (*const begins[])(struct vhost_queue *q, const struct vhost_chain *c,
			     uint64_t sector) = {
	[VIRTIO_BLK_T_IN] = begin_read,         [VIRTIO_BLK_T_OUT] = begin_write,
	[VIRTIO_BLK_T_FLUSH] = begin_flush,     [VIRTIO_BLK_T_GET_ID] = get_id,
	[VIRTIO_BLK_T_DISCARD] = begin_discard, [VIRTIO_BLK_T_WRITE_ZEROES] = begin_zeroes,
};

void vhost_blk_begin(struct vhost_queue *q)
{
	const struct vhost_chain *c = &q->front->chain;
	int status = VIRTIO_BLK_S_UNSUPP;
	struct virtio_blk_outhdr h;
	const struct vhost_seg *last;

	if (c->out_len < HEADER || c->in_len < 1) {
		vhost_queue_broken(q, "a request without header or status byte");
		return;
	}
	copy_out(c, 0, &h, HEADER);
	if (h.type < sizeof(begins) / sizeof(begins[0]) && begins[h.type])
		status = begins[h.type](q, c, h.sector);
	if (status < 0)
		return;
	last = &c->seg[c->nout + c->nin - 1];
	last->at[last->len - 1] = (uint8_t)status;
	vhost_queue_push(q, c->head, (uint32_t)c->in_len);
}
