// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The port of QEMU's guest agent, where taiki-guest serves it.  One request after the other: while
 * processors are put on and off, or an answer waits for the host to take it, what comes waits.
 *
 * A request may be read before the kernel knows that the host has opened the port; until then
 * it takes no answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/agent.h"
#include "heartbeat/guest/guest.h"
#include "hv/config.h"

enum { IN_MAX = 16384, SET_MS = 30000 };

static void opened(void);
static void connected(void);
static void heard(const char *data, size_t len);

static struct channel agent = {
	.port = {.name = HV_CHANNEL_AGENT, .fd = -1, .uevent = -1, .inotify = -1},
	.timer = -1,
	.opened = opened,
	.connected = connected,
	.heard = heard,
};
static struct job job = {.what = "putting processors on and off", .timer = -1};
static struct agent_set set;
static char in[IN_MAX];
static size_t have;
static char *out;     /* an answer that the kernel does not take yet */
static bool skipping; /* the rest of a line that was too long */
static bool greeted;  /* somebody new listens, and connected() has not been called yet */

static void forget(void)
{
	have = 0;
	skipping = false;
	free(out);
	out = NULL;
}

static void opened(void)
{
	forget();
}

static void connected(void)
{
	greeted = false;
}

/* The kernel takes all of it or nothing. */
static void flush(void)
{
	ssize_t n = out && agent.port.fd >= 0 ? write(agent.port.fd, out, strlen(out)) : 0;

	if (n < 0 && errno == EAGAIN)
		return;
	free(out);
	out = NULL;
}

static void say_answer(char *text)
{
	out = text;
	flush();
}

static void start(void)
{
	const char *argv[] = {"/proc/self/exe", VCPUS_SET, set.list, NULL};
	int rc = job_start(&job, argv, environ, SET_MS);

	if (!rc) {
		say(LOG_NOTICE, "processors: the host wants %s", set.list);
		return;
	}
	say(LOG_WARNING, "processors cannot be put on and off: %s", strerror(-rc));
	say_answer(agent_done(&set, -1));
}

/* work() - Lines that are complete, as far as nothing is under way. */
static void work(void)
{
	char *end;

	while (!job.pid && !out && (end = memchr(in, '\n', have))) {
		size_t len = (size_t)(end - in);

		*end = '\0';
		say_answer(agent_ask(in, len, VCPUS_DIR, &set));
		have -= len + 1;
		memmove(in, end + 1, have);
		if (set.list[0])
			start();
	}
}

static void heard(const char *data, size_t len)
{
	/* What somebody who has gone left unfinished is nobody's beginning. */
	if (!agent.port.connected && !greeted) {
		greeted = true;
		forget();
	}
	for (size_t i = 0; i < len; i++) {
		if (have == sizeof(in) - 1) {
			forget();
			skipping = true;
		}
		if (skipping) {
			skipping = data[i] != '\n';
			continue;
		}
		in[have++] = data[i];
		if (data[i] == '\n')
			work();
	}
}

void agent_reap(void)
{
	int status;

	if (!job_ended(&job, &status))
		return;
	say_answer(agent_done(&set, WIFEXITED(status) ? WEXITSTATUS(status) : -1));
	work();
}

bool agent_handle(int fd, unsigned what)
{
	if (fd == job.timer) {
		job_expired(&job);
		return true;
	}
	if (!channel_handle(&agent, fd, what))
		return false;
	flush();
	work();
	return true;
}

bool agent_start(const char *path)
{
	agent.port.path = path;
	job.timer = timer_open();
	if (!loop_watch(job.timer, EPOLLIN) || !channel_watch(&agent))
		return false;
	channel_open(&agent);
	return true;
}
