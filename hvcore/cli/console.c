// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A terminal for a guest's console.  Whatever ends us, the user's terminal is
 * put back as it was.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "console.h"
#include "hv/console.h"

enum { ESCAPE = 0x1d /* Ctrl-] */ };

static struct termios before;
static volatile sig_atomic_t raw, stop_signal;

static void restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	raw = 0;
}

static void on_signal(int s)
{
	stop_signal = s;
}

/* No SA_RESTART: poll() has to return.  *@ending: which they are. */
static void catch_signals(sigset_t *ending)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	struct sigaction sa = {.sa_handler = on_signal};

	sigemptyset(ending);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &sa, NULL);
		sigaddset(ending, ends[i]);
	}
}

/* wait_for() - Either of @p, or a signal that ends us, also one that comes just before. */
static bool wait_for(struct pollfd p[2], const sigset_t *ending)
{
	sigset_t open;
	bool ready;

	sigprocmask(SIG_BLOCK, ending, &open);
	ready = !stop_signal && ppoll(p, 2, NULL, &open) > 0;
	sigprocmask(SIG_SETMASK, &open, NULL);
	return ready;
}

static void go_raw(void)
{
	struct termios t;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	t = before;
	cfmakeraw(&t);
	if (!tcsetattr(STDIN_FILENO, TCSAFLUSH, &t))
		raw = 1;
}

/* All of it, waiting where the other side is slow; false once it is gone. */
static bool put(int fd, const char *data, size_t n)
{
	while (n && !stop_signal) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		ssize_t done = write(fd, data, n);

		if (done < 0 && errno == EAGAIN)
			poll(&p, 1, 1000);
		else if (done < 0 && errno != EINTR)
			return false;
		data += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

enum turn { GO_ON, LEFT, ENDED };

static enum turn from_guest(int fd)
{
	char data[4096];
	ssize_t n = read(fd, data, sizeof(data));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? GO_ON : ENDED;
	if (!n)
		return ENDED;
	return put(STDOUT_FILENO, data, (size_t)n) ? GO_ON : LEFT;
}

/* Input that is no terminal may end before the guest does; then we only listen. */
static enum turn from_user(int fd, short *events)
{
	char data[1024], *escape;
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? GO_ON : LEFT;
	if (!n) {
		*events = 0;
		return raw ? LEFT : GO_ON;
	}
	escape = raw ? memchr(data, ESCAPE, (size_t)n) : NULL;
	if (escape)
		n = escape - data;
	if (!put(fd, data, (size_t)n))
		return ENDED;
	return escape ? LEFT : GO_ON;
}

int console_attach(const char *name, int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	enum turn t = GO_ON;
	sigset_t ending;

	catch_signals(&ending);
	go_raw();
	if (raw)
		fprintf(stderr, "Connected to %s; Ctrl-] leaves.\r\n", name);
	while (t == GO_ON && !stop_signal) {
		p[1].fd = p[1].events ? STDIN_FILENO : -1;
		if (!wait_for(p, &ending))
			continue;
		if (p[0].revents)
			t = from_guest(fd);
		if (t == GO_ON && p[1].revents)
			t = from_user(fd, &p[1].events);
	}
	restore();
	close(fd);
	if (t == ENDED)
		fprintf(stderr, "\nhv: domain %s has closed its console\n", name);
	else
		fprintf(stderr, "\nhv: left the console of %s, which runs on\n", name);
	return stop_signal ? 128 + stop_signal : HV_EXIT_OK;
}

int cmd_console(const struct options *o, int argc, char **argv)
{
	struct hv_error err = {""};
	int code = running(argv[0]), fd;

	if (code)
		return code;
	fd = hv_console_open(argv[0], left(o), &err);
	return fd < 0 ? fail(fd, &err) : console_attach(argv[0], fd);
}
