// SPDX-License-Identifier: GPL-2.0-or-later
#include "fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "command.h"
#include "control.h"

enum { MESSAGE_FDS_MAX = 253 /* SCM_MAX_FD, the kernel's own limit */ };

static void keep_pending(struct fds *f, int fd)
{
	if (f->has_pending) {
		close(f->pending);
		control_counters.fds_closed++;
	}
	f->pending = fd;
	f->has_pending = true;
}

/*
 * All that came has to be looked at: what the kernel has put into our table is
 * ours to close.  Room for as many as one message can have, so that none is lost sight of.
 */
static void take_fds(struct fds *f, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (i == 0) {
				keep_pending(f, fd);
			} else {
				close(fd);
				control_counters.fds_closed++;
			}
		}
	}
}

ssize_t fds_receive(struct fds *f, int sock, void *buf, size_t len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MESSAGE_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = buf, .iov_len = len};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -errno;
	take_fds(f, &msg);
	return n;
}

static struct fds_named *find(struct fds *f, const char *name)
{
	for (unsigned i = 0; i < f->n; i++)
		if (!strcmp(f->named[i].name, name))
			return &f->named[i];
	return NULL;
}

int fds_name(struct fds *f, const char *name, struct hv_error *err)
{
	size_t len = strlen(name);
	struct fds_named *d = find(f, name);

	if (!f->has_pending)
		return hv_err(err, -EBADF, "No file descriptor supplied via SCM_RIGHTS");
	/* QEMU keeps numbers for descriptors it was started with. */
	if (!len || (name[0] >= '0' && name[0] <= '9'))
		return hv_err(err, -EINVAL,
			      "Parameter 'fdname' expects a name not starting with a digit");
	if (len >= FDS_NAME_MAX)
		return hv_err(err, -ENAMETOOLONG,
			      "Parameter 'fdname' expects a name of at most %d bytes",
			      FDS_NAME_MAX - 1);
	if (!d && f->n == FDS_NAMED_MAX)
		return hv_err(
			err, -EMFILE,
			"this connection holds %d descriptors already; close one with closefd",
			FDS_NAMED_MAX);
	if (d)
		close(d->fd);
	else
		d = &f->named[f->n++];
	memcpy(d->name, name, len + 1);
	d->fd = f->pending;
	f->has_pending = false;
	return 0;
}

int fds_take(struct fds *f, const char *name, struct hv_error *err)
{
	struct fds_named *d = find(f, name);
	int fd;

	if (!d)
		return hv_err(err, -ENOENT, "File descriptor named '%.64s' not found", name);
	fd = d->fd;
	*d = f->named[--f->n];
	return fd;
}

void fds_close_all(struct fds *f)
{
	if (f->has_pending)
		close(f->pending);
	for (unsigned i = 0; i < f->n; i++)
		close(f->named[i].fd);
	f->has_pending = false;
	f->n = 0;
}

/* --- commands --- */

static int getfd(struct session *s, const json_t *args, json_t **ret, struct hv_error *err)
{
	return fds_name(&s->fds, json_string_value(json_object_get(args, "fdname")), err);
}

static int closefd(struct session *s, const json_t *args, json_t **ret, struct hv_error *err)
{
	int fd = fds_take(&s->fds, json_string_value(json_object_get(args, "fdname")), err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

const struct command fd_commands[] = {
	{.name = "getfd", .run_in = getfd, .args = {{"fdname", ARG_STRING}}},
	{.name = "closefd", .run_in = closefd, .args = {{"fdname", ARG_STRING}}},
	{.name = NULL},
};
