// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's bytes on the NBD socket of a mirrored volume, in pieces: the first byte is how large they are.  Its
 * second half says whether the client greets as it should, so that what follows are options, or requests.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/export/nbd.h"
#include "tests/fuzz/mirror_volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop loop;
static struct nbd *nbd;
static struct sockaddr_un at = {.sun_family = AF_UNIX};

static void begin(void)
{
	char dir[] = "/tmp/fuzz-nbd-XXXXXX";

	if (!mkdtemp(dir))
		abort();
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	if (loop_init(&loop) || nbd_open(&nbd, &loop, fuzz_volume(&loop), at.sun_path))
		abort();
}

/* What has come is looked at; what was answered is thrown away. */
static void turn(int fd)
{
	static uint8_t answer[1 << 16];

	fuzz_turns(&loop, 2);
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		fuzz_turns(&loop, 1);
}

/* Flags, structured replies, both contexts, GO. */
static const uint8_t greeting[] = "\0\0\0\3"
				  "IHAVEOPT\0\0\0\x8\0\0\0\0"
				  "IHAVEOPT\0\0\0\xa\0\0\0\x30\0\0\0\0\0\0\0\2\0\0\0\xf"
				  "base:allocation"
				  "\0\0\0\x11"
				  "taiki:out-of-sync"
				  "IHAVEOPT\0\0\0\7\0\0\0\6\0\0\0\0\0\0";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece, n;
	int fd;

	if (!nbd)
		begin();
	if (!size)
		return 0;
	piece = (size_t)(data[0] >> 2) * 4 + 1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)))
		abort();
	turn(fd);
	if (data[0] & 3)
		n = data[0] & 2 ? sizeof(greeting) - 1 : 4;
	else
		n = 0;
	if (n && send(fd, greeting, n, MSG_NOSIGNAL) > 0)
		turn(fd);
	for (size_t i = 1; i < size; i += n) {
		n = size - i < piece ? size - i : piece;
		if (send(fd, data + i, n, MSG_NOSIGNAL) != (ssize_t)n)
			break;
		turn(fd);
	}
	shutdown(fd, SHUT_WR);
	turn(fd);
	close(fd);
	for (int i = 0; nbd_clients(nbd) && i < 100; i++)
		fuzz_turns(&loop, 1);
	/* it is gone, and so is all that it has begun */
	if (nbd_clients(nbd) || fuzz_volume_requests)
		abort();
	return 0;
}
