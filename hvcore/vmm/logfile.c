// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logfile.h"

int logfile_open(struct logfile *f, const char *path, off_t max)
{
	struct stat st;

	f->max = max;
	f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (f->fd < 0)
		return -errno;
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode)) {
		logfile_close(f);
		return -EINVAL;
	}
	f->size = st.st_size;
	return 0;
}

/* Move the newer half to the front. */
static void halve(struct logfile *f)
{
	off_t from = f->size - f->max / 2, to = 0;
	char buf[4096];

	while (from < f->size) {
		ssize_t n = pread(f->fd, buf, sizeof(buf), from);

		if (n <= 0 || pwrite(f->fd, buf, (size_t)n, to) != n)
			break;
		from += n;
		to += n;
	}
	f->size = ftruncate(f->fd, to) ? f->size : to;
}

int logfile_write(struct logfile *f, const void *data, size_t len)
{
	ssize_t n;

	if (f->fd < 0)
		return 0;
	/* Others may append (a starter's stderr) or truncate (logrotate). */
	f->size = lseek(f->fd, 0, SEEK_END);
	if (f->size + (off_t)len > f->max && f->size > f->max / 2)
		halve(f);
	n = pwrite(f->fd, data, len, f->size);
	if (n < 0)
		return -errno;
	f->size += n;
	return (size_t)n == len ? 0 : -ENOSPC;
}

void logfile_close(struct logfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
