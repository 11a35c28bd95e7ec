// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As much of an NBD client as writes, reads and flushes: the export by its old option, simple replies.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/drbd/bytes.h"
#include "mirror/export/nbd_proto.h"
#include "tests/history/torture/nbd.h"

enum { PATIENCE_MS = 60000, REQUEST_MAGIC = 0x25609513, REPLY_MAGIC = 0x67446698 };

static int wait_for(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int r = poll(&p, 1, ms);

	return r > 0 ? 0 : r ? -errno : -EAGAIN;
}

/* Something that hangs in the middle of a message is as good as gone. */
int nbd_take(int fd, void *data, size_t len)
{
	uint8_t *to = data;

	while (len) {
		int r = wait_for(fd, POLLIN, PATIENCE_MS);
		ssize_t n = r ? -1 : recv(fd, to, len, MSG_DONTWAIT);

		if (r)
			return r;
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static int give(int fd, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len) {
		ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

static int greet(int fd)
{
	uint8_t hello[NBD_GREETING], option[NBD_CLIENT_FLAGS + NBD_OPTION] = {}, export[NBD_EXPORT];
	int r = nbd_take(fd, hello, sizeof(hello));

	put_be32(option, 1); /* fixed newstyle, and the zeroes behind the answer */
	put_be64(option + 4, get_be64(hello + 8));
	put_be32(option + 12, NBD_OPT_EXPORT_NAME);
	if (!r)
		r = give(fd, option, sizeof(option));
	return r ? r : nbd_take(fd, export, sizeof(export));
}

int nbd_dial(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	if (fd < 0)
		return -errno;
	r = connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : greet(fd);
	if (!r)
		return fd;
	close(fd);
	return r;
}

int nbd_ask(int fd, unsigned type, unsigned flags, uint32_t slot, uint64_t off, uint32_t len,
	    const void *data)
{
	uint8_t head[NBD_REQUEST];
	int r;

	put_be32(head, REQUEST_MAGIC);
	put_be16(head + 4, (uint16_t)flags);
	put_be16(head + 6, (uint16_t)type);
	put_be64(head + 8, slot);
	put_be64(head + 16, off);
	put_be32(head + 24, len);
	r = give(fd, head, sizeof(head));
	return r || !data ? r : give(fd, data, len);
}

int nbd_answer(int fd, struct answer *a, unsigned ms)
{
	uint8_t head[NBD_REPLY];
	int r = wait_for(fd, POLLIN, (int)ms);

	if (!r)
		r = nbd_take(fd, head, sizeof(head));
	if (r)
		return r;
	if (get_be32(head) != REPLY_MAGIC)
		return -EPROTO;
	*a = (struct answer){(uint32_t)get_be64(head + 8), (int)get_be32(head + 4)};
	return 0;
}
