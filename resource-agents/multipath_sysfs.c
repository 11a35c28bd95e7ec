// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A map as the kernel shows it, for when multipathd does not: block/dm-N/dm/name, its slaves, and
 * of a slave that is a SCSI device whether that is running.  Reading sysfs waits for no disk.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "multipath.h"

enum { WORD = 160 };

/* What @dir/@file says, without its newline; "" where it is not there. */
static void word(char out[WORD], int dir, const char *file)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, WORD - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static DIR *open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static bool is_map(int block, const char *dm, const char *name)
{
	char path[PATH_MAX], is[WORD];

	snprintf(path, sizeof(path), "%s/dm/uuid", dm);
	word(is, block, path);
	if (strncmp(is, "mpath-", 6))
		return false;
	if (!strcmp(is + 6, name))
		return true;
	snprintf(path, sizeof(path), "%s/dm/name", dm);
	word(is, block, path);
	return !strcmp(is, name);
}

static void slaves(int block, const char *dm, struct multipath_map *m)
{
	char path[PATH_MAX], state[WORD];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/dm/suspended", dm);
	word(state, block, path);
	m->suspended = !strcmp(state, "1");
	snprintf(path, sizeof(path), "%s/slaves", dm);
	d = open_dir(block, path);
	while (d && (e = readdir(d)) && m->n < PATHS_MAX) {
		struct multipath_path *p = &m->path[m->n];

		if (e->d_name[0] == '.' || strlen(e->d_name) >= sizeof(p->dev))
			continue;
		strcpy(p->dev, e->d_name);
		snprintf(path, sizeof(path), "%s/device/state", e->d_name);
		word(state, dirfd(d), path);
		/* Devices that are not SCSI's say "live", or nothing. */
		p->works = !*state || !strcmp(state, "running") || !strcmp(state, "live");
		m->working += p->works;
		m->n++;
	}
	if (d)
		closedir(d);
}

int multipath_sysfs(const char *root, const char *name, struct multipath_map *m)
{
	char path[PATH_MAX];
	struct dirent *e;
	int rc = -ENOENT;
	DIR *d;

	memset(m, 0, sizeof(*m));
	snprintf(path, sizeof(path), "%s/block", root);
	d = open_dir(AT_FDCWD, path);
	if (!d)
		return -errno;
	while (rc && (e = readdir(d)))
		if (!strncmp(e->d_name, "dm-", 3) && is_map(dirfd(d), e->d_name, name)) {
			slaves(dirfd(d), e->d_name, m);
			rc = 0;
		}
	closedir(d);
	return rc;
}
