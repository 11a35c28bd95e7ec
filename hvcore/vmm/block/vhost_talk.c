/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to a vhost-user-blk server.  Nothing waits for an answer: what is owed is kept in order, and
 * steps may be in the ring before the server has read where that is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/vmm/block/vhost.h"
#include "hvcore/vmm/board.h"
#include "hvcore/vmm/log.h"
#include "hvcore/vmm/ram.h"

enum { RING = 0, SECTOR = 512 };

static int owe(struct block_vhost *v, uint32_t request)
{
	if (v->expected == VHOST_EXPECT_MAX)
		return -EBUSY;
	v->expect[v->expected++] = (uint8_t)request;
	return 0;
}

/* say() - What is acknowledged. */
static int say(struct block_vhost *v, uint32_t request, const void *payload, uint32_t size,
	       const int *fds, unsigned nfds)
{
	int rc = owe(v, request);

	return rc ? rc
		  : vhost_send(v->sock.fd, request, VHOST_NEED_REPLY, payload, size, fds, nfds);
}

/* Guest memory where it is for us, so that no address has to be translated. */
static int say_memory(struct block_vhost *v)
{
	const struct ram *ram = board.ram;
	uint64_t low = (uintptr_t)ram->base, high = low + RAM_HIGH_BASE, area = (uintptr_t)v->area;
	struct vhost_memory m = {.n = 1, .region[0] = {low, ram->low, low, 0}};
	int fd[3] = {ram->memfd};

	if (ram->high) {
		fd[m.n] = ram->memfd;
		m.region[m.n++] = (struct vhost_region){high, ram->high, high, ram->low};
	}
	fd[m.n] = v->area_fd;
	m.region[m.n++] = (struct vhost_region){area, sizeof(*v->area), area, 0};
	return say(v, VHOST_SET_MEM_TABLE, &m,
		   (uint32_t)(offsetof(struct vhost_memory, region) + m.n * sizeof(m.region[0])),
		   fd, m.n);
}

static int say_backend(struct block_vhost *v)
{
	int pair[2], rc;

	if (!(v->export.protocol >> VHOST_PF_BACKEND_REQ & 1))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	v->backend.fd = pair[0];
	rc = loop_add(&v->backend, EPOLLIN);
	if (!rc)
		rc = say(v, VHOST_SET_BACKEND_REQ_FD, NULL, 0, &pair[1], 1);
	close(pair[1]);
	return rc;
}

static int say_vring(struct block_vhost *v, uint32_t request, uint32_t num)
{
	const struct vhost_vring r = {RING, num};

	return say(v, request, &r, sizeof(r), NULL, 0);
}

static int say_bell(struct block_vhost *v, uint32_t request, int fd)
{
	const uint64_t ring = RING;

	return say(v, request, &ring, sizeof(ring), &fd, 1);
}

int vhost_tell(struct block_vhost *v)
{
	const struct vhost_addr a = {.index = RING,
				     .desc = (uintptr_t)v->area->desc,
				     .used = (uintptr_t)&v->area->used,
				     .avail = (uintptr_t)&v->area->avail};
	int rc = say_memory(v);

	if (!rc)
		rc = say_backend(v);
	if (!rc)
		rc = say_vring(v, VHOST_SET_VRING_NUM, VHOST_SLOTS);
	if (!rc)
		rc = say_vring(v, VHOST_SET_VRING_BASE, 0);
	if (!rc)
		rc = say(v, VHOST_SET_VRING_ADDR, &a, sizeof(a), NULL, 0);
	if (!rc)
		rc = say_bell(v, VHOST_SET_VRING_CALL, v->call.fd);
	if (!rc)
		rc = say_bell(v, VHOST_SET_VRING_KICK, v->kick);
	return rc ? rc : say_vring(v, VHOST_SET_VRING_ENABLE, 1);
}

void vhost_talk_end(struct block_vhost *v)
{
	if (v->backend.fd >= 0) {
		loop_del(&v->backend);
		close(v->backend.fd);
	}
	v->backend.fd = -1;
	v->got = v->expected = 0;
	v->changed_again = false;
}

/* ---- what it answers ---- */

/* ask_config() - How it has changed. */
static void ask_config(struct block_vhost *v)
{
	const struct vhost_config c = {.size = VHOST_CONFIG};
	int rc;

	for (unsigned i = 0; i < v->expected; i++)
		if (v->expect[i] == VHOST_GET_CONFIG) {
			v->changed_again = true;
			return;
		}
	rc = owe(v, VHOST_GET_CONFIG);
	if (!rc)
		rc = vhost_send(v->sock.fd, VHOST_GET_CONFIG, 0, &c, sizeof(c), NULL, 0);
	if (rc)
		vhost_lost(v, "does not read what it is asked", rc);
}

static void configured(struct block_vhost *v, const struct vhost_config *c)
{
	struct vhost_export e = v->export;
	struct block *b = v->block;

	vhost_config_read(&e, c->data);
	if (!vhost_plausible(&e) || e.size / SECTOR * SECTOR < b->size) {
		log_line(LOG_WARNING,
			 "disk %s: the vhost-user server at %s says that it has %llu bytes now; "
			 "it stays at %llu, since shrinking would destroy data",
			 b->name, b->path, (unsigned long long)e.size, (unsigned long long)b->size);
		return;
	}
	v->export.size = e.size;
	if (e.size / SECTOR * SECTOR == b->size)
		return;
	b->size = e.size / SECTOR * SECTOR;
	log_line(LOG_NOTICE, "disk %s: %s has %llu bytes now", b->name, b->path,
		 (unsigned long long)b->size);
	if (b->resized)
		b->resized(b);
}

/* answer() - To the first of what it owes one. */
static void answer(struct block_vhost *v)
{
	const uint8_t *payload = v->heard + sizeof(struct vhost_header);
	uint32_t request = v->expect[0];
	struct vhost_config c;
	uint64_t refused;
	char what[48];

	memmove(v->expect, v->expect + 1, --v->expected);
	v->got = 0;
	if (request == VHOST_GET_CONFIG) {
		memcpy(&c, payload, sizeof(c));
		configured(v, &c);
		if (v->changed_again) {
			v->changed_again = false;
			ask_config(v);
		}
		return;
	}
	memcpy(&refused, payload, sizeof(refused));
	if (refused) {
		snprintf(what, sizeof(what), "refuses the message %u", request);
		vhost_lost(v, what, 0);
	} else if (request == VHOST_SET_VRING_ENABLE) {
		vhost_is_back(v);
	}
}

/* hear() - Some bytes more.  False: no more are there, or the connection is lost. */
static bool hear(struct block_vhost *v)
{
	struct vhost_header h;
	uint32_t want = sizeof(h), size;
	ssize_t n;

	size = v->expected && v->expect[0] == VHOST_GET_CONFIG ? sizeof(struct vhost_config)
							       : sizeof(uint64_t);
	if (v->got >= sizeof(h))
		want += size;
	n = recv(v->sock.fd, v->heard + v->got, want - v->got, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		vhost_lost(v, "is gone", n ? -errno : 0);
		return false;
	}
	v->got += (uint32_t)n;
	if (v->got < want)
		return true;
	memcpy(&h, v->heard, sizeof(h));
	if (want > sizeof(h))
		answer(v);
	else if (!v->expected || !vhost_answers(&h, v->expect[0], size))
		vhost_lost(v, "answers what was not asked", 0);
	return v->up;
}

void vhost_talk_ready(struct loop_fd *w, uint32_t events)
{
	struct block_vhost *v =
		(struct block_vhost *)((char *)w - offsetof(struct block_vhost, sock));

	for (int i = 0; i < VHOST_EXPECT_MAX && hear(v); i++)
		;
	block_kick();
}

/* ---- what it says by itself ---- */

/*
 * All that it may say here is that its configuration has changed, which has no payload.  Descriptors that come along
 * are closed by the kernel, as nobody makes room for them.
 */
void vhost_backend_ready(struct loop_fd *w, uint32_t events)
{
	struct block_vhost *v =
		(struct block_vhost *)((char *)w - offsetof(struct block_vhost, backend));
	struct vhost_header h;
	const uint64_t done = 0;
	ssize_t n = recv(w->fd, &h, sizeof(h), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(h) || h.request != VHOST_CONFIG_CHANGED || h.size ||
	    (h.flags & VHOST_VERSION_MASK) != VHOST_VERSION) {
		/* it is no connection's end: what it would have said is asked when it is reached anew */
		if (n)
			log_line(LOG_WARNING,
				 "disk %s: the vhost-user server at %s says what is not known; it "
				 "is not listened to any more",
				 v->block->name, v->block->path);
		loop_del(w);
		close(w->fd);
		w->fd = -1;
		return;
	}
	if (h.flags & VHOST_NEED_REPLY)
		vhost_send(w->fd, h.request, VHOST_REPLY, &done, sizeof(done), NULL, 0);
	ask_config(v);
	block_kick();
}
