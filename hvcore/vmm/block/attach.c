/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image that somebody else has opened for us: hv-domain in its jail can
 * open nothing.  Whoever hands it over is trusted with the disk, but may be
 * mistaken; what would harm the data is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "hv/image.h"
#include "hvcore/vmm/block/image.h"
#include "hvcore/vmm/block/nbd.h"
#include "hvcore/vmm/block/vhost.h"

/* How it has to be open, and what is wrong where it is not. */
static const char *wrong_flags(const struct block *b, int flags)
{
	if (flags & O_PATH)
		return "it is open as a path only (O_PATH)";
	if (b->readonly && (flags & O_ACCMODE) != O_RDONLY)
		return "the disk is read-only, and it is open for writing";
	if (!b->readonly && (flags & O_ACCMODE) != O_RDWR)
		return "it is not open for reading and writing";
	/* What the guest was told is written must not wait in this host's page cache (block.h). */
	if (!b->readonly && !(flags & O_DIRECT))
		return "it is not open with O_DIRECT";
	if (b->readonly && (flags & O_DIRECT))
		return "a read-only disk is opened without O_DIRECT";
	if (flags & O_APPEND)
		return "it is open with O_APPEND, so that every write would go to its end";
	if (flags & O_NONBLOCK)
		return "it is open with O_NONBLOCK, which would fail requests";
	return NULL;
}

static int check(struct block *b, int fd, struct hv_error *err)
{
	const char *wrong;
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) < 0)
		return hv_err(err, -errno, "disk %s: the descriptor that was handed over: %s",
			      b->name, strerror(errno));
	b->device = S_ISBLK(st.st_mode);
	if (!b->device && !S_ISREG(st.st_mode))
		return hv_err(err, -EINVAL,
			      "disk %s: what was handed over is neither a file nor a block device; "
			      "open %s",
			      b->name, b->path);
	wrong = wrong_flags(b, flags);
	return wrong ? hv_err(err, -EINVAL, "disk %s: what was handed over: %s; open %s anew",
			      b->name, wrong, b->path)
		     : 0;
}

/* Greeted by whoever has connected it; what it says of the disk is looked at as if the server had. */
static int check_served(const struct block *b, int fd, bool plausible, unsigned least,
			const char *kind, struct hv_error *err)
{
	int type = 0, flags = fcntl(fd, F_GETFL);
	socklen_t len = sizeof(type);

	if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_STREAM ||
	    !plausible)
		return hv_err(err, -EINVAL,
			      "disk %s: what was handed over is no connection to %s server",
			      b->name, kind);
	if (least > b->align)
		return hv_err(err, -EINVAL,
			      "disk %s: the server at %s wants requests larger than the %u bytes "
			      "that the guest was told; give the disk "
			      "<blockio logical_block_size='%u'/>",
			      b->name, b->path, b->align, least);
	return 0;
}

/* Requests are sent and received without waiting, whatever the descriptor says. */
int block_attach_nbd(struct block *b, int fd, const struct nbd_export *e, struct hv_error *err)
{
	return check_served(b, fd, nbd_plausible(e), e->min, "an NBD", err)
		       ?: nbd_fits(b, e, err) ?: nbd_attach(b, fd, e, err);
}

int block_attach_vhost(struct block *b, int fd, const struct vhost_export *e, struct hv_error *err)
{
	return check_served(b, fd, vhost_plausible(e), e->block, "a vhost-user-blk", err)
		       ?: vhost_fits(b, e, err) ?: vhost_attach(b, fd, e, err);
}

int block_attach(struct block *b, int fd, struct hv_error *err)
{
	const struct hv_disk disk = {
		.target = (char *)b->name, .path = b->path, .readonly = b->readonly};
	int rc = check(b, fd, err);

	if (rc)
		return rc;
	b->fd = fd;
	/* Or find that this very description holds it. */
	rc = hv_image_claim(fd, &disk, err);
	if (!rc)
		rc = image_measure(b, err);
	if (rc) {
		b->fd = -1;
		b->size = 0;
	}
	return rc;
}
