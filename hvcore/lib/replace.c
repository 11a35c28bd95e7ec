// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/config.h"
#include "hv/replace.h"

enum { PATH_BYTES = 4096 };

/* beside() - The name that @path's successor has until then. */
static int beside(const char *path, char out[PATH_BYTES])
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	int n = snprintf(out, PATH_BYTES, "%.*s.%s.%d.new", (int)(base - path), path, base,
			 (int)getpid());

	if (!*base)
		return -EISDIR;
	return n < 0 || n >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

int hv_replace_begin(const char *path, mode_t mode)
{
	char next[PATH_BYTES];
	int rc = beside(path, next), fd;

	if (rc)
		return rc;
	fd = open(next, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 && errno == EEXIST && !unlink(next))
		/* Of one that died and had our number; somebody may still have a descriptor of it. */
		fd = open(next, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : fd;
}

int hv_replace_end(const char *path, int rc)
{
	char next[PATH_BYTES];
	int e = beside(path, next);

	if (e)
		return rc ? rc : e;
	if (!rc && rename(next, path))
		rc = -errno;
	if (rc)
		unlink(next);
	return rc;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int hv_replace(const char *path, const void *data, size_t len, mode_t mode, bool durable)
{
	int fd = hv_replace_begin(path, mode), rc;

	if (fd < 0)
		return fd;
	rc = write_all(fd, data, len);
	if (!rc && durable && fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return hv_replace_end(path, rc);
}

int hv_replace_failed(const char *path, int rc, struct hv_error *err)
{
	return hv_err(err, rc == -ENOSPC ? -EIO : rc, "%s: cannot be written: %s%s", path,
		      strerror(-rc), rc == -ENOSPC ? "; is the file system full?" : "");
}
