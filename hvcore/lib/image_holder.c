/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the process that holds an image lock; see image_holder.h. */
#include "image_holder.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether fdinfo of descriptor @fd of @pid lists a lock ("lock:\t1: OFDLCK ..."). */
static bool has_lock(const char *pid, const char *fd)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/fdinfo/%.20s", pid, fd);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strncmp(line, "lock:", 5) == 0;
	fclose(f);
	return found;
}

static bool holds(const char *pid, const struct stat *want)
{
	char path[64];
	bool found = false;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	d = opendir(path);
	if (!d)
		return false;
	while (!found && (e = readdir(d))) {
		struct stat st;

		found = fstatat(dirfd(d), e->d_name, &st, 0) == 0 && st.st_dev == want->st_dev &&
			st.st_ino == want->st_ino && has_lock(pid, e->d_name);
	}
	closedir(d);
	return found;
}

/* "hv-domain --config-fd 3 web": the program's name and its last argument. */
static void describe(const char *pid, char *out, size_t size)
{
	char path[64], line[512];
	const char *last = "", *base;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(line, 1, sizeof(line) - 1, f);
		fclose(f);
	}
	line[n] = '\0';
	for (size_t i = strlen(line) + 1; i < n; i += strlen(line + i) + 1)
		last = line + i;
	base = strrchr(line, '/');
	snprintf(out, size, "process %.20s (%.60s%s%.70s)", pid, base ? base + 1 : line,
		 *last ? " " : "", last);
}

void hv_image_holder(int fd, char *out, size_t size)
{
	struct dirent *e;
	struct stat want;
	DIR *proc;

	snprintf(out, size,
		 "a process that cannot be seen from here (another host, or a request "
		 "in flight of one that ended)");
	proc = opendir("/proc");
	if (!proc || fstat(fd, &want) < 0)
		goto out;
	while ((e = readdir(proc))) {
		if (isdigit((unsigned char)e->d_name[0]) && holds(e->d_name, &want)) {
			describe(e->d_name, out, size);
			break;
		}
	}
out:
	if (proc)
		closedir(proc);
}
