// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images of spares.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/standby.h"

#include "spare.h"

enum { PIECE = 8 * 1024 * 1024 };

/* copy_piece() - From @in to @out, which stand at the same place; 0: there is no more. */
static ssize_t copy_piece(int in, int out, size_t n)
{
	static char buf[1024 * 1024];
	ssize_t got = copy_file_range(in, NULL, out, NULL, n, 0);

	if (got >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP &&
			 errno != ENOSYS && errno != EBADF))
		return got;
	got = read(in, buf, n < sizeof(buf) ? n : sizeof(buf));
	return got > 0 ? write(out, buf, (size_t)got) : got;
}

/* next_data() - Where the next bytes are that are not a hole, and how many at most; 0: none. */
static uint64_t next_data(int in, off_t *at, off_t size)
{
	off_t data = lseek(in, *at, SEEK_DATA), hole;

	if (data < 0) {
		/* ENXIO: nothing but a hole; else: it has no holes that it knows of. */
		if (errno == ENXIO)
			return 0;
		return (uint64_t)(size - *at);
	}
	hole = lseek(in, data, SEEK_HOLE);
	*at = data;
	return (uint64_t)((hole < 0 ? size : hole) - data);
}

static int copy(int in, int out, off_t size, void (*step)(void *, uint64_t, uint64_t), void *arg)
{
	off_t at = 0;
	uint64_t n;

	if (ftruncate(out, size))
		return -errno;
	while (at < size && (n = next_data(in, &at, size))) {
		if (lseek(in, at, SEEK_SET) < 0 || lseek(out, at, SEEK_SET) < 0)
			return -errno;
		while (n) {
			ssize_t done = copy_piece(in, out, n < PIECE ? n : PIECE);

			if (done < 0)
				return -errno;
			if (!done)
				return -EIO; /* it has become shorter */
			at += done;
			n -= (uint64_t)done;
			if (step)
				step(arg, (uint64_t)at, (uint64_t)size);
		}
	}
	return 0;
}

int image_make(const char *from, const char *to,
	       void (*step)(void *arg, uint64_t done, uint64_t all), void *arg,
	       struct hv_error *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out, rc = 0;
	off_t size = in < 0 ? -1 : lseek(in, 0, SEEK_END);

	if (size < 0) {
		rc = hv_err(err, -errno, "%s: cannot be read: %s", from, strerror(errno));
		if (in >= 0)
			close(in);
		return rc;
	}
	unlink(to);
	out = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out < 0) {
		rc = hv_err(err, -errno, "%s: cannot be made: %s", to, strerror(errno));
		close(in);
		return rc;
	}
	if (ioctl(out, FICLONE, in))
		rc = copy(in, out, size, step, arg);
	if (close(out) && !rc)
		rc = -errno;
	close(in);
	if (rc) {
		unlink(to);
		return hv_err(err, rc, "%s: cannot be copied to %s: %s", from, to, strerror(-rc));
	}
	return 0;
}

static bool is_own(const struct hv_disk *d)
{
	return !d->gated && !d->readonly;
}

int images_make(const struct hv_config *template, const struct hv_config *spare,
		void (*step)(void *arg, uint64_t done, uint64_t all), void *arg,
		struct hv_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < spare->ndisks && !rc; i++)
		if (is_own(&spare->disk[i]))
			rc = image_make(template->disk[i].path, spare->disk[i].path, step, arg,
					err);
	for (unsigned i = 0; rc && i < spare->ndisks; i++)
		if (is_own(&spare->disk[i]))
			unlink(spare->disk[i].path);
	return rc;
}

int spare_config(const struct hv_config *template, const char *name, const char *directory,
		 struct hv_config *out, struct hv_error *err)
{
	const char *node = hv_node_name();
	int rc;

	if (!node)
		return hv_err(err, -EINVAL, "this node has no name that a path can have in it");
	rc = hv_standby_config(template, name, node, out, err);
	for (unsigned i = 0; !rc && i < out->ndisks; i++) {
		char *path = NULL;

		if (!is_own(&out->disk[i]))
			continue;
		if (asprintf(&path, "%s/%s.%s.%s.img", directory, node, name, out->disk[i].target) <
		    0) {
			hv_config_free(out);
			return hv_err(err, -ENOMEM, "%s: not enough memory", name);
		}
		free(out->disk[i].path);
		out->disk[i].path = path;
	}
	return rc;
}
