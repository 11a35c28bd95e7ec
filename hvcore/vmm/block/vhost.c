/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a disk behind a vhost-user-blk server.
 *
 *   connected ── lost ──► away ── came back ──► connected
 *                           │ for AWAY_NS, where it may come back
 *                           ▼
 *                         failed ── came back ──► connected
 *
 * Away, its requests wait: an error would be taken by the guest for the truth about its data.  What was in flight is asked
 * again first.  Without <reconnect> that is for ever, like a disk that hangs, and whoever manages the
 * domain ends it; with it, requests fail in the end, and what follows is error_policy's.
 */
#include "hvcore/vmm/block/vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "hvcore/lib/unix_connect.h"
#include "hvcore/vmm/block/image.h"
#include "hvcore/vmm/block/later.h"
#include "hvcore/vmm/log.h"

enum { OPEN_MS = 10000 };
#define AWAY_NS (60ULL * 1000 * 1000 * 1000)

int vhost_fits(const struct block *b, const struct vhost_export *e, struct hv_error *err)
{
	if (!b->readonly && e->features >> VIRTIO_BLK_F_RO & 1)
		return hv_err(err, -EROFS, "disk %s: the disk at %s is read-only; give <readonly/>",
			      b->name, b->path);
	if (!b->readonly && !(e->features >> VIRTIO_BLK_F_FLUSH & 1))
		return hv_err(err, -ENOTSUP,
			      "disk %s: the vhost-user server at %s does not know flush, so that "
			      "nothing would be sure to be on stable storage; use another server",
			      b->name, b->path);
	if (e->size < IMAGE_SECTOR)
		return hv_err(err, -EINVAL, "disk %s: the disk at %s has no sectors", b->name,
			      b->path);
	/* what the guest has its tables in, once it has been told */
	if (b->size && (e->size < b->size || e->block > b->align))
		return hv_err(err, -EINVAL,
			      "disk %s: the vhost-user server at %s came back with another disk: "
			      "%llu bytes in blocks of %u, and there were %llu in blocks of %u",
			      b->name, b->path, (unsigned long long)e->size, e->block,
			      (unsigned long long)b->size, b->align);
	return 0;
}

/* ---- a connection ---- */

/* leave() - It is used no more; its descriptor is left. */
static void leave(struct block_vhost *v)
{
	v->up = v->checked = false;
	vhost_talk_end(v);
	loop_del(&v->sock);
	v->sock.fd = v->block->fd = -1;
	vhost_ring_end(v);
}

void vhost_lost(struct block_vhost *v, const char *what, int error)
{
	int fd = v->sock.fd;

	if (!v->up)
		return;
	leave(v);
	close(fd);
	snprintf(v->why, sizeof(v->why), "%s%s%s", what, error ? ": " : "",
		 error ? strerror(-error) : "");
	log_line(LOG_ERROR, "disk %s: the vhost-user server at %s %s; its requests wait until %s",
		 v->block->name, v->block->path, v->why,
		 v->redial.fd >= 0 ? "it is back" : "the domain is ended");
	if (v->redial.fd < 0)
		return;
	if (!v->away) {
		v->away = true;
		loop_host_timer_arm(&v->give_up, loop_host_now() + AWAY_NS);
	}
	vhost_redial(v);
}

static void give_up(struct loop_timer *t)
{
	struct block_vhost *v =
		(struct block_vhost *)((char *)t - offsetof(struct block_vhost, give_up));

	vhost_lost(v, "has not taken what it was told", 0);
	v->failed = true;
	log_line(LOG_ERROR,
		 "disk %s: the vhost-user server at %s was away for %llu s; its requests fail "
		 "until it is back",
		 v->block->name, v->block->path, AWAY_NS / 1000000000);
	vhost_ring_fail(v);
}

void vhost_is_back(struct block_vhost *v)
{
	v->checked = true;
	if (!v->away)
		return;
	v->away = v->failed = false;
	loop_host_timer_cancel(&v->give_up);
	log_line(LOG_NOTICE, "disk %s: the vhost-user server at %s is back", v->block->name,
		 v->block->path);
}

int vhost_attach(struct block *b, int fd, const struct vhost_export *e, struct hv_error *err)
{
	struct block_vhost *v = b->vhost_ready;
	bool grown = b->size && e->size / IMAGE_SECTOR * IMAGE_SECTOR > b->size;
	int rc;

	v->block = b;
	v->export = *e;
	v->sock.fd = fd;
	vhost_ring_begin(v);
	rc = loop_add(&v->sock, EPOLLIN);
	if (!rc)
		rc = vhost_tell(v);
	if (rc) {
		leave(v);
		return hv_err(err, rc, "disk %s: cannot use its connection: %s", b->name,
			      strerror(-rc));
	}
	v->up = true;
	b->vhost = v;
	b->fd = fd;
	if (!b->size)
		b->align = e->block;
	b->size = e->size / IMAGE_SECTOR * IMAGE_SECTOR;
	if (grown && b->resized)
		b->resized(b);
	vhost_ring_go(v);
	return 0;
}

void vhost_came_back(struct block_vhost *v, int fd, const struct vhost_export *e)
{
	struct hv_error err;
	int rc = vhost_plausible(e) ? vhost_fits(v->block, e, &err)
				    : hv_err(&err, -EPROTO, "it says what cannot be");

	if (!rc)
		rc = vhost_attach(v->block, fd, e, &err);
	if (!rc) {
		/* what waited is in the ring */
		vhost_kick();
		return;
	}
	close(fd);
	if (strcmp(v->why, err.text) != 0)
		log_line(LOG_ERROR, "%s", err.text);
	snprintf(v->why, sizeof(v->why), "%.150s", err.text);
	vhost_redial(v);
}

/* ---- the disk ---- */

/* make_area() - Sealed: servers take no memory that could shrink under them. */
static int make_area(struct block_vhost *v)
{
	v->area_fd = memfd_create("vhost-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (v->area_fd < 0 || ftruncate(v->area_fd, sizeof(*v->area)) ||
	    fcntl(v->area_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	v->area = mmap(NULL, sizeof(*v->area), PROT_READ | PROT_WRITE, MAP_SHARED, v->area_fd, 0);
	if (v->area == MAP_FAILED) {
		v->area = NULL;
		return -errno;
	}
	v->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	v->call.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return v->kick < 0 || v->call.fd < 0 ? -errno : loop_add(&v->call, EPOLLIN);
}

int vhost_prepare(struct block *b, struct hv_error *err)
{
	struct block_vhost *v = calloc(1, sizeof(*v));
	int rc;

	if (!v)
		return hv_err(err, -ENOMEM, "disk %s: no memory for its connection", b->name);
	v->block = b;
	v->area_fd = v->kick = -1;
	v->call = (struct loop_fd){.fd = -1, .ready = vhost_ring_ready};
	v->sock = (struct loop_fd){.fd = -1, .ready = vhost_talk_ready};
	v->backend = (struct loop_fd){.fd = -1, .ready = vhost_backend_ready};
	v->redial.fd = -1;
	v->give_up.expired = give_up;
	v->waiting_tail = &v->waiting;
	v->next = vhost_all;
	vhost_all = v;
	b->vhost_ready = v;
	rc = make_area(v);
	if (!rc)
		return 0;
	vhost_discard(b);
	return hv_err(err, rc, "disk %s: no memory to share with its server: %s", b->name,
		      strerror(-rc));
}

void vhost_detach(struct block *b)
{
	struct block_vhost *v = b->vhost;

	if (v->up)
		leave(v);
	loop_host_timer_cancel(&v->give_up);
	block_later_forget(b);
	b->vhost = NULL;
}

void vhost_discard(struct block *b)
{
	struct block_vhost *v = b->vhost_ready, **at = &vhost_all;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	vhost_redial_end(v);
	if (v->call.fd >= 0) {
		loop_del(&v->call);
		close(v->call.fd);
	}
	if (v->kick >= 0)
		close(v->kick);
	if (v->area)
		munmap(v->area, sizeof(*v->area));
	if (v->area_fd >= 0)
		close(v->area_fd);
	free(v);
	b->vhost_ready = NULL;
}

/* settle() - The server has taken all that it was told. */
static int settle(struct block_vhost *v, int64_t deadline, struct hv_error *err)
{
	int rc = 0;

	while (v->up && !v->checked && !rc) {
		rc = hv_unix_wait(v->sock.fd, POLLIN, deadline);
		if (!rc)
			vhost_talk_ready(&v->sock, EPOLLIN);
	}
	if (rc)
		return hv_err(err, rc, "disk %s: the vhost-user server at %s does not answer: %s",
			      v->block->name, v->block->path, strerror(-rc));
	return v->up ? 0
		     : hv_err(err, -EPROTO, "disk %s: the vhost-user server at %s %s",
			      v->block->name, v->block->path, v->why);
}

int vhost_open(struct block *b, const struct hv_disk *disk, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + OPEN_MS;
	struct vhost_export e;
	int fd, rc;

	*b = (struct block){.name = disk->target, .fd = -1, .readonly = disk->readonly};
	b->path = strdup(disk->path);
	if (!b->path)
		return hv_err(err, -ENOMEM, "disk %s: no memory to open it", disk->target);
	rc = vhost_prepare(b, err);
	if (rc)
		goto out;
	fd = vhost_dial(disk, deadline, &e, err);
	rc = fd < 0 ? fd : vhost_fits(b, &e, err);
	if (!rc)
		rc = vhost_attach(b, fd, &e, err);
	if (rc && fd >= 0)
		close(fd);
	if (!rc)
		rc = settle(b->vhost, deadline, err);
	if (!rc && disk->reconnect)
		rc = vhost_redial_begin(b->vhost, disk, err);
out:
	if (rc)
		block_close(b);
	return rc;
}
