// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The record: one JSON object a line, appended by one write(2) each, so that a
 * kill of this process loses no line that was finished.  Format version 1; "t"
 * is CLOCK_MONOTONIC in nanoseconds, the same clock on all "hosts".
 *
 *   {"v":1,"t":T,"ev":"start","node":N,"boot":ID}
 *   {"t":T,"ev":"open","fh":F,"ino":I,"path":P,"write":B,"pid":N,"start":N,
 *    "comm":S,"domain":S,"incarnation":S}
 *   {"t":T,"ev":"submit","op":O,"fh":F,"kind":"write"|"flush","off":N,"len":N,"hash":H}
 *   {"t":T,"ev":"complete","op":O,"rc":N,"destaged":N}
 *   {"t":T,"ev":"close","fh":F,"dropped":N}
 *
 * Who opened: process id and start time as the machine knows them (no claim of
 * the process itself); name and incarnation are what its run directory says, for
 * the reader of a complaint.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "storaged.h"

enum { LINE = 2048, WORD = 128 };

static int record_fd = -1;
static pthread_mutex_t lock =
	PTHREAD_MUTEX_INITIALIZER; /* orders stamp and line; owns the counters */
static uint64_t ops, openings;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* Called with the lock.  A record with a hole is worse than no lab: give up. */
static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;
	int head, body, len;

	head = snprintf(line, sizeof(line), "{\"t\":%" PRIu64 ",", now());
	va_start(ap, fmt);
	body = vsnprintf(line + head, sizeof(line) - (size_t)head - 3, fmt, ap);
	va_end(ap);
	len = head + body;
	if (body < 0 || len > LINE - 3)
		abort();
	memcpy(line + len, "}\n", 2);
	len += 2;
	if (write(record_fd, line, (size_t)len) != len) {
		fprintf(stderr, "storaged: cannot append to the record: %s\n", strerror(errno));
		abort();
	}
}

/* json() - @text as it may stand between quotes; what JSON would escape becomes '?'. */
static const char *json(char out[WORD], const char *text)
{
	size_t n = 0;

	for (; *text && n < WORD - 1; text++)
		out[n++] = *text < ' ' || *text == '"' || *text == '\\' || *text > '~' ? '?'
										       : *text;
	out[n] = '\0';
	return out;
}

void record_open(const char *path, const char *node, const char *boot)
{
	char n[WORD], b[WORD];

	record_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (record_fd < 0) {
		fprintf(stderr, "storaged: %s: cannot open: %s\n", path, strerror(errno));
		exit(1);
	}
	pthread_mutex_lock(&lock);
	put("\"v\":1,\"ev\":\"start\",\"node\":\"%s\",\"boot\":\"%s\"", json(n, node),
	    json(b, boot));
	pthread_mutex_unlock(&lock);
}

/* first_line() - Of a file that is small, without its newline; "" if there is none. */
static void first_line(char out[WORD], const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, WORD - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static uint64_t start_time(pid_t pid)
{
	char path[64], stat[1024];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	stat[n] = '\0';
	/* proc(5): the name ends with the last ')', start time is the 22nd field. */
	char *p = strrchr(stat, ')');

	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

/* last_argument() - hv-domain's last argument is its domain's name. */
static void last_argument(char out[WORD], pid_t pid)
{
	char path[64], args[4096];
	int fd;
	ssize_t n;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, args, sizeof(args) - 1);
	close(fd);
	if (n <= 0)
		return;
	args[n] = '\0';
	const char *last = args;

	for (ssize_t i = 0; i + 1 < n; i++) {
		if (args[i] == '\0' && args[i + 1])
			last = args + i + 1;
	}
	snprintf(out, WORD, "%.*s", WORD - 1, last);
}

uint64_t record_opened(const struct inode *in, bool writable, pid_t pid)
{
	char comm[WORD], domain[WORD], inc[WORD] = "", file[LINE];
	uint64_t fh, start = start_time(pid);
	char a[WORD], b[WORD], c[WORD], d[WORD];

	snprintf(file, sizeof(file), "/proc/%d/comm", (int)pid);
	first_line(comm, file);
	last_argument(domain, pid);
	if (domain[0] && !strchr(domain, '/')) {
		snprintf(file, sizeof(file), "/proc/%d/root/run/taiki/%s/incarnation", (int)pid,
			 domain);
		first_line(inc, file);
	}
	pthread_mutex_lock(&lock);
	fh = ++openings;
	put("\"ev\":\"open\",\"fh\":%" PRIu64 ",\"ino\":%" PRIu64 ",\"path\":\"%s\",\"write\":%s,"
	    "\"pid\":%d,\"start\":%" PRIu64
	    ",\"comm\":\"%s\",\"domain\":\"%s\",\"incarnation\":\"%s\"",
	    fh, inode_number(in), json(a, inode_path(in)), writable ? "true" : "false", (int)pid,
	    start, json(b, comm), json(c, domain), json(d, inc));
	pthread_mutex_unlock(&lock);
	return fh;
}

/* FNV-1a, 64 bits: to compare ranges, not to resist anybody. */
static uint64_t hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3U;
	return h;
}

uint64_t record_submit(uint64_t fh, const char *kind, off_t off, size_t len, const void *data)
{
	uint64_t h = data ? hash(data, len) : 0, op;

	pthread_mutex_lock(&lock);
	op = ++ops;
	put("\"ev\":\"submit\",\"op\":%" PRIu64 ",\"fh\":%" PRIu64
	    ",\"kind\":\"%s\",\"off\":%lld,\"len\":%zu,\"hash\":\"%016" PRIx64 "\"",
	    op, fh, kind, (long long)off, len, h);
	pthread_mutex_unlock(&lock);
	return op;
}

void record_complete(uint64_t op, ssize_t rc, size_t destaged)
{
	pthread_mutex_lock(&lock);
	put("\"ev\":\"complete\",\"op\":%" PRIu64 ",\"rc\":%zd,\"destaged\":%zu", op, rc, destaged);
	pthread_mutex_unlock(&lock);
}

void record_closed(uint64_t fh, size_t dropped)
{
	pthread_mutex_lock(&lock);
	put("\"ev\":\"close\",\"fh\":%" PRIu64 ",\"dropped\":%zu", fh, dropped);
	pthread_mutex_unlock(&lock);
}
