// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of role: the scripts of a directory, one after the other, each with
 * the role as its argument.  Only when all have ended with 0 does the guest have
 * the role; the first that does not ends the change, and the host, which still
 * hears the old role, may ask again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

/* As run-parts(8) has it: what an editor or a package manager leaves behind is not run. */
static int is_script_name(const struct dirent *d)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return d->d_name[0] && !d->d_name[strspn(d->d_name, good)];
}

static int find_scripts(struct roles *r)
{
	struct dirent **names;
	int rc = 0, n = scandir(r->dir, &names, is_script_name, alphasort);

	r->scripts = r->next = 0;
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		if (r->scripts == ROLE_SCRIPTS_MAX ||
		    strlen(names[i]->d_name) >= ROLE_SCRIPT_NAME_MAX)
			rc = -E2BIG;
		else
			strcpy(r->script[r->scripts++], names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The role is root's affair: what somebody else can change is not run. */
static int check_script(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if ((st.st_uid && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return S_ISREG(st.st_mode) && (st.st_mode & S_IXUSR) ? 0 : -EACCES;
}

static void give_up(struct roles *r, const char *script, const char *why)
{
	say(LOG_ERR, "role %s: %s/%s %s; the role stays %s", r->running, r->dir, script, why,
	    r->current);
	r->running[0] = '\0';
}

static void save(const struct roles *r)
{
	char path[256], new[sizeof(path) + 4];
	int fd, n = snprintf(path, sizeof(path), "%s/role", r->run_dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	snprintf(new, sizeof(new), "%s.new", path);
	mkdir(r->run_dir, 0755);
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, r->current, strlen(r->current)) < 0 || rename(new, path))
		say(LOG_WARNING, "%s: the role cannot be kept for a restart: %s", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* run_next() - The next script, or the end; true when there is a new current role. */
static bool run_next(struct roles *r)
{
	char path[512];
	const char *argv[] = {path, r->running, NULL};
	const char *name;
	int rc;

	if (r->next == r->scripts) {
		say(LOG_NOTICE, "role %s: done, %u scripts", r->running, r->scripts);
		strcpy(r->current, r->running);
		r->running[0] = '\0';
		save(r);
		return true;
	}
	name = r->script[r->next++];
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	rc = check_script(path);
	if (!rc)
		rc = job_start(&r->job, argv, r->timeout);
	if (rc == -EPERM)
		give_up(r, name, "can be changed by others than root and is not run");
	else if (rc)
		give_up(r, name, strerror(-rc));
	return false;
}

/* begin() - With what is wanted, as long as nothing runs; true: a new current role. */
static bool begin(struct roles *r)
{
	bool changed = false;

	while (!r->running[0] && r->wanted[0]) {
		int rc;

		strcpy(r->running, r->wanted);
		r->wanted[0] = '\0';
		rc = find_scripts(r);
		if (rc)
			give_up(r, "", strerror(-rc));
		else
			changed |= run_next(r);
	}
	return changed;
}

bool roles_ask(struct roles *r, const char *role)
{
	const char *last = r->wanted[0] ? r->wanted : r->running[0] ? r->running : r->current;

	if (!strcmp(last, role))
		return last == r->current;
	say(LOG_NOTICE, "role %s: the host asks for it", role);
	snprintf(r->wanted, sizeof(r->wanted), "%s", role);
	return begin(r);
}

bool roles_reap(struct roles *r)
{
	char why[64];
	bool changed = false;
	int status;

	if (!job_ended(&r->job, &status))
		return false;
	if (r->job.late)
		snprintf(why, sizeof(why), "took longer than %u ms and was killed", r->timeout);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "ended with %d", WEXITSTATUS(status));
	if (status || r->job.late)
		give_up(r, r->script[r->next - 1], why);
	else
		changed = run_next(r);
	return begin(r) || changed;
}

void roles_load(struct roles *r)
{
	char path[256];
	ssize_t n;
	int fd;

	strcpy(r->current, "none");
	snprintf(path, sizeof(path), "%s/role", r->run_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	n = read(fd, r->current, BEAT_ROLE_MAX);
	close(fd);
	r->current[n > 0 ? n : 0] = '\0';
	if (!beat_role_ok(r->current))
		strcpy(r->current, "none");
}
