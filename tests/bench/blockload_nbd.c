// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The smallest client of NBD's fixed newstyle that can have many requests in flight: simple replies, and
 * what is queued goes out in one call before it is waited for.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/drbd/bytes.h"
#include "tests/bench/blockload.h"

#define HAVE_OPTION UINT64_C(0x49484156454f5054)

enum {
	REQUEST_MAGIC = 0x25609513,
	REPLY_MAGIC = 0x67446698,
	OPT_EXPORT_NAME = 1,
	REQUEST = 28,
	REPLY = 16,
	ROOM = 1 << 20,
};

struct nbd {
	struct load_target target; /* first: it is what others see */
	int fd;
	struct iovec out[2 * LANES_MAX];
	int nout;
	uint8_t head[LANES_MAX][REQUEST];
	struct {
		uint8_t *buf; /* NULL: nothing comes behind the reply */
		uint32_t len;
	} wanted[LANES_MAX];
	uint8_t in[ROOM]; /* in[at..end) is not looked at yet */
	size_t at, end;
};

static int send_all(int fd, struct iovec *v, int n)
{
	while (n) {
		struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
		ssize_t k = sendmsg(fd, &m, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		for (; n && (size_t)k >= v->iov_len; v++, n--)
			k -= (ssize_t)v->iov_len;
		if (n) {
			v->iov_base = (uint8_t *)v->iov_base + k;
			v->iov_len -= (size_t)k;
		}
	}
	return 0;
}

static int recv_all(int fd, void *buf, size_t len)
{
	ssize_t k = recv(fd, buf, len, MSG_WAITALL);

	return k == (ssize_t)len ? 0 : k < 0 ? -errno : -ECONNRESET;
}

static int submit(struct load_target *t, const struct load_request *r)
{
	static const uint16_t command[] = {[LOAD_READ] = 0, [LOAD_WRITE] = 1, [LOAD_FLUSH] = 3};
	struct nbd *n = (struct nbd *)t;
	uint8_t *h = n->head[r->lane];
	uint32_t len = r->verb == LOAD_FLUSH ? 0 : r->len;

	put_be32(h, REQUEST_MAGIC);
	put_be16(h + 4, 0);
	put_be16(h + 6, command[r->verb]);
	put_be64(h + 8, r->lane);
	put_be64(h + 16, r->verb == LOAD_FLUSH ? 0 : r->off);
	put_be32(h + 24, len);
	n->out[n->nout++] = (struct iovec){h, REQUEST};
	if (r->verb == LOAD_WRITE)
		n->out[n->nout++] = (struct iovec){r->buf, len};
	n->wanted[r->lane].buf = r->verb == LOAD_READ ? r->buf : NULL;
	n->wanted[r->lane].len = len;
	return 0;
}

/* take_data() - What a read asked for, as far as it is there, and the rest to where it belongs. */
static int take_data(struct nbd *n, unsigned lane)
{
	size_t have = n->end - n->at, len = n->wanted[lane].len, k = have < len ? have : len;

	memcpy(n->wanted[lane].buf, n->in + n->at, k);
	n->at += k;
	return k < len ? recv_all(n->fd, n->wanted[lane].buf + k, len - k) : 0;
}

static int take_reply(struct nbd *n, struct load_end *e)
{
	const uint8_t *h = n->in + n->at;
	uint64_t lane = get_be64(h + 8);
	int error = (int)get_be32(h + 4);

	if (get_be32(h) != REPLY_MAGIC || lane >= LANES_MAX)
		return -EPROTO;
	n->at += REPLY;
	*e = (struct load_end){(unsigned)lane, -error};
	return !error && n->wanted[lane].buf ? take_data(n, (unsigned)lane) : 0;
}

static int wait_for(struct load_target *t, struct load_end ends[LANES_MAX])
{
	struct nbd *n = (struct nbd *)t;
	int count = 0, r = send_all(n->fd, n->out, n->nout);

	n->nout = 0;
	while (!r && !count) {
		ssize_t k;

		memmove(n->in, n->in + n->at, n->end - n->at);
		n->end -= n->at;
		n->at = 0;
		k = recv(n->fd, n->in + n->end, ROOM - n->end, 0);
		if (k <= 0)
			return k ? -errno : -ECONNRESET;
		n->end += (size_t)k;
		while (!r && count < LANES_MAX && n->end - n->at >= REPLY)
			r = take_reply(n, &ends[count++]);
	}
	return r ? r : count;
}

static int negotiate(struct nbd *n)
{
	uint8_t hello[18], out[4 + 16] = {0}, export[10];
	struct iovec v = {out, sizeof(out)};
	int r = recv_all(n->fd, hello, sizeof(hello));

	if (!r && get_be64(hello + 8) != HAVE_OPTION)
		r = -EPROTO;
	put_be32(out, get_be16(hello + 16) & 3); /* fixed newstyle, no zeroes */
	put_be64(out + 4, HAVE_OPTION);
	put_be32(out + 12, OPT_EXPORT_NAME);
	if (!r)
		r = send_all(n->fd, &v, 1);
	if (!r)
		r = recv_all(n->fd, export, sizeof(export));
	n->target.size = get_be64(export);
	return r;
}

int load_open_nbd(struct load_target **t, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct nbd *n = calloc(1, sizeof(*n));
	int r;

	if (!n || strlen(path) >= sizeof(a.sun_path)) {
		free(n);
		return n ? -ENAMETOOLONG : -ENOMEM;
	}
	strcpy(a.sun_path, path);
	n->target = (struct load_target){.submit = submit, .wait = wait_for};
	n->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = n->fd < 0 || connect(n->fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : negotiate(n);
	if (r) {
		if (n->fd >= 0)
			close(n->fd);
		free(n);
		return r;
	}
	*t = &n->target;
	return 0;
}
