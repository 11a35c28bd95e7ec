/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vhost-user-blk server may do to a disk of a domain: its greeting; or (first byte even) its messages, and what it writes
 * into the ring that it shares.  Each request is answered once at most.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "hvcore/vmm/block/vhost.h"
#include "tests/unit/virtio/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUESTS = 6, BYTES = 8192 };

struct asked {
	struct block_request r;
	struct iovec iov[2];
	bool over;
};

static struct asked asked[REQUESTS];

static void done(struct block_request *r, int result)
{
	struct asked *a = (struct asked *)r;

	if (a->over || result > 0)
		abort();
	a->over = true;
}

static void ask(struct block *b)
{
	static const struct {
		enum block_op op;
		uint64_t off, len;
	} what[REQUESTS] = {
		{BLOCK_READ, 0, 4096},    {BLOCK_READ, 4096, 2 * BYTES}, {BLOCK_WRITE, 65536, 1024},
		{BLOCK_DISCARD, 0, 8192}, {BLOCK_ZEROES, 8192, 4096},    {BLOCK_FLUSH, 0, 0},
	};

	memset(asked, 0, sizeof(asked));
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct asked *a = &asked[i];
		uint64_t left = what[i].len;

		a->r = (struct block_request){.block = b,
					      .op = what[i].op,
					      .off = what[i].off,
					      .len = left,
					      .iov = a->iov,
					      .done = done};
		while (left && (a->r.op == BLOCK_READ || a->r.op == BLOCK_WRITE)) {
			uint64_t n = left < BYTES ? left : BYTES;

			a->iov[a->r.niov] =
				(struct iovec){rig.ram.base + (i * 2 + a->r.niov) * BYTES, n};
			a->r.niov++;
			left -= n;
		}
		block_submit(&a->r);
	}
	block_kick();
}

/* ring() - Bytes over the beginning of the used ring, and over the states. */
static void ring(struct block_vhost *v, const uint8_t *data, size_t n)
{
	uint64_t one = 1;

	memcpy(&v->area->used, data, n < sizeof(v->area->used) ? n : sizeof(v->area->used));
	for (size_t i = 0; i < n && i < VHOST_SLOTS; i++)
		v->area->chain[i].status = data[i] & 3;
	if (write(v->call.fd, &one, sizeof(one)) < 0)
		abort();
}

/* Pieces of one byte of length and what it is for: 0 to the ring, 1 on the channel of its own, else an answer. */
static void server(int fd[2], const uint8_t *data, size_t size)
{
	const struct vhost_export e = {.size = 1 << 20,
				       .features = 1ULL << 32 | 1ULL << 28 | 1ULL << 30 | 1 << 9,
				       .protocol = 1 << 3 | 1 << 5 | 1 << 9,
				       .block = 512,
				       .segments = 1,
				       .discard = 8,
				       .zeroes = 8};
	struct block b = {.name = "vda", .path = (char *)"fuzz", .fd = -1};
	static uint8_t asks[1 << 16];

	if (vhost_prepare(&b, NULL) || vhost_attach(&b, fd[0], &e, NULL))
		abort();
	ask(&b);
	while (size > 1 && b.vhost->up) {
		size_t n = data[0] < size - 1 ? data[0] : size - 1;
		unsigned what = data[0] % 3;

		if (what == 0)
			ring(b.vhost, data + 1, n);
		else if (what == 1 && b.vhost->backend.fd >= 0 && n)
			vhost_backend_ready(&b.vhost->backend, 0);
		else if (send(fd[1], data + 1, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		data += 1 + n;
		size -= 1 + n;
		rig_run(0);
		rig_timers(1000);
		while (recv(fd[1], asks, sizeof(asks), MSG_DONTWAIT) > 0)
			;
	}
	close(fd[1]);
	rig_run(0);
	/* whoever is gone leaves its requests unanswered */
	if (b.fd >= 0 || b.vhost->up)
		abort();
	block_release(&b);
	vhost_discard(&b);
}

static void greeting(int fd[2], const uint8_t *data, size_t size)
{
	struct vhost_export e;

	if (send(fd[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
		size = 0;
	shutdown(fd[1], SHUT_WR);
	if (!vhost_greet(fd[0], hv_clock_ms() + 2000, &e, "the server", NULL) &&
	    (e.block < 512 || e.block & (e.block - 1) || !e.segments || e.size > INT64_MAX))
		abort();
	close(fd[0]);
	close(fd[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	int fd[2];

	if (!begun)
		rig_init();
	begun = true;
	if (!size || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd))
		return 0;
	if (data[0] & 1)
		greeting(fd, data + 1, size - 1);
	else
		server(fd, data + 1, size - 1);
	return 0;
}
