// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who holds a lock.  The kernel does not say for OFD locks, and a number in a
 * file may by now name somebody else; the process one of whose descriptors
 * holds it is the one.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holder.h"
#include "hv/rundir.h"

enum { TASK_DIR = 64 };

/* proc(5): a descriptor's fdinfo lists the locks that its open file description holds. */
static bool holds_lock(const char *task, const char *fd)
{
	char path[TASK_DIR + 32], line[256];
	bool holds = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/fdinfo/%.16s", task, fd);
	f = fopen(path, "re");
	while (f && !holds && fgets(line, sizeof(line), f))
		holds = !strncmp(line, "lock:", 5) && strstr(line, "OFDLCK") &&
			strstr(line, "WRITE");
	if (f)
		fclose(f);
	return holds;
}

/* task_holds() - Whether a descriptor of @task has it; *@none: it shows no descriptor at all. */
static bool task_holds(const char *task, const struct stat *file, bool *none)
{
	char path[TASK_DIR + 8];
	struct dirent *e;
	bool is = false;
	DIR *dir;

	*none = true;
	snprintf(path, sizeof(path), "%s/fd", task);
	dir = opendir(path);
	while (dir && !is && (e = readdir(dir))) {
		struct stat st;

		if (e->d_name[0] == '.')
			continue;
		*none = false;
		/* Follows the link: the file itself, whatever it is called by now. */
		is = !fstatat(dirfd(dir), e->d_name, &st, 0) && st.st_dev == file->st_dev &&
		     st.st_ino == file->st_ino && holds_lock(task, e->d_name);
	}
	if (dir)
		closedir(dir);
	return is;
}

/*
 * A process that is ending: its first thread has ended and shows nothing, while another one
 * still gives the memory back, and only after that the descriptors.
 */
static bool thread_holds(pid_t pid, const struct stat *file)
{
	char path[TASK_DIR];
	struct dirent *e;
	bool is = false, none;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && !is && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s", (int)pid, e->d_name);
		is = task_holds(path, file, &none);
	}
	if (dir)
		closedir(dir);
	return is;
}

static bool is_holder(pid_t pid, const struct stat *file)
{
	char path[TASK_DIR];
	bool none;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return task_holds(path, file, &none) || (none && thread_holds(pid, file));
}

/* The pidfd comes first: a process that holds the lock after it is that process. */
static int open_holder(pid_t pid, const struct stat *file)
{
	int fd = pid > 0 && pid != getpid() ? pidfd_open(pid, 0) : -1;

	if (fd >= 0 && !is_holder(pid, file)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int hv_holder(const char *name, struct hv_error *err)
{
	char path[4096];
	struct dirent *e;
	struct stat st;
	DIR *proc;
	pid_t pid;
	int fd;

	if (hv_run_path(path, sizeof(path), name, "lock") || stat(path, &st))
		return hv_err(err, -ESRCH, "domain %s: there is no lock to be held", name);
	if (hv_presence(name, &pid, err) == HV_ABSENT)
		return hv_err(err, -ESRCH, "domain %s: nobody holds its lock", name);
	fd = open_holder(pid, &st);
	if (fd >= 0)
		return fd;
	proc = opendir("/proc");
	while (proc && fd < 0 && (e = readdir(proc)))
		if (isdigit((unsigned char)e->d_name[0]))
			fd = open_holder((pid_t)atoi(e->d_name), &st);
	if (proc)
		closedir(proc);
	if (fd >= 0)
		return fd;
	if (hv_presence(name, NULL, err) == HV_ABSENT)
		return hv_err(err, -ESRCH, "domain %s: nobody holds its lock", name);
	return hv_err(err, -EPERM,
		      "domain %s: its lock is held, but by no process that can be seen from here",
		      name);
}
