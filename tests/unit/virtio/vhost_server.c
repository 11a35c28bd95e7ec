/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/virtio/vhost_server.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hvcore/lib/vhost_wire.h"

enum { REQUEST = 16, TICK_MS = 5 };

struct server *server;
static pid_t pid;
static enum server_fault fault;

/* In the server. */
static int sock, backend = -1, kick = -1, call = -1;
static struct vhost_memory memory;
static uint8_t *mapped[VHOST_FDS_MAX];
static struct vhost_addr ring;
static uint32_t size;
static uint16_t seen, used;
static uint64_t told;
static bool enabled;

static uint8_t *at(uint64_t addr, uint64_t len)
{
	for (unsigned i = 0; i < memory.n; i++)
		if (addr >= memory.region[i].uva &&
		    addr + len <= memory.region[i].uva + memory.region[i].size)
			return mapped[i] + (addr - memory.region[i].uva);
	abort();
}

/* ---- messages ---- */

static void get(void *buf, size_t len, int fd[VHOST_FDS_MAX])
{
	char room[CMSG_SPACE(VHOST_FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
	struct iovec v = {buf, len};
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = room,
			   .msg_controllen = sizeof(room)};
	struct cmsghdr *c;

	if (len && recvmsg(sock, &m, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
	c = len ? CMSG_FIRSTHDR(&m) : NULL;
	if (c)
		memcpy(fd, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
}

static void answer(uint32_t request, const void *data, uint32_t len)
{
	if (fault == SAYS_NOTHING)
		return;
	vhost_send(sock, fault == BAD_ANSWER ? request + 1 : request, VHOST_REPLY, data, len, NULL,
		   0);
}

static void number(uint32_t request, uint64_t n)
{
	answer(request, &n, sizeof(n));
}

#define BIT(n) (1ULL << (n))

static uint64_t features(void)
{
	uint64_t f = BIT(VIRTIO_F_VERSION_1) | BIT(VHOST_F_PROTOCOL_FEATURES) |
		     BIT(VIRTIO_RING_F_INDIRECT_DESC) | BIT(VIRTIO_RING_F_EVENT_IDX) |
		     BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_BLK_SIZE) |
		     BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_DISCARD) |
		     BIT(VIRTIO_BLK_F_WRITE_ZEROES);

	f &= ~(fault == NO_INDIRECT ? BIT(VIRTIO_RING_F_INDIRECT_DESC) : 0);
	f &= ~(fault == NO_FLUSH ? BIT(VIRTIO_BLK_F_FLUSH) : 0);
	f &= ~(fault == NO_ZEROES ? BIT(VIRTIO_BLK_F_WRITE_ZEROES) : 0);
	f &= ~(fault == NO_DISCARD ? BIT(VIRTIO_BLK_F_DISCARD) : 0);
	return f | (fault == READ_ONLY ? BIT(VIRTIO_BLK_F_RO) : 0);
}

static void config(struct vhost_config *c)
{
	uint32_t range = fault == SMALL_RANGES ? 16 : 1 << 15;
	const struct virtio_blk_config all = {
		.capacity = (fault == EMPTY  ? 0
			     : fault == HALF ? server->size / 2
					     : server->size) /
			    512,
		.seg_max = fault == FEW_SEGMENTS ? 3 : 126,
		.blk_size = fault == HUGE_BLOCKS ? 1 << 20 : 512,
		.max_discard_sectors = range,
		.max_discard_seg = 1,
		.max_write_zeroes_sectors = range,
		.max_write_zeroes_seg = 1,
	};

	told = server->size;
	memcpy(c->data, &all, VHOST_CONFIG);
	answer(VHOST_GET_CONFIG, c, sizeof(*c));
}

static void message(void)
{
	struct vhost_header h;
	union {
		uint64_t number;
		struct vhost_memory memory;
		struct vhost_vring vring;
		struct vhost_addr addr;
		struct vhost_config config;
	} m;
	int fd[VHOST_FDS_MAX];

	get(&h, sizeof(h), fd);
	if (h.size > sizeof(m))
		abort();
	get(&m, h.size, fd);
	switch (h.request) {
	case VHOST_GET_FEATURES: number(h.request, features()); return;
	case VHOST_GET_PROTOCOL_FEATURES:
		number(h.request, BIT(VHOST_PF_REPLY_ACK) | BIT(VHOST_PF_BACKEND_REQ) |
					  (fault == NO_CONFIG ? 0 : BIT(VHOST_PF_CONFIG)));
		return;
	case VHOST_GET_CONFIG: config(&m.config); return;
	case VHOST_SET_MEM_TABLE:
		memory = m.memory;
		for (unsigned i = 0; i < memory.n; i++)
			mapped[i] = mmap(NULL, memory.region[i].size, PROT_READ | PROT_WRITE,
					 MAP_SHARED, fd[i], (off_t)memory.region[i].offset);
		break;
	case VHOST_SET_VRING_NUM: size = m.vring.num; break;
	case VHOST_SET_VRING_ADDR: ring = m.addr; break;
	case VHOST_SET_VRING_KICK: kick = fd[0]; break;
	case VHOST_SET_VRING_CALL: call = fd[0]; break;
	case VHOST_SET_BACKEND_REQ_FD: backend = fd[0]; break;
	case VHOST_SET_VRING_ENABLE: enabled = fault != REFUSES_MEMORY; break;
	default: break;
	}
	if (h.flags & VHOST_NEED_REPLY)
		number(h.request, fault == REFUSES_MEMORY && h.request == VHOST_SET_MEM_TABLE);
}

/* ---- requests ---- */

static struct vring_avail *avail_ring(void)
{
	return (void *)at(ring.avail, sizeof(struct vring_avail) + size * 2);
}

static struct vring_used *used_ring(void)
{
	return (void *)at(ring.used,
			  sizeof(struct vring_used) + size * sizeof(struct vring_used_elem));
}

static uint8_t range(const struct virtio_blk_outhdr *h, const struct vring_desc *d)
{
	struct virtio_blk_discard_write_zeroes r;
	bool zeroes = h->type == VIRTIO_BLK_T_WRITE_ZEROES;

	memcpy(&r, at(d->addr, d->len), sizeof(r));
	if ((fault == SMALL_RANGES && r.num_sectors > 16) ||
	    r.sector + r.num_sectors > SERVER_BYTES / 512)
		abort();
	memset(server->data + r.sector * 512, 0, r.num_sectors * 512);
	*(zeroes ? &server->zeroes : &server->discards) += 1;
	return VIRTIO_BLK_S_OK;
}

static uint8_t carry_out(const struct vring_desc *t, unsigned n)
{
	struct virtio_blk_outhdr h;
	uint64_t off;

	memcpy(&h, at(t[0].addr, REQUEST), REQUEST);
	off = h.sector * 512;
	server->segments = n - 2 > server->segments ? n - 2 : server->segments;
	switch (h.type) {
	case VIRTIO_BLK_T_IN: server->reads++; break;
	case VIRTIO_BLK_T_OUT: server->writes++; break;
	case VIRTIO_BLK_T_FLUSH: server->flushes++; return VIRTIO_BLK_S_OK;
	default: return range(&h, &t[1]);
	}
	for (unsigned i = 1; i < n - 1; i++) {
		uint8_t *p = at(t[i].addr, t[i].len);

		if (off + t[i].len > SERVER_BYTES)
			abort();
		if (h.type == VIRTIO_BLK_T_IN)
			memcpy(p, server->data + off, t[i].len);
		else
			memcpy(server->data + off, p, t[i].len);
		off += t[i].len;
	}
	return VIRTIO_BLK_S_OK;
}

static void push(uint32_t id)
{
	struct vring_used *u = used_ring();

	u->ring[used % size] = (struct vring_used_elem){id, 1};
	__atomic_store_n(&u->idx, ++used, __ATOMIC_RELEASE);
}

static void request(uint16_t head)
{
	const struct vring_desc *d = (void *)(at(ring.desc, size * 16) + head * 16), *t;
	unsigned n = d->len / 16;
	uint8_t status;

	if (!(d->flags & VRING_DESC_F_INDIRECT))
		abort();
	t = (void *)at(d->addr, d->len);
	if (fault == LEAVES)
		_exit(0);
	status = carry_out(t, n);
	*at(t[n - 1].addr, 1) = fault == BAD_STATUS ? 9
				: fault == FAILS    ? VIRTIO_BLK_S_IOERR
						    : status;
	if (server->hold) {
		server->held++;
		return;
	}
	push(fault == BAD_ID ? 5000 : head);
	if (fault == TWICE)
		push(head);
	if (fault == TOO_MANY)
		__atomic_store_n(&used_ring()->idx, used += 1000, __ATOMIC_RELEASE);
}

static void look(void)
{
	const uint64_t one = 1;
	bool any = false;

	while (enabled && seen != __atomic_load_n(&avail_ring()->idx, __ATOMIC_ACQUIRE)) {
		request(avail_ring()->ring[seen++ % size]);
		any = true;
	}
	if (any && write(call, &one, sizeof(one)) < 0)
		_exit(1);
}

/* It has another size now, or says what nobody knows. */
static void say_so(void)
{
	if (backend < 0)
		return;
	if (fault == BACKEND_NOISE)
		vhost_send(backend, 77, 0, "noise", 5, NULL, 0);
	else if (told != server->size)
		vhost_send(backend, VHOST_CONFIG_CHANGED, VHOST_NEED_REPLY, NULL, 0, NULL, 0);
	told = server->size;
}

static void serve(int listener)
{
	uint64_t count;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sock = accept(listener, NULL, NULL);
	close(listener);
	server->connections++;
	if (fault == HANGS_UP)
		_exit(0);
	for (;;) {
		struct pollfd p[] = {{sock, POLLIN, 0}, {kick, POLLIN, 0}};

		poll(p, 2, TICK_MS);
		if (p[0].revents)
			message();
		if (p[1].revents && read(kick, &count, sizeof(count)) < 0)
			_exit(1);
		look();
		say_so();
	}
}

/* ---- in the test ---- */

void server_new(void)
{
	if (!server)
		server = mmap(NULL, sizeof(*server), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(server, 0, sizeof(*server));
	server->size = SERVER_BYTES / 2;
	for (unsigned i = 0; i < SERVER_BYTES; i++)
		server->data[i] = (uint8_t)(i * 31 + (i >> 9));
}

void server_begin(const char *path, enum server_fault how)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1))
		abort();
	fault = how;
	pid = fork();
	if (!pid)
		serve(fd);
	close(fd);
}

void server_kill(void)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	pid = 0;
}
