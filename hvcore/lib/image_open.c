// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening an image: rights, kind, and the lock, in words.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/image.h"
#include "image_holder.h"

static int cannot_open(const struct hv_disk *d, int e, struct hv_error *err)
{
	switch (e) {
	case EINVAL:
		return hv_err(err, -EINVAL,
			      "disk %s: %s cannot be opened with O_DIRECT: %s; put the image on a "
			      "file system that can",
			      d->target, d->path, strerror(EINVAL));
	case EBUSY:
		return hv_err(err, -EBUSY,
			      "disk %s: device %s is in use on this host (mounted, part of another "
			      "device, or another domain's disk); release it first",
			      d->target, d->path);
	default:
		return hv_err(err, -e, "disk %s: cannot open image %s for %s: %s", d->target,
			      d->path, d->readonly ? "reading" : "writing", strerror(e));
	}
}

int hv_image_claim(int fd, const struct hv_disk *d, struct hv_error *err)
{
	int rc = hv_image_lock(fd, !d->readonly);
	char holder[160];

	if (!rc)
		return 0;
	if (rc != -EBUSY)
		return hv_err(err, rc, "disk %s: cannot lock image %s: %s", d->target, d->path,
			      strerror(-rc));
	hv_image_holder(fd, holder, sizeof(holder));
	return hv_err(err, -EAGAIN, "disk %s: image %s is locked by %s; end that first", d->target,
		      d->path, holder);
}

int hv_image_open(const struct hv_disk *d, struct hv_error *err)
{
	int flags = O_CLOEXEC | O_NOCTTY | (d->readonly ? O_RDONLY : O_RDWR | O_DIRECT), fd, rc;
	struct stat st;

	/* Stat first: opening a FIFO waits, a tape rewinds.  (O_NONBLOCK would stick to requests.) */
	if (stat(d->path, &st) < 0)
		return hv_err(err, -errno, "disk %s: cannot find image %s: %s", d->target, d->path,
			      strerror(errno));
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return hv_err(err, -EINVAL,
			      "disk %s: %s is neither a file nor a block device; give a raw image",
			      d->target, d->path);
	/* O_EXCL on a device: not while it is mounted or part of another (open(2)). */
	if (S_ISBLK(st.st_mode) && !d->readonly)
		flags |= O_EXCL;
	fd = open(d->path, flags);
	if (fd < 0)
		return cannot_open(d, errno, err);
	rc = hv_image_claim(fd, d, err);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}
