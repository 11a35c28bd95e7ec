// SPDX-License-Identifier: GPL-2.0-or-later
/* The loop: a beat each interval, and at once when there is something new to say. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

enum {
	/* Where no event tells that the port can be opened (somebody else has it open). */
	RETRY_MS = 5000,
	/* ... and after a loss, when the port came back before its going was seen. */
	RETRY_SOON_MS = 100,
	READ_MAX = 4096,
	/* A host that talks without end does not keep the loop from its other work. */
	READS_MAX = 8,
};

static struct options options;
static struct port port = {.fd = -1, .uevent = -1, .inotify = -1};
static struct beat_framer framer;
static struct job health_job = {.what = "the health command"};
static struct health health;
static struct roles roles;
static uint64_t seq;
static int beat_timer = -1, health_timer = -1, signals = -1, events = -1;
static int last_failure; /* of port_open(): said once */
static bool done;

/* --- beats --- */

static void fill(struct beat *b, enum beat_kind kind)
{
	struct sysinfo info = {0};
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	sysinfo(&info);
	seq++;
	*b = (struct beat){
		.kind = kind,
		.seq = seq,
		.clock = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000,
		.load = (unsigned)(info.loads[0] * 100 >> SI_LOAD_SHIFT),
		.health = health.said,
		.failures = health.failures,
	};
	strcpy(b->role, roles.current);
}

/* tell() - A beat that the host does not take now is lost; its number shows that it was. */
static void tell(enum beat_kind kind)
{
	char line[BEAT_LINE_MAX];
	struct beat b;
	int len;

	if (port.fd < 0)
		return;
	fill(&b, kind);
	len = beat_format(line, &b);
	if (len > 0)
		port_send(&port, line, (size_t)len);
}

static void set_interval(unsigned ms)
{
	if (ms == options.interval)
		return;
	options.interval = ms;
	timer_set(beat_timer, ms, ms);
	say(LOG_INFO, "the host wants a beat every %u ms", ms);
}

/* --- the port --- */

static bool watch(int fd, uint32_t what)
{
	struct epoll_event e = {.events = what, .data.fd = fd};

	return !epoll_ctl(events, EPOLL_CTL_ADD, fd, &e);
}

static void open_port(void)
{
	int rc = port_open(&port);

	/* Edges: while the host does not listen, POLLHUP would stand there all the time. */
	if (!rc && !watch(port.fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
		rc = -errno;
		port_close(&port);
	}
	if (rc) {
		if (rc != last_failure)
			say(LOG_NOTICE, "port %s is not there yet: %s; waiting for it",
			    port.path ? port.path : BEAT_PORT, strerror(-rc));
		last_failure = rc;
		timer_set(beat_timer, RETRY_MS, RETRY_MS);
		return;
	}
	last_failure = 0;
	framer = (struct beat_framer){0};
	say(LOG_NOTICE, "port %s is open", port.path ? port.path : BEAT_PORT);
	timer_set(beat_timer, options.interval, options.interval);
}

static void lose_port(int why)
{
	say(LOG_NOTICE, "port %s has gone: %s", port.path ? port.path : BEAT_PORT, strerror(why));
	port_close(&port);
	timer_set(beat_timer, RETRY_SOON_MS, RETRY_MS);
}

static void hear(const struct beat *b)
{
	switch (b->kind) {
	case BEAT_SET: set_interval(b->interval); break;
	case BEAT_ROLE:
		if (roles_ask(&roles, b->role))
			tell(BEAT_BEAT);
		break;
	case BEAT_BEAT:
	case BEAT_BYE: break; /* of guests */
	}
}

/* hear_all() - False: there may be more. */
static bool hear_all(void)
{
	char buf[READ_MAX];

	for (int turns = 0; turns < READS_MAX; turns++) {
		ssize_t n = port_read(&port, buf, sizeof(buf));
		const char *data = buf;
		size_t len = n > 0 ? (size_t)n : 0;
		struct beat b;

		if (n < 0)
			lose_port((int)-n);
		if (n <= 0)
			return true;
		while (beat_feed(&framer, &data, &len, &b))
			hear(&b);
	}
	return false;
}

static void on_port(uint32_t what)
{
	bool was = port.connected;
	int fd = port.fd;

	if (!hear_all()) {
		/* An edge comes once: ask for another. */
		struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
					.data.fd = fd};

		epoll_ctl(events, EPOLL_CTL_MOD, fd, &e);
	}
	if (port.fd != fd)
		return;
	port.connected = !(what & EPOLLHUP);
	if (port.connected && !was)
		tell(BEAT_BEAT);
}

/* --- health --- */

static void note(enum beat_health result, const char *how, int number)
{
	if (result != BEAT_HEALTH_OK)
		say(LOG_WARNING, "the health command %s %d (%u in a row of %u)", how, number,
		    health.row < health.limit ? health.row + 1 : health.limit, health.limit);
	if (!health_note(&health, result))
		return;
	say(LOG_NOTICE, "health: %s", beat_health_name(health.said));
	tell(BEAT_BEAT);
}

static void health_run(void)
{
	const char *argv[] = {"/bin/sh", "-c", options.health_command, NULL};
	int rc;

	if (health_job.pid) {
		/* What cannot even be killed waits for something that does not come. */
		if (health_job.late)
			note(BEAT_HEALTH_TIMEOUT, "was killed and is still there, pid",
			     health_job.pid);
		return;
	}
	rc = job_start(&health_job, argv, options.health_timeout);
	if (rc)
		note(BEAT_HEALTH_FAILED, "cannot be started: error", -rc);
}

static void health_reap(void)
{
	int status;

	if (!job_ended(&health_job, &status) || health_job.late)
		return;
	if (WIFSIGNALED(status))
		note(BEAT_HEALTH_FAILED, "was killed by signal", WTERMSIG(status));
	else
		note(WEXITSTATUS(status) ? BEAT_HEALTH_FAILED : BEAT_HEALTH_OK, "ended with",
		     WEXITSTATUS(status));
}

/* --- everything --- */

static void on_signal(void)
{
	struct signalfd_siginfo s;

	while (read(signals, &s, sizeof(s)) == sizeof(s))
		done |= s.ssi_signo != SIGCHLD;
	/* One SIGCHLD may stand for several children. */
	health_reap();
	if (roles_reap(&roles))
		tell(BEAT_BEAT);
}

static bool ticked(int timer)
{
	uint64_t times;

	return read(timer, &times, sizeof(times)) == sizeof(times);
}

static void handle(int fd, uint32_t what)
{
	if (fd == port.fd) {
		on_port(what);
	} else if (fd == beat_timer) {
		if (ticked(fd) && port.fd < 0)
			open_port();
		else
			tell(BEAT_BEAT);
	} else if (fd == signals) {
		on_signal();
	} else if (fd == health_timer) {
		if (ticked(fd))
			health_run();
	} else if (fd == health_job.timer) {
		if (job_expired(&health_job))
			note(BEAT_HEALTH_TIMEOUT, "was killed after ms",
			     (int)options.health_timeout);
	} else if (fd == roles.job.timer) {
		job_expired(&roles.job);
	} else if (port_event(&port, fd)) {
		open_port();
	}
}

static int setup(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	events = epoll_create1(EPOLL_CLOEXEC);
	beat_timer = timer_open();
	health_timer = timer_open();
	health_job.timer = timer_open();
	roles.job.timer = timer_open();
	port_watch(&port);
	if (!watch(signals, EPOLLIN) || !watch(beat_timer, EPOLLIN) ||
	    !watch(health_timer, EPOLLIN) || !watch(health_job.timer, EPOLLIN) ||
	    !watch(roles.job.timer, EPOLLIN) ||
	    (port.uevent >= 0 && !watch(port.uevent, EPOLLIN)) ||
	    (port.inotify >= 0 && !watch(port.inotify, EPOLLIN))) {
		say(LOG_ERR, "cannot start: %s", strerror(errno));
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int rc = options_get(&options, argc, argv);

	if (rc >= 0)
		return rc;
	log_open(options.syslog);
	port.path = options.port;
	health.limit = options.health_failures;
	roles.dir = options.role_dir;
	roles.run_dir = options.run_dir;
	roles.timeout = options.role_timeout;
	if (setup())
		return 1;
	roles_load(&roles);
	rights_settle(&options);
	open_port();
	if (options.health_command)
		timer_set(health_timer, 1, options.health_interval);
	while (!done) {
		struct epoll_event e;

		if (epoll_wait(events, &e, 1, -1) == 1)
			handle(e.data.fd, e.events);
	}
	job_kill(&health_job);
	tell(BEAT_BYE);
	return 0;
}
