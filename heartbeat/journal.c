// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `taiki-heartbeat log` shows: RUN/.heartbeatd.log, a JSON object a line.  It
 * stands in memory (the run directory is a tmpfs), so that a disk that hangs
 * cannot hold the daemon, and is bounded: at JOURNAL_MAX it becomes
 * .heartbeatd.log.1, over the one before.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hv/rundir.h"

#include "heartbeatd.h"

enum { JOURNAL_MAX = 1 << 20 };

static int open_journal(void)
{
	char path[4096], old[4096 + 2];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/.heartbeatd.log", hv_run_root());
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || fstat(fd, &st) || st.st_size < JOURNAL_MAX)
		return fd;
	snprintf(old, sizeof(old), "%s.1", path);
	close(fd);
	rename(path, old);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
}

void journal_add(const struct domain *dom, const char *event, json_t *entry)
{
	struct timespec ts;
	char at[64], day[32], *text = NULL;
	struct tm tm;
	size_t n;
	int fd;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(day, sizeof(day), "%FT%T", &tm);
	snprintf(at, sizeof(at), "%s.%06ldZ", day, ts.tv_nsec / 1000 % 1000000);
	json_object_set_new(entry, "time", json_string(at));
	json_object_set_new(entry, "event", json_string(event));
	if (dom) {
		json_object_set_new(entry, "domain", json_string(dom->name));
		json_object_set_new(entry, "incarnation", json_string(dom->incarnation));
		json_object_set_new(entry, "resource", json_string(dom->resource));
	}
	text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(entry);
	fd = text ? open_journal() : -1;
	if (fd < 0) {
		free(text);
		return;
	}
	n = strlen(text);
	text[n] = '\n'; /* in the place of its NUL: one write, one line */
	if (write(fd, text, n + 1) != (ssize_t)(n + 1))
		hv_log_line(LOG_WARNING,
			    "%s/.heartbeatd.log: a line is lost: is the file system full?",
			    hv_run_root());
	close(fd);
	free(text);
}
