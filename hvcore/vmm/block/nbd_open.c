/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk behind NBD when the domain starts. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "hvcore/vmm/block/image.h"
#include "hvcore/vmm/block/nbd.h"

enum { OPEN_MS = 10000 };

int nbd_fits(const struct block *b, const struct nbd_export *e, struct hv_error *err)
{
	if (!b->readonly && e->flags & NBD_READ_ONLY)
		return hv_err(err, -EROFS, "disk %s: the export %s is read-only; give <readonly/>",
			      b->name, b->path);
	if (!b->readonly && !(e->flags & NBD_FLUSH))
		return hv_err(err, -ENOTSUP,
			      "disk %s: the export %s does not know flush, so that nothing would "
			      "be sure to be on stable storage; use another server",
			      b->name, b->path);
	if (e->size < IMAGE_SECTOR)
		return hv_err(err, -EINVAL, "disk %s: the export %s has no sectors", b->name,
			      b->path);
	return 0;
}

int nbd_open(struct block *b, const struct hv_disk *disk, struct hv_error *err)
{
	struct nbd_export e;
	int fd, rc;

	*b = (struct block){.name = disk->target, .fd = -1, .readonly = disk->readonly};
	b->path = strdup(disk->path);
	if (!b->path)
		return hv_err(err, -ENOMEM, "disk %s: no memory to open it", disk->target);
	fd = nbd_dial(disk, hv_clock_ms() + OPEN_MS, &e, err);
	rc = fd < 0 ? fd : nbd_fits(b, &e, err);
	if (!rc)
		rc = nbd_attach(b, fd, &e, err);
	if (rc && fd >= 0)
		close(fd);
	if (rc)
		block_close(b);
	return rc;
}
