// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "fencing/audit.h"

static struct {
	int fd; /* -1: not open */
	char path[PATH_MAX];
	dev_t dev; /* of what is open */
	ino_t ino;
	bool torn;       /* the last line was written in part: the next one begins a new one */
	uint64_t missed; /* lines since the file fails; 0: it does not */
} log_file = {.fd = -1};

static const char *const events[] = {
	[AUDIT_REQUEST] = "request",
	[AUDIT_OUTCOME] = "outcome",
	[AUDIT_REPEAT] = "repeat",
	[AUDIT_REFUSED] = "refused",
};

char *audit_clean(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c >= ' ' && c < 0x7f && c != '\\';

		if (n + (plain ? 1 : 4) >= size)
			break;
		if (plain)
			out[n++] = (char)c;
		else
			n += (size_t)sprintf(out + n, "\\x%02x", c);
	}
	out[n] = '\0';
	return out;
}

static void add(json_t *o, const char *key, const char *text)
{
	char clean[1024];

	if (text)
		json_object_set_new(o, key, json_string(audit_clean(clean, sizeof(clean), text)));
}

static void add_time(json_t *o, int64_t when_us)
{
	time_t s = (time_t)(when_us / 1000000);
	char date[32], text[48];
	struct tm tm;

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
	snprintf(text, sizeof(text), "%s.%06dZ", date, (int)(when_us % 1000000));
	add(o, "time", text);
}

static void add_request(json_t *o, const struct fence_request *r)
{
	char id[2 * sizeof(r->id) + 1];

	for (unsigned i = 0; i < sizeof(r->id); i++)
		sprintf(id + 2 * i, "%02x", r->id[i]);
	add(o, "op", fence_op_name(r->op));
	add(o, "target", r->target);
	add(o, "id", id);
}

char *audit_format(const struct audit_line *l, int64_t when_us)
{
	json_t *o = json_object();
	char *text, *line = NULL;

	if (!o)
		return NULL;
	add_time(o, when_us);
	add(o, "event", events[l->event]);
	add(o, "door", l->door);
	add(o, "who", l->who);
	if (l->asked)
		add_request(o, l->asked);
	add(o, "incarnation", l->incarnation);
	if (l->result >= 0)
		add(o, "result", fence_result_name((unsigned)l->result));
	add(o, "text", l->text);
	if (l->us >= 0)
		json_object_set_new(o, "us", json_integer(l->us));
	if (l->untold)
		json_object_set_new(o, "untold", json_integer((json_int_t)l->untold));
	text = json_dumps(o, JSON_PRESERVE_ORDER);
	json_decref(o);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

/* make_directories() - Those above @path; that they could not be made shows when it is opened. */
static void make_directories(const char *path)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *at = dir + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(dir, 0755);
		*at = '/';
	}
}

/* failed() - Say once that the file fails; @line, if there is one, goes to the system's log. */
static void failed(int error, const char *line)
{
	if (!log_file.missed++)
		syslog(LOG_ERR,
		       "%s: the audit log cannot be written: %s. Fencing goes on; what belongs "
		       "there is logged here until it can: make room or mend the file system",
		       log_file.path, strerror(error));
	if (line)
		syslog(LOG_NOTICE, "audit: %s", line);
}

static void works_again(void)
{
	if (log_file.missed)
		syslog(LOG_NOTICE, "%s: the audit log is written again; %llu times it was not",
		       log_file.path, (unsigned long long)log_file.missed);
	log_file.missed = 0;
}

/* open_file() - Anew; 0 or an errno. */
static int open_file(void)
{
	struct stat st = {0};

	if (log_file.fd >= 0)
		close(log_file.fd);
	log_file.torn = false;
	log_file.fd = open(log_file.path,
			   O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (log_file.fd < 0 || fstat(log_file.fd, &st))
		return errno;
	log_file.dev = st.st_dev;
	log_file.ino = st.st_ino;
	return 0;
}

/* is_open() - The file of that name, and not one that was moved away (logrotate). */
static bool is_open(void)
{
	struct stat st;

	return log_file.fd >= 0 && !stat(log_file.path, &st) && st.st_dev == log_file.dev &&
	       st.st_ino == log_file.ino;
}

int audit_reopen(void)
{
	int error = open_file();

	if (error)
		failed(error, NULL);
	return -error;
}

int audit_open(const char *path)
{
	const char *env = getenv("TAIKI_FENCE_LOG");

	audit_close();
	if (!path)
		path = env && *env ? env : AUDIT_PATH;
	if ((size_t)snprintf(log_file.path, sizeof(log_file.path), "%s", path) >=
	    sizeof(log_file.path))
		return -ENAMETOOLONG;
	make_directories(log_file.path);
	return audit_reopen();
}

void audit_close(void)
{
	if (log_file.fd >= 0)
		close(log_file.fd);
	log_file.fd = -1;
	log_file.path[0] = '\0';
	log_file.torn = false;
	log_file.missed = 0;
}

/* append() - @line in one write; 0 or an errno.  A line that was cut is ended by the next one. */
static int append(const char *line)
{
	size_t len = strlen(line);
	int error = is_open() ? 0 : open_file();
	ssize_t n;

	if (error)
		return error;
	if (log_file.torn && write(log_file.fd, "\n", 1) != 1)
		return errno;
	log_file.torn = false;
	n = write(log_file.fd, line, len);
	if (n == (ssize_t)len)
		return 0;
	log_file.torn = n > 0;
	return n < 0 ? errno : ENOSPC;
}

void audit_write(const struct audit_line *l)
{
	struct timespec now;
	char *line;
	int error;

	clock_gettime(CLOCK_REALTIME, &now);
	line = audit_format(l, now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
	error = line ? append(line) : ENOMEM;
	if (error)
		failed(error, line);
	else
		works_again();
	free(line);
}
