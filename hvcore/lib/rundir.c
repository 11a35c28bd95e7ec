// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading run directories.  Nothing here waits: a lock is asked for, never
 * taken, and what stands in a file is believed only where the lock agrees.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "hv/standby.h"

const char *hv_run_root(void)
{
	const char *dir = getenv("TAIKI_RUN_DIR");

	return dir && *dir ? dir : "/run/taiki";
}

bool hv_name_ok(const char *name)
{
	return hv_name_kind(name) != HV_KIND_NONE;
}

int hv_run_path(char *out, size_t size, const char *name, const char *file)
{
	int n;

	if (!hv_name_ok(name))
		return -EINVAL;
	n = snprintf(out, size, "%s/%s/%s", hv_run_root(), name, file);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* The process named in `pid`, if it still lives; 0 where that cannot be said. */
static pid_t run_pid(const char *name)
{
	char *text = hv_run_read(name, "pid"), *end = NULL;
	long pid = text ? strtol(text, &end, 10) : 0;

	if (!text || end == text || *end || pid <= 0 || pid != (pid_t)pid ||
	    (kill((pid_t)pid, 0) && errno == ESRCH))
		pid = 0;
	free(text);
	return (pid_t)pid;
}

enum hv_presence hv_presence(const char *name, pid_t *pid, struct hv_error *err)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	enum hv_presence p = HV_UNKNOWN;
	char path[4096];
	int fd = -1, rc;

	if (pid)
		*pid = 0;
	rc = hv_run_path(path, sizeof(path), name, "lock");
	if (rc) {
		hv_err(err, rc, "domain \"%.64s\": not a name for a domain", name);
		return HV_UNKNOWN;
	}
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0) {
		if (errno == ENOENT)
			return HV_ABSENT;
		hv_err(err, -errno, "%s: cannot be opened to ask for its holder: %s; run as root?",
		       path, strerror(errno));
		return HV_UNKNOWN;
	}
	if (fcntl(fd, F_OFD_GETLK, &fl)) {
		hv_err(err, -errno, "%s: cannot ask for its holder: %s", path, strerror(errno));
	} else if (fl.l_type == F_UNLCK) {
		p = HV_ABSENT;
	} else {
		p = HV_PRESENT;
		if (pid)
			*pid = run_pid(name);
	}
	close(fd);
	return p;
}

char *hv_run_read(const char *name, const char *file)
{
	char path[4096], line[4096];
	ssize_t n;
	int fd;

	if (hv_run_path(path, sizeof(path), name, file))
		return NULL;
	/* O_NONBLOCK: a fifo that somebody put there must not hold us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n < 0)
		return NULL;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return strdup(line);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One block: the pointers, then the names they point to. */
static char **list_pack(const char *names, size_t bytes, size_t count)
{
	char **list = malloc((count + 1) * sizeof(*list) + bytes);
	char *at;

	if (!list)
		return NULL;
	at = (char *)(list + count + 1);
	if (bytes)
		memcpy(at, names, bytes);
	for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
		list[i] = at;
	list[count] = NULL;
	qsort(list, count, sizeof(*list), by_name);
	return list;
}

char **hv_run_list(struct hv_error *err)
{
	DIR *dir = opendir(hv_run_root());
	size_t bytes = 0, count = 0;
	char *names = NULL, **list;
	struct dirent *e;

	if (!dir && errno != ENOENT) {
		hv_err(err, -errno, "%s: cannot be read: %s; run as root?", hv_run_root(),
		       strerror(errno));
		return NULL;
	}
	while (dir && (e = readdir(dir))) {
		size_t n = strlen(e->d_name) + 1;
		char *more;

		if (!hv_name_ok(e->d_name) || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		more = realloc(names, bytes + n);
		if (!more)
			goto nomem;
		names = more;
		memcpy(names + bytes, e->d_name, n);
		bytes += n;
		count++;
	}
	list = list_pack(names, bytes, count);
	if (!list)
		goto nomem;
	goto out;
nomem:
	list = NULL;
	hv_err(err, -ENOMEM, "%s: not enough memory to list it", hv_run_root());
out:
	if (dir)
		closedir(dir);
	free(names);
	return list;
}
