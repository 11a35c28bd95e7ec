// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/replace.h"
#include "hv/rundir.h"
#include "run_file.h"

enum { DESCRIPTORS = 8 };

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
 * remove_dir() - What is empty but for its turn, which goes last: who comes meanwhile waits for it.  Who comes
 * between the two calls makes another one, and the directory is theirs.
 */
static int remove_dir(const char *path)
{
	char turn[4096];
	int n = snprintf(turn, sizeof(turn), "%s/starter", path);

	if (n < 0 || (size_t)n >= sizeof(turn))
		return -ENAMETOOLONG;
	if (unlink(turn) && errno != ENOENT)
		return -errno;
	return rmdir(path) && errno != ENOENT && errno != ENOTEMPTY ? -errno : 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	if (!ftw->level)
		return remove_dir(path);
	if (ftw->level == 1 && !strcmp(path + ftw->base, "starter"))
		return 0;
	return remove(path) && errno != ENOENT ? -errno : 0;
}

int hv_run_remove(const char *name, struct hv_error *err)
{
	char path[4096];
	int rc;

	if (hv_run_path(path, sizeof(path), name, ""))
		return too_long(name, err);
	rc = nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
	if (rc == -1 && errno == ENOENT)
		return 0; /* another one removes it */
	if (rc == -1)
		rc = -errno;
	return rc ? hv_err(err, rc, "%s: cannot be removed: %s", path, strerror(-rc)) : 0;
}
