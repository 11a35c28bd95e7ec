/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptors of one QMP connection (getfd, closefd; as QEMU has them).
 *
 * A client sends a descriptor along with the bytes of its request (SCM_RIGHTS)
 * and names it with getfd; a later command takes it by that name.  A connection
 * holds at most one descriptor without a name and FDS_NAMED_MAX with one;
 * whatever is more is closed at once, and all of them with the connection.
 */
#ifndef VMM_CONTROL_FDS_H
#define VMM_CONTROL_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hv/config.h"

enum { FDS_NAMED_MAX = 16, FDS_NAME_MAX = 64 /* with its NUL */ };

/* Zeroed: holds nothing. */
struct fds {
	bool has_pending;
	int pending; /* came last and has no name yet */
	unsigned n;
	struct fds_named {
		int fd;
		char name[FDS_NAME_MAX];
	} named[FDS_NAMED_MAX];
};

/*
 * fds_receive() - recv() without waiting that keeps the first descriptor of the
 * message; the one that waited before it is closed.  Bytes, 0 or -errno.
 */
ssize_t fds_receive(struct fds *f, int sock, void *buf, size_t len);

/* fds_name() - getfd: what waits is @name's from now on, in place of what had it.  0 or -errno with @err. */
int fds_name(struct fds *f, const char *name, struct hv_error *err);

/* fds_take() - The descriptor @name, which is the caller's now; -ENOENT with @err. */
int fds_take(struct fds *f, const char *name, struct hv_error *err);

/* fds_close_all() - Close everything that is held. */
void fds_close_all(struct fds *f);

#endif
