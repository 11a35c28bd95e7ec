/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an NBD server may say to a disk of a domain: its greeting, or (first byte even) its answers to requests
 * that are under way.  Each request is answered once at most, and with no more than it asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hvcore/vmm/block/nbd.h"
#include "tests/unit/virtio/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUESTS = 6, PIECES = 3, PIECE = 16 << 10 };

struct asked {
	struct block_request r;
	struct iovec iov[PIECES];
	bool over;
};

static struct asked asked[REQUESTS];
static uint8_t memory[REQUESTS][PIECES * PIECE];

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
		{BLOCK_READ, 0, 4096},
		{BLOCK_READ, 4096, PIECES * PIECE}, /* in more than one step */
		{BLOCK_WRITE, 65536, 1024},
		{BLOCK_FLUSH, 0, 0},
		{BLOCK_DISCARD, 0, 8192},
		{BLOCK_ZEROES, 8192, 4096},
	};

	memset(asked, 0, sizeof(asked));
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct asked *a = &asked[i];
		uint64_t left = what[i].len;

		a->r = (struct block_request){.block = b,
					      .op = what[i].op,
					      .off = what[i].off,
					      .len = left,
					      .done = done};
		a->r.iov = a->iov;
		while (left && (a->r.op == BLOCK_READ || a->r.op == BLOCK_WRITE)) {
			uint64_t n = left < PIECE ? left : PIECE;

			a->iov[a->r.niov] = (struct iovec){memory[i] + (size_t)a->r.niov * PIECE,
							   n};
			a->r.niov++;
			left -= n;
		}
		block_submit(&a->r);
	}
	block_kick();
}

static void answers(int fd[2], const uint8_t *data, size_t size, size_t piece)
{
	const struct nbd_export e = {.size = 1 << 20, .flags = 0x6d, .min = 512, .max = 32 << 10};
	struct block b = {.name = "vda", .path = (char *)"fuzz", .fd = -1};
	static uint8_t asks[1 << 16];

	if (nbd_attach(&b, fd[0], &e, NULL))
		abort();
	ask(&b);
	while (size) {
		size_t n = size < piece ? size : piece;

		if (send(fd[1], data, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
			break;
		data += n;
		size -= n;
		rig_run(0);
		while (recv(fd[1], asks, sizeof(asks), MSG_DONTWAIT) > 0)
			;
	}
	close(fd[1]);
	rig_run(0);
	/* whoever is gone leaves its requests unanswered */
	if (b.fd >= 0)
		abort();
	nbd_detach(&b);
}

static void greeting(int fd[2], const uint8_t *data, size_t size)
{
	struct nbd_export e;

	if (send(fd[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
		size = 0;
	shutdown(fd[1], SHUT_WR);
	if (!nbd_greet(fd[0], 2000, &e, "the server", NULL) &&
	    (!e.min || e.min & (e.min - 1) || e.min > 4096 || e.max < 4096 || e.max % e.min))
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
		answers(fd, data + 1, size - 1, (size_t)(data[0] >> 1) * 8 + 1);
	return 0;
}
