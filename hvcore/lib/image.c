// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hv/image.h"
#include "probe.h"

int hv_image_lock(int fd, bool writer)
{
	struct flock fl = {.l_type = writer ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

	if (!fcntl(fd, F_OFD_SETLK, &fl))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

/* What says that the file or device is gone, so that no later writer can reach it here. */
static bool gone(int e)
{
	return e == ENOENT || e == ENOTDIR || e == ENXIO || e == ENODEV || e == ENOTCONN ||
	       e == ESTALE;
}

/*
 * A disk that answers errors cannot be opened to ask for its lock; the kernel's
 * own list of locks (proc(5), /proc/locks) can still be read.
 */
static int listed(const char *path)
{
	char line[256], kind[32], mode[16];
	unsigned major_no, minor_no;
	unsigned long long ino;
	struct stat st;
	FILE *f;
	int rc = 0;

	if (stat(path, &st))
		return gone(errno) ? 0 : -errno;
	f = fopen("/proc/locks", "re");
	if (!f)
		return -errno;
	while (!rc && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d: %31s %*s %15s %*d %x:%x:%llu", kind, mode, &major_no,
			   &minor_no, &ino) == 5 &&
		    !strcmp(mode, "WRITE") && makedev(major_no, minor_no) == st.st_dev &&
		    ino == st.st_ino)
			rc = -EBUSY;
	fclose(f);
	return rc;
}

static int ask_free(const void *arg, void *answer)
{
	/* A reader's question: readers do not conflict with it, a writer does. */
	struct flock fl = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	const char *path = *(const char *const *)arg;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), rc;

	(void)answer;
	if (fd < 0)
		return gone(errno) ? 0 : listed(path);
	if (fcntl(fd, F_OFD_GETLK, &fl))
		rc = -errno;
	else
		rc = fl.l_type == F_UNLCK ? 0 : -EBUSY;
	close(fd);
	return rc;
}

int hv_image_free(const char *path, int timeout_ms, struct hv_error *err)
{
	char nothing;
	int rc = hv_probe(ask_free, &path, &nothing, 0, timeout_ms);

	if (rc == -EBUSY)
		hv_err(err, rc, "disk image %s: its writer's lock is still held", path);
	else if (rc)
		hv_err(err, rc, "disk image %s: cannot be asked for its lock: %s", path,
		       strerror(-rc));
	return rc;
}
