// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vhost-user front-end and its guest: messages of any bytes with descriptors, and rings of any content.
 *
 * The first byte says whether the device is set up first.  Then come steps:
 *   0  a message: request, flags, descriptors, size, payload      2  kick ring 0
 *   1  a write to the guest's memory: at, length, bytes           3  let the back-end work
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/export/vhost.h"
#include "mirror/export/vhost_proto.h"
#include "tests/fuzz/mirror_volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 10, RING = 16, DESC = 0, AVAIL = 0x400, USED = 0x800 };

static struct loop loop;
static struct vhost *vhost;
static struct sockaddr_un at = {.sun_family = AF_UNIX};
static int memory, bell;
static uint8_t *mem;

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static void begin(void)
{
	char dir[] = "/tmp/fuzz-vhost-XXXXXX";

	if (!mkdtemp(dir))
		abort();
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	memory = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bell = eventfd(0, EFD_CLOEXEC);
	if (ftruncate(memory, MEMORY) || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		abort();
	mem = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (mem == MAP_FAILED || loop_init(&loop) ||
	    vhost_open(&vhost, &loop, fuzz_volume(&loop), at.sun_path))
		abort();
}

static void say(int fd, uint32_t request, uint32_t flags, const void *data, uint32_t size,
		int beside)
{
	uint32_t head[3] = {request, flags, size};
	struct iovec v[] = {{head, sizeof(head)}, {(void *)data, size}};
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	if (beside >= 0) {
		m.msg_control = room;
		m.msg_controllen = sizeof(room);
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
						      .cmsg_type = SCM_RIGHTS,
						      .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &beside, sizeof(beside));
	}
	(void)!sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void turn(int fd)
{
	uint8_t answer[1024];

	fuzz_turns(&loop, 4);
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
}

static void set_up(int fd, bool event_idx)
{
	const struct vhost_wire_memory m = {.n = 1, .region[0] = {.size = MEMORY, .uva = 1 << 20}};
	const struct vhost_wire_addr a = {
		.desc = (1 << 20) + DESC, .avail = (1 << 20) + AVAIL, .used = (1 << 20) + USED};
	const struct vhost_wire_inflight x = {
		.size = 16 + RING * 16 + 48, .offset = 0x4000, .queues = 1, .ring = RING};
	const uint64_t zero = 0, features = 1ULL << 30 | 1ULL << 28 | (event_idx ? 1ULL << 29 : 0);
	const uint32_t num[] = {0, RING}, enable[] = {0, 1};

	say(fd, VHOST_SET_FEATURES, 1, &features, 8, -1);
	say(fd, VHOST_SET_MEM_TABLE, 1, &m, 8 + sizeof(m.region[0]), memory);
	say(fd, VHOST_SET_VRING_NUM, 1, num, 8, -1);
	say(fd, VHOST_SET_VRING_ADDR, 1, &a, sizeof(a), -1);
	/* the records are the guest's to write, too: nobody else could be so wrong */
	if (event_idx)
		say(fd, VHOST_SET_INFLIGHT_FD, 1, &x, sizeof(x), memory);
	say(fd, VHOST_SET_VRING_CALL, 1, &zero, 8, bell);
	say(fd, VHOST_SET_VRING_KICK, 1, &zero, 8, bell);
	say(fd, VHOST_SET_VRING_ENABLE, 1, enable, 8, -1);
	turn(fd);
}

static void message(int fd, struct input *in)
{
	static const int none = -1;
	const int beside[] = {none, memory, bell, STDERR_FILENO};
	uint8_t payload[256], request = byte(in), flags = byte(in);
	uint32_t size = byte(in);

	for (uint32_t i = 0; i < size; i++)
		payload[i] = byte(in);
	say(fd, request % 40, (flags & 0xc) | 1, payload, size, beside[flags & 3]);
	turn(fd);
}

static void step(int fd, struct input *in)
{
	unsigned to, len;

	switch (byte(in) & 3) {
	case 0: message(fd, in); break;
	case 1:
		to = (unsigned)byte(in) << 8;
		to |= byte(in);
		for (len = byte(in); len && in->left; len--, to++)
			mem[to % MEMORY] = byte(in);
		break;
	case 2: eventfd_write(bell, 1); break;
	default: turn(fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t mode = byte(&in);
	int fd;

	if (!vhost)
		begin();
	memset(mem, 0, MEMORY);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)))
		abort();
	fuzz_turns(&loop, 1);
	if (mode & 2)
		for (unsigned i = 0; i < 0x500 && in.left > 1 && mode & 4; i++)
			mem[i] = byte(&in);
	if (mode & 1)
		set_up(fd, mode & 8);
	while (in.left)
		step(fd, &in);
	turn(fd);
	close(fd);
	for (int i = 0; vhost_clients(vhost) && i < 100; i++)
		fuzz_turns(&loop, 1);
	/* it is gone, and so is all that it has begun */
	if (vhost_clients(vhost) || fuzz_volume_requests)
		abort();
	return 0;
}
