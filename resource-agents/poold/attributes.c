// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/rundir.h"

#include "attributes.h"

enum { NAME_BYTES = 256 };

static void path_of(char path[PATH_MAX], const char *suffix)
{
	snprintf(path, PATH_MAX, "%s/.poold.attributes%s", hv_run_root(), suffix);
}

int attributes_write(const char *names)
{
	char path[PATH_MAX], next[PATH_MAX];
	size_t len = strlen(names);
	int fd, rc = 0;

	path_of(path, "");
	path_of(next, ".new");
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, names, len) != (ssize_t)len)
		rc = errno ? -errno : -ENOSPC;
	close(fd);
	return rc ? rc : rename(next, path) ? -errno : 0;
}

unsigned attributes_read(void (*each)(void *arg, const char *name), void *arg)
{
	char path[PATH_MAX], line[NAME_BYTES];
	unsigned n = 0;
	FILE *f;

	path_of(path, "");
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "taiki-", 6) != 0)
			continue;
		each(arg, line);
		n++;
	}
	if (f)
		fclose(f);
	return n;
}
