// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop: a beat each interval, and at once when there is something new to say;
 * a role when the host gives one.
 */
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

#include "heartbeat/guest/agent.h"
#include "heartbeat/guest/guest.h"

static struct options options;
static struct beat_framer beat_framer;
static struct hv_role_framer role_framer;
static struct job health_job = {.what = "the health command"};
static struct health health;
static struct roles roles;
static uint64_t seq;
static int health_timer = -1, signals = -1, events = -1;
static bool done;

bool loop_watch(int fd, uint32_t what)
{
	struct epoll_event e = {.events = what, .data.fd = fd};

	return !epoll_ctl(events, EPOLL_CTL_ADD, fd, &e);
}

void loop_again(int fd, uint32_t what)
{
	struct epoll_event e = {.events = what, .data.fd = fd};

	epoll_ctl(events, EPOLL_CTL_MOD, fd, &e);
}

/* --- beats --- */

static void beat_now(void);
static void beats_heard(const char *data, size_t len);

static void beats_opened(void)
{
	beat_framer = (struct beat_framer){0};
}

static struct channel beats = {
	.port = {.name = BEAT_PORT, .fd = -1, .uevent = -1, .inotify = -1},
	.opened = beats_opened,
	.connected = beat_now,
	.heard = beats_heard,
};

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

	if (beats.port.fd < 0)
		return;
	fill(&b, kind);
	len = beat_format(line, &b);
	if (len > 0)
		port_send(&beats.port, line, (size_t)len);
}

static void beat_now(void)
{
	tell(BEAT_BEAT);
}

static void set_interval(unsigned ms)
{
	if (ms == beats.every)
		return;
	beats.every = ms;
	timer_set(beats.timer, ms, ms);
	say(LOG_INFO, "the host wants a beat every %u ms", ms);
}

/* --- roles --- */

static void say_hello(void);
static void orders_heard(const char *data, size_t len);

static void orders_opened(void)
{
	role_framer = (struct hv_role_framer){0};
}

static struct channel orders = {
	.port = {.name = HV_CHANNEL_ROLE, .fd = -1, .uevent = -1, .inotify = -1},
	.opened = orders_opened,
	.connected = say_hello,
	.heard = orders_heard,
};

static void answer(const struct hv_role *r)
{
	char line[HV_ROLE_LINE_MAX];
	int len = hv_role_format(line, r);

	if (orders.port.fd < 0 || len < 0)
		return;
	line[len++] = '\n';
	port_send(&orders.port, line, (size_t)len);
}

static void say_hello(void)
{
	struct hv_role r = {.kind = HV_ROLE_HELLO, .seq = roles.seq};

	strcpy(r.role, roles.current);
	answer(&r);
}

/* tell_roles() - What has come of roles since it was last told. */
static void tell_roles(void)
{
	if (roles.changed)
		tell(BEAT_BEAT);
	if (roles.ended) {
		struct hv_role r = {HV_ROLE_DONE, .seq = roles.ended, .status = roles.status};

		strcpy(r.role, roles.current);
		answer(&r);
	}
	roles.changed = false;
	roles.ended = 0;
}

static void orders_heard(const char *data, size_t len)
{
	struct hv_role r;

	while (hv_role_feed(&role_framer, &data, &len, &r)) {
		switch (r.kind) {
		case HV_ROLE_ROLE:
			roles_order(&roles, &r);
			tell_roles();
			break;
		case HV_ROLE_ASK: say_hello(); break;
		case HV_ROLE_HELLO:
		case HV_ROLE_DONE: break; /* of guests */
		}
	}
}

static void beats_heard(const char *data, size_t len)
{
	struct beat b;

	while (beat_feed(&beat_framer, &data, &len, &b)) {
		switch (b.kind) {
		case BEAT_SET: set_interval(b.interval); break;
		case BEAT_ROLE:
			roles_ask(&roles, b.role);
			tell_roles();
			break;
		case BEAT_BEAT:
		case BEAT_BYE: break; /* of guests */
		}
	}
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
	rc = job_start(&health_job, argv, environ, options.health_timeout);
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
	roles_reap(&roles);
	tell_roles();
	agent_reap();
}

static void handle(int fd, uint32_t what)
{
	uint64_t times;

	if (channel_handle(&beats, fd, what) || channel_handle(&orders, fd, what) ||
	    agent_handle(fd, what))
		return;
	if (fd == signals) {
		on_signal();
	} else if (fd == health_timer) {
		if (read(fd, &times, sizeof(times)) == sizeof(times))
			health_run();
	} else if (fd == health_job.timer) {
		if (job_expired(&health_job))
			note(BEAT_HEALTH_TIMEOUT, "was killed after ms",
			     (int)options.health_timeout);
	} else if (fd == roles.job.timer) {
		job_expired(&roles.job);
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
	health_timer = timer_open();
	health_job.timer = timer_open();
	roles.job.timer = timer_open();
	if (!loop_watch(signals, EPOLLIN) || !loop_watch(health_timer, EPOLLIN) ||
	    !loop_watch(health_job.timer, EPOLLIN) || !loop_watch(roles.job.timer, EPOLLIN) ||
	    !channel_watch(&beats) || !channel_watch(&orders)) {
		say(LOG_ERR, "cannot start: %s", strerror(errno));
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc == 3 && !strcmp(argv[1], DISKS_READ))
		return disks_read(!strcmp(argv[2], HV_ROLE_ACTIVE));
	if (argc == 3 && !strcmp(argv[1], VCPUS_SET))
		return vcpus_set(VCPUS_DIR, argv[2]);
	rc = options_get(&options, argc, argv);
	if (rc >= 0)
		return rc;
	log_open(options.syslog);
	beats.port.path = options.port;
	beats.every = options.interval;
	orders.port.path = options.role_port;
	health.limit = options.health_failures;
	roles.dir = options.role_dir;
	roles.run_dir = options.run_dir;
	roles.timeout = options.role_timeout;
	if (setup())
		return 1;
	keep_load(&roles);
	rights_settle(&options);
	channel_open(&beats);
	channel_open(&orders);
	if (options.agent && !agent_start(options.agent_port))
		say(LOG_ERR, "the agent's port is not served: %s", strerror(errno));
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
