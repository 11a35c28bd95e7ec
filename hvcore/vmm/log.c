// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "logfile.h"

static struct {
	pthread_mutex_t lock;
	const char *name;
	struct logfile file;
	int quiet;
} logs = {.lock = PTHREAD_MUTEX_INITIALIZER, .file = {.fd = -1}};

int log_open(const char *name, const char *path, struct hv_error *err)
{
	int rc = path ? logfile_open(&logs.file, path, LOG_FILE_MAX) : 0;
	struct stat ours, theirs;

	logs.name = name;
	/* Its starter made stderr the same file: once is enough. */
	if (!rc && path && !fstat(logs.file.fd, &ours) && !fstat(STDERR_FILENO, &theirs) &&
	    ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		logs.quiet = 1;
	if (rc)
		return hv_err(err, rc, "%s: cannot be opened for the domain's log: %s", path,
			      strerror(-rc));
	return 0;
}

void log_rename(const char *name)
{
	pthread_mutex_lock(&logs.lock);
	logs.name = name;
	pthread_mutex_unlock(&logs.lock);
}

/* Bytes that are not printable (a guest's text may be part of a line) become dots. */
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '.';
}

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warning", "notice"};
	struct timespec now;
	struct tm tm;
	char line[1024];
	const char *name;
	va_list ap;
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = (int)strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	pthread_mutex_lock(&logs.lock);
	name = logs.name ? logs.name : "-";
	n += snprintf(line + n, sizeof(line) - (size_t)n,
		      ".%03ldZ hv-domain[%s]: %s: ", now.tv_nsec / 1000000, name, names[level]);
	pthread_mutex_unlock(&logs.lock);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	clean(line + n);
	strcat(line, "\n");

	pthread_mutex_lock(&logs.lock);
	if (!logs.quiet && write(STDERR_FILENO, line, strlen(line)) < 0)
		logs.quiet = 1;
	logfile_write(&logs.file, line, strlen(line));
	pthread_mutex_unlock(&logs.lock);
}
