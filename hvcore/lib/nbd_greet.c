/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening an NBD export on a Unix socket: the fixed newstyle handshake (the NBD protocol's
 * doc/proto.md, "Fixed newstyle negotiation") with the option GO, for the export without a name.
 *
 *   server: NBDMAGIC IHAVEOPT flags          client: flags
 *   client: IHAVEOPT GO length data          server: magic GO type length data, up to ACK or an error
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nbd_greet.h"
#include "probe.h"
#include "unix_connect.h"

#define NBDMAGIC UINT64_C(0x4e42444d41474943)
#define IHAVEOPT UINT64_C(0x49484156454f5054)
#define REPLY    UINT64_C(0x3e889045565a9)

enum {
	FIXED_NEWSTYLE = 1,
	NO_ZEROES = 2,
	GO = 7,
	REP_ACK = 1,
	REP_INFO = 3,
	INFO_EXPORT = 0,
	INFO_BLOCK_SIZE = 3,
	TEXT_MAX = 160,
	DATA_MAX = 4096,
	ALIGN_MAX = 4096,
	PAYLOAD_MAX = 32 << 20, /* where the server names none */
};
#define REP_ERROR UINT32_C(0x80000000)

struct talk {
	int fd;
	int64_t deadline;
};

static int get(const struct talk *t, void *buf, size_t len)
{
	return hv_unix_get(t->fd, buf, len, t->deadline);
}

/* What is said fits into the socket's buffer. */
static int put(const struct talk *t, const void *buf, size_t len)
{
	ssize_t n = send(t->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n == (ssize_t)len ? 0 : n < 0 ? -errno : -EIO;
}

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)u16(p) << 16 | u16(p + 2);
}

static uint64_t u64(const uint8_t *p)
{
	return (uint64_t)u32(p) << 32 | u32(p + 4);
}

static int hello(const struct talk *t)
{
	uint8_t in[18];
	uint32_t flags = htobe32(FIXED_NEWSTYLE | NO_ZEROES);
	int rc = get(t, in, sizeof(in));

	if (rc)
		return rc;
	if (u64(in) != NBDMAGIC || u64(in + 8) != IHAVEOPT || !(u16(in + 16) & FIXED_NEWSTYLE))
		return -EPROTO;
	return put(t, &flags, sizeof(flags));
}

static int ask(const struct talk *t)
{
	struct {
		uint64_t magic;
		uint32_t option, length, name;
		uint16_t count, info;
	} __attribute__((packed)) go = {
		.magic = htobe64(IHAVEOPT),
		.option = htobe32(GO),
		.length = htobe32(8),
		.count = htobe16(1),
		.info = htobe16(INFO_BLOCK_SIZE),
	};

	return put(t, &go, sizeof(go));
}

static void take_info(struct nbd_export *e, const uint8_t *data, uint32_t len, bool *known)
{
	if (len == 12 && u16(data) == INFO_EXPORT) {
		e->size = u64(data + 2);
		e->flags = u16(data + 10);
		*known = true;
	} else if (len == 14 && u16(data) == INFO_BLOCK_SIZE) {
		e->min = u32(data + 2);
		e->max = u32(data + 10);
	}
}

/* answers() - Up to the last one.  1: it refuses, and @text says why. */
static int answers(const struct talk *t, struct nbd_export *e, char text[TEXT_MAX])
{
	uint8_t head[20], data[DATA_MAX];
	bool known = false;

	for (;;) {
		uint32_t type, len;
		int rc = get(t, head, sizeof(head));

		if (rc)
			return rc;
		type = u32(head + 12);
		len = u32(head + 16);
		if (u64(head) != REPLY || u32(head + 8) != GO || len > DATA_MAX)
			return -EPROTO;
		rc = get(t, data, len);
		if (rc)
			return rc;
		if (type & REP_ERROR) {
			snprintf(text, TEXT_MAX, "%.*s", (int)(len < TEXT_MAX ? len : TEXT_MAX - 1),
				 (char *)data);
			return 1;
		}
		if (type == REP_ACK)
			return known ? 0 : -EPROTO;
		if (type == REP_INFO)
			take_info(e, data, len, &known);
	}
}

bool nbd_plausible(const struct nbd_export *e)
{
	return e->flags & NBD_HAS_FLAGS && e->min && !(e->min & (e->min - 1)) &&
	       e->min <= ALIGN_MAX && e->max >= ALIGN_MAX && e->max <= INT32_MAX &&
	       e->size <= INT64_MAX;
}

int nbd_greet(int fd, int timeout_ms, struct nbd_export *e, const char *what, struct hv_error *err)
{
	struct talk t = {fd, hv_clock_ms() + timeout_ms};
	char text[TEXT_MAX] = "";
	int rc = hello(&t);

	*e = (struct nbd_export){.min = 1, .max = PAYLOAD_MAX};
	if (!rc)
		rc = ask(&t);
	if (!rc)
		rc = answers(&t, e, text);
	if (rc == 1)
		return hv_err(err, -EACCES, "%s refuses it: %s", what,
			      text[0] ? text : "it does not say why");
	if (!rc && !nbd_plausible(e))
		rc = -EPROTO;
	e->max -= e->max % ALIGN_MAX;
	if (rc == -EPROTO)
		return hv_err(err, rc, "%s does not speak NBD as it is meant", what);
	return rc ? hv_err(err, rc, "%s does not let us in: %s", what, strerror(-rc)) : 0;
}

int nbd_dial(const struct hv_disk *disk, int64_t deadline, struct nbd_export *e,
	     struct hv_error *err)
{
	char what[200];
	int fd = hv_unix_connect(disk->path, deadline), rc;

	snprintf(what, sizeof(what), "disk %s: the NBD server at %s", disk->target, disk->path);
	if (fd < 0)
		return hv_err(err, fd,
			      "%s cannot be reached: %s; is it running (a mirror: promoted) "
			      "on this host?",
			      what, strerror(-fd));
	rc = nbd_greet(fd, hv_left_ms(deadline), e, what, err);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}
