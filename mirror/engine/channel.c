// SPDX-License-Identifier: GPL-2.0-or-later
#include "mirror/engine/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t channel_readv(const struct channel *c, struct iovec *v, size_t n)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
	ssize_t got;

	if (c->tls)
		return tls_read(c->tls, v[0].iov_base, v[0].iov_len);
	do
		got = recvmsg(c->fd, &m, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got > 0 ? got : got ? -errno : -ECONNRESET;
}

ssize_t channel_writev(const struct channel *c, struct iovec *v, size_t n)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
	ssize_t put;

	if (c->tls)
		return tls_writev(c->tls, v, n);
	do
		put = sendmsg(c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put < 0 ? -errno : put;
}

bool channel_pending(const struct channel *c)
{
	return c->tls && tls_pending(c->tls);
}

int channel_bare(struct channel *c)
{
	int fd = c->fd;

	tls_free(c->tls);
	*c = (struct channel){.fd = -1};
	return fd;
}

void channel_close(struct channel *c)
{
	int fd = channel_bare(c);

	if (fd >= 0)
		close(fd);
}
