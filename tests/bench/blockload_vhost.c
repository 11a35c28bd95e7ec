// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vhost-user-blk export, as a guest's driver would use it (virtio 1.2, §2.7, §5.2): one split ring, three
 * descriptors for each lane, and memory that the other side maps.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/export/vhost_proto.h"
#include "tests/bench/blockload.h"

enum {
	PER_LANE = 3, /* header, data, status */
	RING = 1024,  /* a power of two that has PER_LANE descriptors for each lane */
	DESC = 0,
	AVAIL = 0x8000,
	USED = 0xc000,
	HEADER = 0x10000, /* 16 bytes a lane */
	STATUS = 0x18000, /* a byte a lane */
	DATA = 0x100000,
	MEMORY = DATA + LANES_MAX * BLOCK_MAX, /* only what is used is ever there */
	WAIT_MS = 60000,
};

_Static_assert(LANES_MAX *PER_LANE <= RING, "each lane has its descriptors");

struct guest {
	struct load_target target; /* first: it is what others see */
	int sock, memory, kick, call;
	uint8_t *mem;
	uint16_t avail, told, used; /* made; seen by the other side; looked at */
};

/* ---- messages ---- */

static int say(const struct guest *g, uint32_t request, const void *data, uint32_t size, int fd)
{
	uint32_t head[3] = {request, 1, size};
	struct iovec v[] = {{head, sizeof(head)}, {(void *)data, size}};
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	if (fd >= 0) {
		m.msg_control = room;
		m.msg_controllen = sizeof(room);
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
						      .cmsg_type = SCM_RIGHTS,
						      .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(fd));
	}
	return sendmsg(g->sock, &m, MSG_NOSIGNAL) == (ssize_t)(sizeof(head) + size) ? 0 : -EIO;
}

static int hear(const struct guest *g, void *data, uint32_t size)
{
	uint32_t head[3];

	if (recv(g->sock, head, sizeof(head), MSG_WAITALL) != sizeof(head) || head[2] != size ||
	    recv(g->sock, data, size, MSG_WAITALL) != (ssize_t)size)
		return -EPROTO;
	return 0;
}

static int measure(struct guest *g)
{
	struct vhost_wire_config c = {.size = sizeof(uint64_t)};
	uint32_t size = (uint32_t)(offsetof(struct vhost_wire_config, data) + c.size);
	uint64_t sectors;
	int r = say(g, VHOST_GET_CONFIG, &c, size, -1);

	if (!r)
		r = hear(g, &c, size);
	memcpy(&sectors, c.data, sizeof(sectors));
	g->target.size = le64toh(sectors) * 512;
	return r;
}

/* begin() - All that is said until the ring runs; addresses are those of the file. */
static int begin(struct guest *g)
{
	const uint64_t features = UINT64_C(1) << VIRTIO_F_VERSION_1 | 1 << VIRTIO_BLK_F_FLUSH |
				  1 << VIRTIO_RING_F_EVENT_IDX | 1 << VHOST_F_PROTOCOL_FEATURES;
	const uint64_t protocol = 1 << VHOST_PF_CONFIG, none = 0;
	const struct vhost_wire_memory memory = {.n = 1, .region[0] = {.size = MEMORY}};
	const struct vhost_wire_vring num = {0, RING}, base = {0, 0}, on = {0, 1};
	const struct vhost_wire_addr addr = {.desc = DESC, .avail = AVAIL, .used = USED};
	const struct {
		uint32_t request;
		const void *data;
		uint32_t size;
		int fd;
	} said[] = {
		{VHOST_SET_OWNER, NULL, 0, -1},
		{VHOST_SET_FEATURES, &features, sizeof(features), -1},
		{VHOST_SET_PROTOCOL_FEATURES, &protocol, sizeof(protocol), -1},
		{VHOST_SET_MEM_TABLE, &memory, 8 + sizeof(memory.region[0]), g->memory},
		{VHOST_SET_VRING_NUM, &num, sizeof(num), -1},
		{VHOST_SET_VRING_BASE, &base, sizeof(base), -1},
		{VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1},
		{VHOST_SET_VRING_CALL, &none, sizeof(none), g->call},
		{VHOST_SET_VRING_KICK, &none, sizeof(none), g->kick},
		{VHOST_SET_VRING_ENABLE, &on, sizeof(on), -1},
	};
	int r = 0;

	for (unsigned i = 0; !r && i < sizeof(said) / sizeof(said[0]); i++)
		r = say(g, said[i].request, said[i].data, said[i].size, said[i].fd);
	return r ? r : measure(g);
}

/* ---- the driver ---- */

static uint8_t *buffer(struct load_target *t, unsigned lane)
{
	return ((struct guest *)t)->mem + DATA + (size_t)lane * BLOCK_MAX;
}

static uint16_t *half(const struct guest *g, unsigned at)
{
	return (uint16_t *)(void *)(g->mem + at);
}

static int submit(struct load_target *t, const struct load_request *r)
{
	static const uint32_t types[] = {[LOAD_READ] = VIRTIO_BLK_T_IN,
					 [LOAD_WRITE] = VIRTIO_BLK_T_OUT,
					 [LOAD_FLUSH] = VIRTIO_BLK_T_FLUSH};
	struct guest *g = (struct guest *)t;
	uint16_t head = (uint16_t)(r->lane * PER_LANE);
	struct vring_desc *d = (struct vring_desc *)(void *)(g->mem + DESC) + head;
	uint64_t header = HEADER + r->lane * sizeof(struct virtio_blk_outhdr);
	bool flush = r->verb == LOAD_FLUSH;

	*(struct virtio_blk_outhdr *)(void *)(g->mem + header) = (struct virtio_blk_outhdr){
		.type = types[r->verb], .sector = flush ? 0 : r->off / 512};
	d[0] = (struct vring_desc){header, sizeof(struct virtio_blk_outhdr), VRING_DESC_F_NEXT,
				   (uint16_t)(head + (flush ? 2 : 1))};
	d[1] = (struct vring_desc){
		(uint64_t)(r->buf - g->mem), r->len,
		(uint16_t)(VRING_DESC_F_NEXT | (r->verb == LOAD_READ ? VRING_DESC_F_WRITE : 0)),
		(uint16_t)(head + 2)};
	d[2] = (struct vring_desc){STATUS + r->lane, 1, VRING_DESC_F_WRITE, 0};
	half(g, AVAIL)[2 + g->avail++ % RING] = head;
	return 0;
}

/* tell() - What was submitted is available, and the other side is told if it wants to be (§2.7.10). */
static int tell(struct guest *g)
{
	uint16_t event, old = g->told;

	if (g->avail == old)
		return 0;
	__atomic_store_n(half(g, AVAIL) + 1, g->avail, __ATOMIC_SEQ_CST);
	g->told = g->avail;
	event = __atomic_load_n(half(g, USED + 4 + RING * sizeof(struct vring_used_elem)),
				__ATOMIC_SEQ_CST);
	return vring_need_event(event, g->avail, old) && eventfd_write(g->kick, 1) ? -errno : 0;
}

static uint16_t done(const struct guest *g)
{
	return __atomic_load_n(half(g, USED) + 1, __ATOMIC_SEQ_CST);
}

static int wait_for(struct load_target *t, struct load_end ends[LANES_MAX])
{
	struct guest *g = (struct guest *)t;
	const struct vring_used_elem *used = (void *)(g->mem + USED + 4);
	struct pollfd p[] = {{g->call, POLLIN, 0}, {g->sock, POLLRDHUP, 0}};
	int n = 0, r = tell(g);
	eventfd_t calls;

	/* it is to tell of the next one, unless that is there already */
	__atomic_store_n(half(g, AVAIL) + 2 + RING, g->used, __ATOMIC_SEQ_CST);
	while (!r && done(g) == g->used) {
		if (poll(p, 2, WAIT_MS) <= 0)
			r = -ETIMEDOUT;
		else if (p[1].revents)
			r = -ECONNRESET;
		else
			eventfd_read(g->call, &calls);
	}
	for (uint16_t to = done(g); !r && g->used != to && n < LANES_MAX; n++) {
		unsigned lane = used[g->used++ % RING].id / PER_LANE;

		ends[n].lane = lane;
		ends[n].result = g->mem[STATUS + lane] == VIRTIO_BLK_S_OK ? 0 : -EIO;
	}
	return r ? r : n;
}

int load_open_vhost(struct load_target **t, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct guest *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	g->target = (struct load_target){.submit = submit, .wait = wait_for, .buffer = buffer};
	g->kick = eventfd(0, EFD_CLOEXEC);
	g->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g->memory = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ftruncate(g->memory, MEMORY) || fcntl(g->memory, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	g->mem = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, g->memory, 0);
	if (g->mem == MAP_FAILED || connect(g->sock, (struct sockaddr *)&a, sizeof(a)))
		return -errno;
	*t = &g->target;
	return begin(g);
}
