/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image lock: the right to write a disk on this host (design 5.2).  It is
 * an OFD lock over the whole file and belongs to the open file description
 * that does the I/O, so requests in flight hold it even when their process is
 * gone.  It knows nothing of other hosts: that is the guard's business.
 */
#ifndef HV_IMAGE_H
#define HV_IMAGE_H

#include <stdbool.h>

#include "hv/config.h"

/*
 * hv_image_lock() - Take the lock on @fd: exclusive for a writer (@fd must be
 * open for writing), shared for a reader.  Never waits.  0, -EBUSY somebody
 * else has it, -errno.
 */
int hv_image_lock(int fd, bool writer);

/*
 * hv_image_claim() - hv_image_lock() of @disk's image, in words: -EAGAIN, @err says who
 * has it.  0 as well where this very description has it already.
 */
int hv_image_claim(int fd, const struct hv_disk *disk, struct hv_error *err);

/*
 * hv_image_open() - Open @disk's image as it is written by a domain (O_DIRECT; a device
 * exclusively) or read, and claim it.  Needs rights, and waits for a disk that hangs.
 * Returns a descriptor, -EAGAIN (locked), or -errno, with @err.
 */
int hv_image_open(const struct hv_disk *disk, struct hv_error *err);

/*
 * hv_image_free() - Whether nobody holds a writer's lock on @path.  0 nobody
 * (also where the file or device is gone: what cannot be opened cannot be
 * written through it again); -EBUSY somebody; -ETIMEDOUT the disk does not
 * answer; -errno cannot tell.  Asks in a child, so that a dead disk cannot
 * hold the caller.
 */
int hv_image_free(const char *path, int timeout_ms, struct hv_error *err);

#endif
