// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "vhost_wire.h"

int vhost_send(int sock, uint32_t request, uint32_t flags, const void *payload, uint32_t size,
	       const int *fds, unsigned nfds)
{
	struct vhost_header h = {request, VHOST_VERSION | flags, size};
	struct iovec v[] = {{&h, sizeof(h)}, {(void *)payload, size}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = size ? 2 : 1};
	char room[CMSG_SPACE(VHOST_FDS_MAX * sizeof(int))] __attribute__((aligned(8))) = {0};
	ssize_t n;

	_Static_assert(sizeof(h) == 12, "as on the wire");
	if (nfds) {
		m.msg_control = room;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
						      .cmsg_type = SCM_RIGHTS,
						      .cmsg_len = CMSG_LEN(nfds * sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, nfds * sizeof(int));
	}
	n = sendmsg(sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		return errno == EPIPE ? -ECONNRESET : -errno;
	return n == (ssize_t)(sizeof(h) + size) ? 0 : -EIO;
}

bool vhost_answers(const struct vhost_header *h, uint32_t request, uint32_t size)
{
	return h->request == request && h->size == size &&
	       (h->flags & (VHOST_VERSION_MASK | VHOST_REPLY)) == (VHOST_VERSION | VHOST_REPLY);
}
