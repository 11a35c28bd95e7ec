// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hv/daemon.h"
#include "mirror/drbd/meta_file.h"
#include "mirror/export/vhost.h"
#include "tool.h"
#include "vhost_front.h"

enum { WAIT_MS = 60000 };

/* ---- the back-end ---- */

static char disk[64], path[80];
static pid_t back = -1;

void back_new(void)
{
	uint64_t sectors = (VOLUME_BYTES + (4 << 20)) / 512;
	struct md_layout l;
	int fd = scratch(disk, sectors * 512);

	assert_int_equal(md_layout(&l, MD_INTERNAL, 0, sectors, sectors, 0, 0), 0);
	assert_int_equal(md_file_create(fd, &l), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s.sock", disk);
}

static struct loop loop;
static struct volume *volume;

/* Whoever comes before it is Primary is sent away. */
static void promoted(void *arg, int result)
{
	static struct vhost *h;

	if (vhost_open(&h, &loop, volume, path))
		_exit(1);
}

/* Its address is of no interest: nobody connects. */
static void serve(bool primary)
{
	struct volume_config c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hv_log_init("back", 3);
	volume_config_init(&c);
	strcpy(c.name, "r0");
	c.disk = strdup(disk);
	address_parse(&c.local, "127.0.0.1:7789");
	address_parse(&c.peer, "127.0.0.2:7789");
	if (loop_init(&loop) || volume_open(&volume, &loop, &c))
		_exit(1);
	if (primary)
		volume_primary(volume, true, promoted, NULL);
	else
		promoted(NULL, 0);
	loop_run(&loop);
	_exit(0);
}

void back_start(bool primary)
{
	back = fork();
	assert_true(back >= 0);
	if (!back)
		serve(primary);
}

void back_kill(void)
{
	kill(back, SIGKILL);
	waitpid(back, NULL, 0);
	back = -1;
}

bool back_lives(void)
{
	return waitpid(back, NULL, WNOHANG) == 0;
}

void back_end(void)
{
	if (back > 0)
		back_kill();
	unlink(disk);
	unlink(path);
}

/* ---- messages ---- */

static void make_memory(struct front *f)
{
	f->memory = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(f->memory, FRONT_MEMORY), 0);
	assert_int_equal(fcntl(f->memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	f->mem = mmap(NULL, FRONT_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, f->memory, 0);
	assert_true(f->mem != MAP_FAILED);
}

void front_connect(struct front *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int r = -1;

	if (!f->mem) {
		f->records = -1;
		make_memory(f);
	}
	strcpy(a.sun_path, path);
	f->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int i = 0; r && i < WAIT_MS / 10; i++) {
		r = connect(f->sock, (struct sockaddr *)&a, sizeof(a));
		if (r)
			usleep(10000);
	}
	assert_int_equal(r, 0);
	f->kick = eventfd(0, EFD_CLOEXEC);
	f->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->err = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void front_leave(struct front *f)
{
	close(f->sock);
	close(f->kick);
	close(f->call);
	close(f->err);
}

void front_end(struct front *f)
{
	front_leave(f);
	munmap(f->mem, FRONT_MEMORY);
	close(f->memory);
	if (f->records >= 0)
		close(f->records);
	memset(f, 0, sizeof(*f));
}

void front_say(struct front *f, uint32_t request, uint32_t flags, const void *data, uint32_t size,
	       const int *fd, int nfds)
{
	uint32_t head[3] = {request, flags | 1, size};
	struct iovec v[] = {{head, sizeof(head)}, {(void *)data, size}};
	char room[CMSG_SPACE(16 * sizeof(int))] __attribute__((aligned(8))) = {0};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	if (nfds) {
		m.msg_control = room;
		m.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		*CMSG_FIRSTHDR(&m) =
			(struct cmsghdr){.cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS,
					 .cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fd, (size_t)nfds * sizeof(int));
	}
	/* whether it arrives is seen by the answer */
	(void)!sendmsg(f->sock, &m, MSG_NOSIGNAL);
}

bool front_hear(struct front *f, uint32_t request, void *data, uint32_t size, int *fd)
{
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	uint32_t head[3];
	struct iovec v = {head, sizeof(head)};
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = room,
			   .msg_controllen = sizeof(room)};
	struct pollfd p = {.fd = f->sock, .events = POLLIN};

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	if (recvmsg(f->sock, &m, MSG_WAITALL) != sizeof(head))
		return false;
	assert_int_equal(head[0], request);
	assert_int_equal(head[1], 5);
	assert_int_equal(head[2], size);
	assert_int_equal(size ? recv(f->sock, data, size, MSG_WAITALL) : 0, size);
	if (fd && CMSG_FIRSTHDR(&m))
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*fd));
	return true;
}

uint64_t front_ask(struct front *f, uint32_t request)
{
	uint64_t n = 0;

	front_say(f, request, 0, NULL, 0, NULL, 0);
	assert_true(front_hear(f, request, &n, sizeof(n), NULL));
	return n;
}

bool front_is_hung_up(struct front *f)
{
	struct pollfd p = {.fd = f->sock, .events = POLLRDHUP};

	return poll(&p, 1, WAIT_MS) == 1 && p.revents & (POLLHUP | POLLRDHUP);
}

/* ---- a device that runs ---- */

static void say_number(struct front *f, uint32_t request, uint64_t n)
{
	front_say(f, request, 0, &n, sizeof(n), NULL, 0);
}

static void say_vring(struct front *f, uint32_t request, uint32_t num)
{
	const struct vhost_wire_vring v = {f->index, num};

	front_say(f, request, 0, &v, sizeof(v), NULL, 0);
}

static void records(struct front *f)
{
	struct vhost_wire_inflight x = {.queues = 1, .ring = FRONT_RING};

	if (f->records < 0) {
		front_say(f, VHOST_GET_INFLIGHT_FD, 0, &x, sizeof(x), NULL, 0);
		assert_true(front_hear(f, VHOST_GET_INFLIGHT_FD, &x, sizeof(x), &f->records));
		f->seen = mmap(NULL, x.size, PROT_READ | PROT_WRITE, MAP_SHARED, f->records, 0);
	}
	x.size = vhost_records_size(FRONT_RING);
	front_say(f, VHOST_SET_INFLIGHT_FD, 0, &x, sizeof(x), &f->records, 1);
}

void front_ring(struct front *f, uint16_t base)
{
	const struct vhost_wire_addr a = {.index = f->index,
					  .desc = FRONT_UVA + FRONT_DESC,
					  .avail = FRONT_UVA + FRONT_AVAIL,
					  .used = FRONT_UVA + FRONT_USED};
	const uint64_t index = f->index;

	say_vring(f, VHOST_SET_VRING_NUM, FRONT_RING);
	say_vring(f, VHOST_SET_VRING_BASE, base);
	front_say(f, VHOST_SET_VRING_ADDR, 0, &a, sizeof(a), NULL, 0);
	front_say(f, VHOST_SET_VRING_CALL, 0, &index, sizeof(index), &f->call, 1);
	front_say(f, VHOST_SET_VRING_ERR, 0, &index, sizeof(index), &f->err, 1);
	front_say(f, VHOST_SET_VRING_KICK, 0, &index, sizeof(index), &f->kick, 1);
	say_vring(f, VHOST_SET_VRING_ENABLE, 1);
}

void front_begin(struct front *f)
{
	const struct vhost_wire_memory m = {.n = 1,
					    .region[0] = {.size = FRONT_MEMORY, .uva = FRONT_UVA}};

	f->features = front_ask(f, VHOST_GET_FEATURES);
	front_say(f, VHOST_SET_OWNER, 0, NULL, 0, NULL, 0);
	say_number(f, VHOST_SET_PROTOCOL_FEATURES, front_ask(f, VHOST_GET_PROTOCOL_FEATURES));
	say_number(f, VHOST_SET_FEATURES, f->features);
	front_say(f, VHOST_SET_MEM_TABLE, 0, &m, 8 + sizeof(m.region[0]), &f->memory, 1);
	records(f);
	front_ring(f, f->used);
}

uint16_t front_stop(struct front *f)
{
	struct vhost_wire_vring v = {.index = f->index};

	front_say(f, VHOST_GET_VRING_BASE, 0, &v, sizeof(v), NULL, 0);
	assert_true(front_hear(f, VHOST_GET_VRING_BASE, &v, sizeof(v), NULL));
	return (uint16_t)v.num;
}

/* ---- the driver ---- */

struct vring_desc *front_desc(struct front *f, unsigned i)
{
	return (struct vring_desc *)(void *)(f->mem + FRONT_DESC) + i;
}

void front_offer(struct front *f, uint16_t head)
{
	uint16_t *avail = (uint16_t *)(void *)(f->mem + FRONT_AVAIL);

	avail[2 + f->avail % FRONT_RING] = head;
	__atomic_store_n(&avail[1], ++f->avail, __ATOMIC_SEQ_CST);
}

void front_kick(struct front *f)
{
	eventfd_write(f->kick, 1);
}

uint16_t front_wait(struct front *f)
{
	const uint16_t *idx = (const uint16_t *)(const void *)(f->mem + FRONT_USED + 2);
	const struct vring_used_elem *e =
		(const struct vring_used_elem *)(const void *)(f->mem + FRONT_USED + 4);
	uint16_t *event = (uint16_t *)(void *)(f->mem + FRONT_AVAIL) + 2 + FRONT_RING;
	struct pollfd p = {.fd = f->call, .events = POLLIN};
	eventfd_t n;

	/* it is to tell of the next one (§2.7.10), unless that is there already */
	__atomic_store_n(event, f->used, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(idx, __ATOMIC_SEQ_CST) == f->used) {
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		eventfd_read(f->call, &n);
	}
	return (uint16_t)e[f->used++ % FRONT_RING].id;
}

bool front_is_stopped(struct front *f)
{
	struct pollfd p = {.fd = f->err, .events = POLLIN};
	eventfd_t n;

	return poll(&p, 1, WAIT_MS) == 1 && !eventfd_read(f->err, &n);
}

void front_chain(struct front *f, uint16_t head, uint32_t type, uint64_t sector, uint64_t gpa,
		 uint32_t len, unsigned n, uint32_t stride)
{
	bool in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
	const struct virtio_blk_outhdr h = {.type = type, .sector = sector};
	uint64_t at = FRONT_HEADER + head * sizeof(h);
	uint16_t i = head;

	memcpy(f->mem + at, &h, sizeof(h));
	f->mem[FRONT_STATUS + head] = 0xff;
	*front_desc(f, i) = (struct vring_desc){at, sizeof(h), VRING_DESC_F_NEXT, i + 1};
	for (unsigned k = 0; k < n; k++) {
		i++;
		*front_desc(f, i) = (struct vring_desc){
			gpa + k * stride, len, VRING_DESC_F_NEXT | (in ? VRING_DESC_F_WRITE : 0),
			i + 1};
	}
	*front_desc(f, i + 1) = (struct vring_desc){FRONT_STATUS + head, 1, VRING_DESC_F_WRITE, 0};
}

uint8_t front_do(struct front *f, uint32_t type, uint64_t sector, uint64_t gpa, uint32_t len,
		 unsigned n, uint32_t stride)
{
	front_chain(f, 0, type, sector, gpa, len, n, stride);
	front_offer(f, 0);
	front_kick(f);
	assert_int_equal(front_wait(f), 0);
	return f->mem[FRONT_STATUS];
}
