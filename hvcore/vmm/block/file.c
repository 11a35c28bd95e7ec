/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening an image (hv/image.h), its alignment and its size. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/image.h"
#include "hvcore/vmm/block/image.h"
#include "hvcore/vmm/block/nbd.h"
#include "hvcore/vmm/block/ring.h"
#include "hvcore/vmm/block/vhost.h"

enum { ALIGN_MAX = 4096 };

int image_measure(struct block *b, struct hv_error *err)
{
	struct stat st;
	uint64_t bytes;
	int rc = fstat(b->fd, &st);

	b->device = !rc && S_ISBLK(st.st_mode);
	if (rc < 0 || (b->device && ioctl(b->fd, BLKGETSIZE64, &bytes) < 0))
		return hv_err(err, -errno, "disk %s: cannot read the size of %s: %s", b->name,
			      b->path, strerror(errno));
	if (!b->device)
		bytes = st.st_size;
	b->size = bytes / IMAGE_SECTOR * IMAGE_SECTOR;
	if (b->size == 0)
		return hv_err(err, -EINVAL,
			      "disk %s: image %s has no sectors (%llu bytes); give it a size, for "
			      "example with truncate --size",
			      b->name, b->path, (unsigned long long)bytes);
	return 0;
}

/*
 * The alignment O_DIRECT wants here, found by trying: the smallest read that
 * is not refused.  (statx can tell it only from Linux 6.1 on, and not for all.)
 */
static int find_alignment(struct block *b, struct hv_error *err)
{
	uint8_t *buf = aligned_alloc(ALIGN_MAX, 2 * ALIGN_MAX);
	int rc = -EINVAL;

	if (!buf)
		return hv_err(err, -ENOMEM, "disk %s: no memory to open %s", b->name, b->path);
	b->align = 1;
	if (b->readonly)
		rc = 0;
	/* The address is aligned by no more than the length, to try both at once. */
	for (unsigned a = IMAGE_SECTOR; rc == -EINVAL && a <= ALIGN_MAX; a *= 2) {
		b->align = a;
		rc = pread(b->fd, buf + a, a, 0) < 0 ? -errno : 0;
	}
	free(buf);
	if (rc)
		return hv_err(err, rc, "disk %s: cannot read image %s: %s", b->name, b->path,
			      strerror(-rc));
	return 0;
}

static int begin(struct block *b, const struct hv_disk *disk, struct hv_error *err)
{
	int rc = block_ring_init(err);

	if (rc)
		return rc;
	*b = (struct block){.name = disk->target, .fd = -1, .readonly = disk->readonly};
	b->path = strdup(disk->path);
	if (!b->path)
		return hv_err(err, -ENOMEM, "disk %s: no memory to open it", disk->target);
	return 0;
}

/* What the gate will open to, nobody knows yet. */
int block_prepare(struct block *b, const struct hv_disk *disk, struct hv_error *err)
{
	return begin(b, disk, err) ?: vhost_prepare(b, err);
}

int block_open(struct block *b, const struct hv_disk *disk, struct hv_error *err)
{
	int rc;

	if (disk->nbd)
		return nbd_open(b, disk, err);
	if (disk->vhost)
		return vhost_open(b, disk, err);
	rc = begin(b, disk, err);
	if (rc)
		return rc;
	b->fd = hv_image_open(disk, err);
	rc = b->fd < 0 ? b->fd : image_measure(b, err);
	if (!rc)
		rc = find_alignment(b, err);
	if (rc)
		block_close(b);
	return rc;
}

int block_release(struct block *b)
{
	int fd = b->fd;

	if (b->nbd)
		nbd_detach(b);
	if (b->vhost)
		vhost_detach(b);
	b->fd = -1;
	b->size = 0;
	return fd;
}

void block_close(struct block *b)
{
	int fd = block_release(b);

	if (fd >= 0)
		close(fd);
	if (b->vhost_ready)
		vhost_discard(b);
	free(b->path);
	b->path = NULL;
}

int block_resize(struct block *b, uint64_t bytes, struct hv_error *err)
{
	uint64_t now = 0;
	struct stat st;

	if (b->readonly)
		return hv_err(err, -EROFS, "disk %s is read-only; it cannot be resized", b->name);
	if (bytes == 0 || bytes % IMAGE_SECTOR || bytes > INT64_MAX)
		return hv_err(err, -EINVAL, "disk %s: a size of %llu bytes is not a multiple of %d",
			      b->name, (unsigned long long)bytes, IMAGE_SECTOR);
	if (bytes < b->size)
		return hv_err(err, -EINVAL,
			      "disk %s: %llu bytes is less than its %llu; shrinking would destroy "
			      "data",
			      b->name, (unsigned long long)bytes, (unsigned long long)b->size);
	if (b->nbd)
		return hv_err(
			err, -ENOTSUP,
			"disk %s: it is served over NBD from %s, and has the size that it has "
			"there when the domain starts",
			b->name, b->path);
	if (b->vhost)
		return hv_err(err, -ENOTSUP,
			      "disk %s: it is served over vhost-user from %s, and has the size "
			      "that it has there: grow it there",
			      b->name, b->path);
	if (b->device) {
		if (ioctl(b->fd, BLKGETSIZE64, &now) < 0)
			return hv_err(err, -errno, "disk %s: cannot read the size of %s: %s",
				      b->name, b->path, strerror(errno));
		if (bytes > now)
			return hv_err(err, -EINVAL,
				      "disk %s: device %s has %llu bytes; grow it first", b->name,
				      b->path, (unsigned long long)now);
	} else if (fstat(b->fd, &st) < 0 ||
		   (bytes > (uint64_t)st.st_size && ftruncate(b->fd, bytes) < 0)) {
		return hv_err(err, -errno, "disk %s: cannot resize %s: %s", b->name, b->path,
			      strerror(errno));
	}
	b->size = bytes;
	return 0;
}
