// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages.  Beats must not wait for a journal that hangs, so a message that the
 * other end does not take at once is lost.  (syslog(3) waits.)
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

enum { MESSAGE_MAX = 512 };

static bool to_syslog;
static int syslog_fd = -1;

void log_open(bool syslog)
{
	to_syslog = syslog;
}

static bool syslog_connect(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	if (syslog_fd < 0)
		syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return syslog_fd >= 0 && !connect(syslog_fd, (struct sockaddr *)&to, sizeof(to));
}

static void send_syslog(int priority, const char *text)
{
	char line[MESSAGE_MAX + 64];
	int len = snprintf(line, sizeof(line), "<%d>taiki-guest[%d]: %s", LOG_DAEMON | priority,
			   (int)getpid(), text);

	/* The log's daemon may have been started anew: connect once more. */
	if (syslog_fd >= 0 && send(syslog_fd, line, (size_t)len, MSG_NOSIGNAL) >= 0)
		return;
	if (syslog_connect())
		send(syslog_fd, line, (size_t)len, MSG_NOSIGNAL);
}

static void send_stderr(int priority, const char *text)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[MESSAGE_MAX + 64];
	/* systemd reads the priority off the line. */
	const char *journal = getenv("JOURNAL_STREAM");
	int len = journal ? snprintf(line, sizeof(line), "<%d>%s\n", priority, text)
			  : snprintf(line, sizeof(line), "taiki-guest: %s\n", text);

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) && write(2, line, (size_t)len) < 0)
		return;
}

void say(int priority, const char *format, ...)
{
	char text[MESSAGE_MAX];
	int saved = errno;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (to_syslog)
		send_syslog(priority, text);
	else
		send_stderr(priority, text);
	errno = saved;
}
