// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "open_images.h"

/* A number after @key in a file of /proc, in @base; -1 where there is none. */
static long field(const char *path, const char *key, int base)
{
	char line[256];
	long n = -1;
	FILE *f = fopen(path, "re");

	while (f && n < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			n = strtol(line + strlen(key), NULL, base);
	if (f)
		fclose(f);
	return n;
}

static bool is_image(int dir, long pid, const char *fd, char *path, size_t size)
{
	const char *root = hv_run_root();
	char info[64];
	struct stat st;
	ssize_t n;
	long flags;

	if (fstatat(dir, fd, &st, 0) || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return false;
	snprintf(info, sizeof(info), "/proc/%ld/fdinfo/%.16s", pid, fd);
	flags = field(info, "flags:", 8);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return false;
	n = readlinkat(dir, fd, path, size - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return *path == '/' && strncmp(path, "/memfd:", 7) && strncmp(path, root, strlen(root));
}

int hv_open_images(int pidfd, struct hv_config *c)
{
	char path[4096];
	struct dirent *e;
	int rc = 0;
	long pid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	pid = field(path, "Pid:", 10);
	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	dir = pid > 0 ? opendir(path) : NULL;
	if (!dir)
		return pid > 0 ? -errno : -ESRCH;
	while (!rc && (e = readdir(dir))) {
		struct hv_disk *d = &c->disk[c->ndisks];

		if (e->d_name[0] == '.' ||
		    !is_image(dirfd(dir), pid, e->d_name, path, sizeof(path)))
			continue;
		if (c->ndisks == HV_DISKS_MAX) {
			rc = -E2BIG;
			break;
		}
		d->path = strdup(path);
		rc = d->path ? 0 : -ENOMEM;
		c->ndisks += !rc;
	}
	closedir(dir);
	return rc;
}
