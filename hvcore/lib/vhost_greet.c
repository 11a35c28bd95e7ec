// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "unix_connect.h"
#include "vhost_greet.h"
#include "vhost_wire.h"

#define BIT(n) (1ULL << (n))

enum { SECTOR = 512, BLOCK_MAX = 4096 };

static const uint64_t needed = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) |
			       BIT(VHOST_F_PROTOCOL_FEATURES);
static const uint64_t known = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) |
			      BIT(VHOST_F_PROTOCOL_FEATURES) | BIT(VIRTIO_BLK_F_SEG_MAX) |
			      BIT(VIRTIO_BLK_F_BLK_SIZE) | BIT(VIRTIO_BLK_F_RO) |
			      BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_DISCARD) |
			      BIT(VIRTIO_BLK_F_WRITE_ZEROES);
static const uint32_t protocol_needed = BIT(VHOST_PF_REPLY_ACK) | BIT(VHOST_PF_CONFIG);
static const uint32_t protocol_known = BIT(VHOST_PF_REPLY_ACK) | BIT(VHOST_PF_CONFIG) |
				       BIT(VHOST_PF_BACKEND_REQ);

struct talk {
	int fd;
	int64_t deadline;
};

/* ask() - A message with an answer of @size bytes. */
static int ask(const struct talk *t, uint32_t request, const void *payload, uint32_t len,
	       void *answer, uint32_t size)
{
	struct vhost_header h;
	int rc = vhost_send(t->fd, request, 0, payload, len, NULL, 0);

	if (!rc)
		rc = hv_unix_get(t->fd, &h, sizeof(h), t->deadline);
	if (!rc && !vhost_answers(&h, request, size))
		rc = -EPROTO;
	return rc ? rc : hv_unix_get(t->fd, answer, size, t->deadline);
}

static int ask_number(const struct talk *t, uint32_t request, uint64_t *n)
{
	return ask(t, request, NULL, 0, n, sizeof(*n));
}

static int say_number(const struct talk *t, uint32_t request, uint64_t n)
{
	return vhost_send(t->fd, request, 0, &n, sizeof(n), NULL, 0);
}

void vhost_config_read(struct vhost_export *e, const void *data)
{
	struct virtio_blk_config c = {0};

	memcpy(&c, data, VHOST_CONFIG);
	/* what would not fit is nothing that there can be (vhost_plausible()) */
	e->size = c.capacity > INT64_MAX / SECTOR ? UINT64_MAX : c.capacity * SECTOR;
	e->block = e->features & BIT(VIRTIO_BLK_F_BLK_SIZE) ? c.blk_size : SECTOR;
	e->segments = e->features & BIT(VIRTIO_BLK_F_SEG_MAX) ? c.seg_max : 1;
	e->discard = e->features & BIT(VIRTIO_BLK_F_DISCARD) ? c.max_discard_sectors : 0;
	e->zeroes = e->features & BIT(VIRTIO_BLK_F_WRITE_ZEROES) ? c.max_write_zeroes_sectors : 0;
}

static int config(const struct talk *t, struct vhost_export *e)
{
	struct vhost_config c = {.size = VHOST_CONFIG};
	int rc = ask(t, VHOST_GET_CONFIG, &c, sizeof(c), &c, sizeof(c));

	if (!rc)
		vhost_config_read(e, c.data);
	return rc;
}

bool vhost_plausible(const struct vhost_export *e)
{
	uint32_t sectors = e->block / SECTOR;

	return e->size <= INT64_MAX && e->block >= SECTOR && e->block <= BLOCK_MAX &&
	       !(e->block & (e->block - 1)) && e->segments &&
	       (!e->discard || e->discard >= sectors) && (!e->zeroes || e->zeroes >= sectors) &&
	       !(e->features & ~known) && (e->features & needed) == needed &&
	       !(e->protocol & ~protocol_known) &&
	       (e->protocol & protocol_needed) == protocol_needed;
}

/* agree() - On features.  1: it lacks one that is needed. */
static int agree(const struct talk *t, struct vhost_export *e)
{
	uint64_t offered, protocol;
	int rc = ask_number(t, VHOST_GET_FEATURES, &offered);

	if (rc)
		return rc;
	if ((offered & needed) != needed)
		return 1;
	rc = ask_number(t, VHOST_GET_PROTOCOL_FEATURES, &protocol);
	if (rc)
		return rc;
	if ((protocol & protocol_needed) != protocol_needed)
		return 1;
	e->features = offered & known;
	e->protocol = (uint32_t)protocol & protocol_known;
	rc = say_number(t, VHOST_SET_PROTOCOL_FEATURES, e->protocol);
	if (!rc)
		rc = vhost_send(t->fd, VHOST_SET_OWNER, 0, NULL, 0, NULL, 0);
	return rc ? rc : say_number(t, VHOST_SET_FEATURES, e->features);
}

int vhost_greet(int fd, int64_t deadline, struct vhost_export *e, const char *what,
		struct hv_error *err)
{
	const struct talk t = {fd, deadline};
	int rc;

	*e = (struct vhost_export){0};
	rc = agree(&t, e);
	if (rc == 1)
		return hv_err(
			err, -ENOTSUP,
			"%s lacks what is needed: virtio 1.0, indirect descriptors, and of the "
			"protocol REPLY_ACK and CONFIG; use another server",
			what);
	if (!rc)
		rc = config(&t, e);
	if (!rc && !vhost_plausible(e))
		rc = -EPROTO;
	if (rc == -EPROTO)
		return hv_err(err, rc, "%s does not speak vhost-user-blk as it is meant", what);
	return rc ? hv_err(err, rc, "%s does not let us in: %s; a mirror does where it is promoted",
			   what, strerror(-rc))
		  : 0;
}

int vhost_dial(const struct hv_disk *disk, int64_t deadline, struct vhost_export *e,
	       struct hv_error *err)
{
	char what[200];
	int fd = hv_unix_connect(disk->path, deadline), rc;

	snprintf(what, sizeof(what), "disk %s: the vhost-user server at %s", disk->target,
		 disk->path);
	if (fd < 0)
		return hv_err(err, fd,
			      "%s cannot be reached: %s; is it running (a mirror: promoted) "
			      "on this host?",
			      what, strerror(-fd));
	rc = vhost_greet(fd, deadline, e, what, err);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}
