// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/daemon.h"

static struct {
	const char *who;
	int level;
	bool journal; /* lines carry "<N>", as systemd reads it, and no time */
	uint64_t lost;
} self = {.who = "taiki", .level = LOG_INFO};

void hv_log_init(const char *who, int level)
{
	self.who = who;
	self.level = level;
	self.journal = getenv("JOURNAL_STREAM") != NULL;
}

uint64_t hv_log_lost(void)
{
	return self.lost;
}

static size_t head(char *out, size_t size, int level)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	if (self.journal)
		return (size_t)snprintf(out, size, "<%d>", level);
	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	n = strftime(out, size, "%b %d %H:%M:%S", &tm);
	return n + (size_t)snprintf(out + n, size - n, ".%03ld %s[%d]: ", ts.tv_nsec / 1000000,
				    self.who, (int)getpid());
}

void hv_log_line(int level, const char *fmt, ...)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[1024];
	va_list args;
	size_t n;
	int more;

	if (level > self.level)
		return;
	n = head(line, sizeof(line), level);
	va_start(args, fmt);
	more = vsnprintf(line + n, sizeof(line) - n - 1, fmt, args);
	va_end(args);
	n += more < 0 ? 0 : (size_t)more;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	/* A pipe or socket that is full would hold us; a line fits where poll says so. */
	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT) ||
	    write(STDERR_FILENO, line, n) != (ssize_t)n)
		self.lost++;
}
