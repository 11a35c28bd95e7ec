// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "hv/rundir.h"

#include "remains.h"

static int remove_below(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -errno;
	}
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) && errno == EISDIR)
			remove_below(fd, e->d_name);
	}
	closedir(dir);
	return unlinkat(dirfd, name, AT_REMOVEDIR) ? -errno : 0;
}

int run_dir_remove(const char *name, struct hv_error *err)
{
	char path[PATH_MAX];
	int rc = hv_run_path(path, sizeof(path), name, "");

	if (!rc) {
		path[strlen(path) - 1] = '\0';
		rc = remove_below(AT_FDCWD, path);
	}
	return rc ? hv_err(err, rc, "%s: cannot be removed: %s", path, strerror(-rc)) : 0;
}
