// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the front-end's messages ask for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mirror/export/vhost_private.h"

static const uint64_t features = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_RING_F_INDIRECT_DESC |
				 1ULL << VIRTIO_RING_F_EVENT_IDX |
				 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_BLK_F_SEG_MAX |
				 1ULL << VIRTIO_BLK_F_BLK_SIZE | 1ULL << VIRTIO_BLK_F_FLUSH |
				 1ULL << VIRTIO_BLK_F_MQ | 1ULL << VIRTIO_BLK_F_DISCARD |
				 1ULL << VIRTIO_BLK_F_WRITE_ZEROES;

static const uint64_t protocol = 1ULL << VHOST_PF_MQ | 1ULL << VHOST_PF_REPLY_ACK |
				 1ULL << VHOST_PF_BACKEND_REQ | 1ULL << VHOST_PF_CONFIG |
				 1ULL << VHOST_PF_INFLIGHT_SHMFD | 1ULL << VHOST_PF_RESET_DEVICE;

static void config(const struct vhost *h, struct virtio_blk_config *c)
{
	unsigned align = volume_align(h->volume);

	*c = (struct virtio_blk_config){
		.capacity = volume_size(h->volume) / VHOST_SECTOR,
		.seg_max = VHOST_SEG_MAX,
		.blk_size = align,
		.num_queues = VHOST_QUEUES_MAX,
		.max_discard_sectors = VHOST_DISCARD_MAX,
		.max_discard_seg = 1,
		.discard_sector_alignment = 4096 / VHOST_SECTOR,
		.max_write_zeroes_sectors = VHOST_ZEROES_MAX,
		.max_write_zeroes_seg = 1,
		.write_zeroes_may_unmap = 1,
	};
}

/* ---- answers ---- */

int vhost_reply(struct vhost_front *f, const void *data, size_t len, int fd)
{
	uint8_t head[VHOST_HEADER];

	vhost_answer(head, f->header.request, (uint32_t)len);
	return vhost_say(f->watch.fd, head, data, len, fd) ? -EPIPE : 0;
}

static int answer_number(struct vhost_front *f, uint64_t n)
{
	return vhost_reply(f, &n, sizeof(n), -1);
}

uint64_t vhost_number(const struct vhost_front *f)
{
	uint64_t n;

	memcpy(&n, f->payload, sizeof(n));
	return n;
}

int vhost_take_fd(struct vhost_front *f, unsigned i)
{
	int fd = i < f->nfds ? f->fd[i] : -1;

	if (fd >= 0)
		f->fd[i] = -1;
	return fd;
}

/* ---- the device ---- */

static int get_features(struct vhost_front *f, const char **why)
{
	return answer_number(f, features);
}

static int set_features(struct vhost_front *f, const char **why)
{
	if (vhost_number(f) & ~features) {
		*why = "features that were not offered";
		return -EINVAL;
	}
	f->features = vhost_number(f);
	/* without this one there is no message that enables rings */
	for (unsigned i = 0; i < VHOST_QUEUES_MAX; i++)
		f->queue[i].enabled |= !(f->features >> VHOST_F_PROTOCOL_FEATURES & 1);
	return 0;
}

static int get_protocol(struct vhost_front *f, const char **why)
{
	return answer_number(f, protocol);
}

static int set_protocol(struct vhost_front *f, const char **why)
{
	if (vhost_number(f) & ~protocol) {
		*why = "features of the protocol that were not offered";
		return -EINVAL;
	}
	f->protocol = vhost_number(f);
	return 0;
}

static int get_queues(struct vhost_front *f, const char **why)
{
	return answer_number(f, VHOST_QUEUES_MAX);
}

static int set_owner(struct vhost_front *f, const char **why)
{
	return 0;
}

static int reset(struct vhost_front *f, const char **why)
{
	for (unsigned i = 0; i < VHOST_QUEUES_MAX; i++) {
		struct vhost_queue *q = &f->queue[i];

		vhost_queue_stop(q);
		q->enabled = false;
		q->ring.base = 0;
	}
	f->features = 0;
	return 0;
}

static int get_config(struct vhost_front *f, const char **why)
{
	struct vhost_wire_config *c = (struct vhost_wire_config *)(void *)f->payload;
	struct virtio_blk_config all;
	size_t head = offsetof(struct vhost_wire_config, data);

	/* an answer without anything says that it cannot be */
	if (c->offset > VHOST_CONFIG_MAX || c->size > VHOST_CONFIG_MAX - c->offset)
		return vhost_reply(f, NULL, 0, -1);
	config(f->vhost, &all);
	f->vhost->told = volume_size(f->vhost->volume);
	memset(c->data, 0, sizeof(c->data));
	if (c->offset < sizeof(all))
		memcpy(c->data, (uint8_t *)&all + c->offset,
		       c->size < sizeof(all) - c->offset ? c->size : sizeof(all) - c->offset);
	return vhost_reply(f, c, head + c->size, -1);
}

/* There is nothing in it that a driver may write. */
static int set_config(struct vhost_front *f, const char **why)
{
	return -EINVAL;
}

static int set_backend(struct vhost_front *f, const char **why)
{
	if (f->backend >= 0)
		close(f->backend);
	f->backend = vhost_take_fd(f, 0);
	return f->backend < 0 ? -EINVAL : 0;
}

/* ---- memory ---- */

static int set_memory(struct vhost_front *f, const char **why)
{
	struct vhost_wire_memory m = {0};
	size_t head = offsetof(struct vhost_wire_memory, region);
	int r;

	memcpy(&m, f->payload, f->header.size);
	if (m.n > VHOST_REGIONS_MAX || m.n != f->nfds ||
	    f->header.size < head + m.n * sizeof(m.region[0])) {
		*why = "regions and descriptors do not match";
		return -EINVAL;
	}
	r = vhost_memory_map(&f->memory, m.region, m.n, f->fd, why);
	for (unsigned i = 0; i < VHOST_QUEUES_MAX && !r; i++) {
		struct vhost_queue *q = &f->queue[i];

		if (q->runs && vhost_ring_find(&q->ring, &f->memory))
			vhost_queue_broken(q, q->ring.why);
	}
	return r;
}

/* Cleared, so that every ring's records begin anew, and sealed: whoever has it cannot cut it short. */
static int make_records(struct vhost_wire_inflight *x)
{
	int fd = memfd_create("taiki-vhost-inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	x->size = vhost_records_size(x->ring) * x->queues;
	x->offset = 0;
	if (ftruncate(fd, (off_t)x->size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		close(fd);
		return -errno;
	}
	return fd;
}

static bool plausible(const struct vhost_wire_inflight *x)
{
	return x->queues && x->queues <= VHOST_QUEUES_MAX && x->ring && x->ring <= VHOST_RING_MAX;
}

static int get_inflight(struct vhost_front *f, const char **why)
{
	struct vhost_wire_inflight x = {0};
	int fd, r;

	memcpy(&x, f->payload, f->header.size);
	*why = "records of what is in flight for more than there can be";
	if (!plausible(&x))
		return -EINVAL;
	*why = NULL;
	fd = make_records(&x);
	if (fd < 0)
		x.size = 0;
	r = vhost_reply(f, &x, f->header.size, fd);
	if (fd >= 0)
		close(fd);
	return r;
}

static int set_inflight(struct vhost_front *f, const char **why)
{
	struct vhost_wire_inflight x = {0};
	int fd = f->nfds ? f->fd[0] : -1;
	void *at;

	memcpy(&x, f->payload, f->header.size);
	*why = "records of what is in flight that cannot be";
	if (!plausible(&x) || x.size != vhost_records_size(x.ring) * x.queues || x.offset % 4096 ||
	    x.offset > INT64_MAX)
		return -EINVAL;
	*why = vhost_memory_file(fd, x.offset, x.size);
	if (*why)
		return -EPERM;
	at = mmap(NULL, x.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)x.offset);
	if (at == MAP_FAILED)
		return -errno;
	if (f->records)
		munmap(f->records, f->records_size);
	f->records = at;
	f->records_size = x.size;
	f->records_each = vhost_records_size(x.ring);
	return 0;
}

/* ---- all of them ---- */

static int (*const takes[VHOST_MESSAGES])(struct vhost_front *f, const char **why) = {
	[VHOST_GET_FEATURES] = get_features,
	[VHOST_SET_FEATURES] = set_features,
	[VHOST_SET_OWNER] = set_owner,
	[VHOST_RESET_OWNER] = reset,
	[VHOST_SET_MEM_TABLE] = set_memory,
	[VHOST_SET_VRING_NUM] = vhost_set_num,
	[VHOST_SET_VRING_ADDR] = vhost_set_addr,
	[VHOST_SET_VRING_BASE] = vhost_set_base,
	[VHOST_GET_VRING_BASE] = vhost_get_base,
	[VHOST_SET_VRING_KICK] = vhost_set_kick,
	[VHOST_SET_VRING_CALL] = vhost_set_call,
	[VHOST_SET_VRING_ERR] = vhost_set_err,
	[VHOST_GET_PROTOCOL_FEATURES] = get_protocol,
	[VHOST_SET_PROTOCOL_FEATURES] = set_protocol,
	[VHOST_GET_QUEUE_NUM] = get_queues,
	[VHOST_SET_VRING_ENABLE] = vhost_set_enable,
	[VHOST_SET_BACKEND_REQ_FD] = set_backend,
	[VHOST_GET_CONFIG] = get_config,
	[VHOST_SET_CONFIG] = set_config,
	[VHOST_GET_INFLIGHT_FD] = get_inflight,
	[VHOST_SET_INFLIGHT_FD] = set_inflight,
	[VHOST_RESET_DEVICE] = reset,
};

int vhost_take(struct vhost_front *f, const char **why)
{
	return takes[f->header.request](f, why);
}
