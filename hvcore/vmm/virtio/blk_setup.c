/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block device is made: its image opened, or its gate closed, and what the guest reads of it.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdlib.h>
#include <string.h>

#include "hv/guard.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"

enum { SEG_MAX = BLK_QUEUE_SIZE - 2 }; /* header and status take one each */

struct blk *blk_list;

void blk_set_capacity(struct blk *d)
{
	/* A part of the guest's sector at the end is nothing that it could reach. */
	uint64_t sectors = d->block.size / d->sector * (d->sector / BLK_SECTOR);

	memcpy(d->v.config + offsetof(struct virtio_blk_config, capacity), &sectors,
	       sizeof(sectors));
}

static void set_config(struct blk *d)
{
	struct virtio_blk_config cfg = {
		.seg_max = SEG_MAX,
		.blk_size = d->sector,
		.num_queues = 1,
		.max_discard_sectors = BLK_DISCARD_MAX,
		.max_discard_seg = 1,
		.discard_sector_alignment = d->sector / BLK_SECTOR,
		.max_write_zeroes_sectors = BLK_ZEROES_MAX,
		.max_write_zeroes_seg = 1,
		.write_zeroes_may_unmap = d->discard,
	};

	_Static_assert(offsetof(struct virtio_blk_config, unused1) <= VIRTIO_CONFIG_MAX, "fits");
	d->v.config_len = offsetof(struct virtio_blk_config, unused1);
	memcpy(d->v.config, &cfg, d->v.config_len);
	blk_set_capacity(d);
	if (d->block.readonly)
		d->v.features |= 1ULL << VIRTIO_BLK_F_RO;
	else
		d->v.features |= 1ULL << VIRTIO_BLK_F_WRITE_ZEROES;
	if (d->discard)
		d->v.features |= 1ULL << VIRTIO_BLK_F_DISCARD;
}

/* A closed gate: no image, and a guard that is not taken yet. */
static int open_closed(struct blk *d, const struct hv_disk *disk, struct hv_error *err)
{
	int rc = hv_guard_prepare(disk, err);

	if (!rc)
		rc = block_prepare(&d->block, disk, err);
	d->gate.state = GATE_CLOSED;
	d->sector = disk->block_size ? (unsigned)disk->block_size : BLK_SECTOR;
	d->block.align = disk->readonly ? 1 : d->sector;
	return rc;
}

/* What the definition says is what the guest has its tables in; the storage must be able to. */
static int choose_sector(struct blk *d, const struct hv_disk *disk, struct hv_error *err)
{
	unsigned least = d->block.align > BLK_SECTOR ? d->block.align : BLK_SECTOR;

	d->sector = disk->block_size ? (unsigned)disk->block_size : least;
	if (d->sector >= least)
		return 0;
	return hv_err(err, -EINVAL,
		      "disk %s: image %s wants requests of %u bytes, and the definition says %u; "
		      "give <blockio logical_block_size='%u'/>, or other storage",
		      disk->target, disk->path, least, d->sector, least);
}

/* The server's disk has grown. */
static void resized(struct block *b)
{
	struct blk *d = (struct blk *)((char *)b - offsetof(struct blk, block));

	if (blk_closed(d))
		return;
	blk_set_capacity(d);
	virtio_config_changed(&d->v);
}

static int open_now(struct blk *d, const struct hv_disk *disk, const char *domain, bool fencing,
		    struct hv_error *err)
{
	int rc = hv_guard_take(disk, domain, fencing, 0, HV_GUARD_WAIT_MS, err);

	if (!rc)
		rc = block_open(&d->block, disk, err);
	return rc ? rc : choose_sector(d, disk, err);
}

int virtio_blk_create(const struct hv_disk *disk, const char *domain, bool fencing, bool closed,
		      struct hv_error *err)
{
	struct blk *d = calloc(1, sizeof(*d)), **end = &blk_list;
	int rc;

	if (!d)
		return hv_err(err, -ENOMEM, "disk %s: no memory for the device", disk->target);
	d->block.fd = -1;
	rc = closed ? open_closed(d, disk, err) : open_now(d, disk, domain, fencing, err);
	if (rc)
		goto out;
	d->block.resized = resized;
	d->v.ops = &blk_ops;
	d->v.name = d->block.name;
	d->v.nqueues = 1;
	blk_report_init(d);
	blk_keep_init(d, disk->pause_on_error);
	blk_throttle_init(d, &disk->limits);
	d->serial = disk->serial;
	d->discard = disk->discard && !disk->readonly;
	set_config(d);
	rc = virtio_add(&d->v, BLK_QUEUE_SIZE, err);
	if (rc)
		goto out;
	for (; *end; end = &(*end)->next)
		d->index++;
	*end = d;
	return 0;
out:
	/* After a failed virtio_add() the process ends: its doorbells are not undone. */
	if (d->block.fd >= 0)
		block_close(&d->block);
	free(d);
	return rc;
}
