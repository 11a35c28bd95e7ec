// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/replace.h"
#include "hv/rundir.h"

#include "home.h"
#include "progress.h"

static int lock_fd = -1; /* open for life: closing it would end the domain's claim */

static int make_dirs(const char *name, struct hv_error *err)
{
	char dir[4096];
	int rc = hv_run_path(dir, sizeof(dir), name, "channel");

	if (rc)
		return hv_err(err, rc, "domain \"%.64s\": not a name for a domain", name);
	/* 0711: the domain's own user (jail.h) reaches its sockets by name. */
	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", hv_run_root(),
			      strerror(errno));
	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0711) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", dir,
			      strerror(errno));
	strcat(dir, "/channel");
	if (mkdir(dir, 0711) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s", dir, strerror(errno));
	return 0;
}

static int take_lock(const char *name, struct hv_error *err)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	int rc;

	hv_run_path(path, sizeof(path), name, "lock");
	lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);
	if (lock_fd < 0)
		return hv_err(err, -errno, "%s: cannot be opened: %s; run as root?", path,
			      strerror(errno));
	if (!fcntl(lock_fd, F_OFD_SETLK, &fl))
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		rc = hv_err(err, -EEXIST, "domain %s: runs already (%s is locked)", name, path);
	else
		rc = hv_err(err, -errno, "%s: cannot be locked: %s", path, strerror(errno));
	close(lock_fd);
	lock_fd = -1;
	return rc;
}

static int put_file(const char *name, const char *file, const char *text, struct hv_error *err)
{
	char path[4096];
	int rc = hv_run_path(path, sizeof(path), name, file);

	if (rc)
		return hv_err(err, rc, "domain %s: its run directory's path is too long", name);
	rc = hv_replace(path, text, strlen(text), 0644, false);
	return rc ? hv_err(err, rc, "%s: cannot be written: %s; is the file system full?", path,
			   strerror(-rc))
		  : 0;
}

/* gone() - Whether nobody reads @pipe any more. */
static bool gone(int pipe)
{
	struct pollfd p = {.fd = pipe};

	return pipe >= 0 && poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

int home_take(const struct hv_config *c, const char *json, int starter, struct hv_error *err)
{
	const char *name = c->name;
	char pid[16], uuid[37], line[38];
	int rc = make_dirs(name, err);

	if (!rc)
		rc = take_lock(name, err);
	/*
	 * A starter that is killed leaves us behind, and for who looked before we had the lock this
	 * domain had ended.  One that is killed from here on leaves a lock that is seen.
	 */
	if (!rc && gone(starter))
		rc = hv_err(err, -ECANCELED, "domain %s: its starter has gone before it began",
			    name);
	if (rc)
		return rc;
	if (hv_incarnation_new(uuid))
		return hv_err(err, -EIO, "domain %s: no random numbers for its incarnation", name);
	snprintf(line, sizeof(line), "%s\n", uuid);
	snprintf(pid, sizeof(pid), "%d\n", getpid());
	/* Before the incarnation: who knows of it finds neither the last one's page nor intent. */
	rc = hv_intent_write(name, HV_INTENT_NONE, 0, err);
	if (!rc)
		rc = progress_create(c, uuid, err);
	if (!rc)
		rc = put_file(name, "incarnation", line, err);
	if (!rc)
		rc = put_file(name, "config.json", json, err);
	if (!rc)
		rc = put_file(name, "pid", pid, err);
	return rc;
}

void home_leave(const char *name)
{
	static const char *const files[] = {"pid", "qmp.sock", "console.sock"};
	char path[4096];

	/* Not ours to tidy: another start may hold the lock. */
	if (lock_fd < 0)
		return;
	/* In the jail these are refused, and the next start replaces them: the lock alone counts. */
	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!hv_run_path(path, sizeof(path), name, files[i]))
			unlink(path);
}
