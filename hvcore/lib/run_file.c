// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/replace.h"
#include "hv/rundir.h"
#include "run_file.h"
#include "turn.h"

static int too_long(const char *name, struct hv_error *err)
{
	return hv_err(err, -ENAMETOOLONG, "domain %s: the run directory's path is too long", name);
}

int hv_run_put(const char *name, const char *file, const char *text, struct hv_error *err)
{
	char path[4096];
	int rc = hv_run_path(path, sizeof(path), name, file);

	if (rc)
		return too_long(name, err);
	if (!text) {
		if (unlink(path) && errno != ENOENT)
			return hv_err(err, -errno, "%s: cannot be removed: %s", path,
				      strerror(errno));
		return 0;
	}
	rc = hv_replace(path, text, strlen(text), 0640, false);
	return rc ? hv_replace_failed(path, rc, err) : 0;
}

int hv_run_rename(const char *from, const char *to, struct hv_error *err)
{
	char a[4096], b[4096];

	if (hv_run_path(a, sizeof(a), from, "") || hv_run_path(b, sizeof(b), to, ""))
		return too_long(from, err);
	if (!renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE))
		return 0;
	if (errno == ENOENT && !renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE))
		return 0;
	return hv_err(err, -errno, "%s: cannot become %s: %s", a, b, strerror(errno));
}

/*
 * remove_at() - @name in @dirfd with all that is in it, whatever has been put there: links are not followed.  Of the
 * @whole run directory the turn goes last: who comes meanwhile waits for it.  Who comes between the last two calls
 * makes another one, and the directory is theirs.
 */
static int remove_at(int dirfd, const char *name, bool whole)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		rc = errno == ENOENT ? 0 : -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (!rc && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    (whole && !strcmp(e->d_name, HV_TURN_FILE)))
			continue;
		if (unlinkat(fd, e->d_name, 0) && errno != ENOENT)
			rc = errno == EISDIR ? remove_at(fd, e->d_name, false) : -errno;
	}
	if (!rc && whole && unlinkat(fd, HV_TURN_FILE, 0) && errno != ENOENT)
		rc = -errno;
	closedir(dir);
	if (!rc && unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT &&
	    !(whole && errno == ENOTEMPTY))
		rc = -errno;
	return rc;
}

int hv_run_remove(const char *name, struct hv_error *err)
{
	char path[4096];
	int rc;

	if (hv_run_path(path, sizeof(path), name, ""))
		return too_long(name, err);
	path[strlen(path) - 1] = '\0'; /* its slash would follow a link */
	rc = remove_at(AT_FDCWD, path, true);
	return rc ? hv_err(err, rc, "%s: cannot be removed: %s", path, strerror(-rc)) : 0;
}
