// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PID 1 of a lab node: what systemd does on a real host, as far as the cluster
 * depends on it.  It starts the cluster stack, starts again what its unit file
 * says to start again, and reaps orphans (a domain is one: its starter is gone).
 *
 *   node-init [--qdevice] [--idle]
 *
 * --idle starts nothing: a host whose cluster stack is stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	READY_MS = 20000,  /* corosync must have joined its sockets by then */
	RESTART_MS = 1000, /* RestartSec of pacemaker.service */
	RESTARTS_MAX = 5,  /* StartLimitBurst of pacemaker.service */
	OURS_MS = 100,     /* RestartSec of our own units */
	EXIT_FATAL = 100,  /* pacemakerd: do not start me again */
};

struct service {
	const char *name;
	const char *argv[6];
	bool restart; /* Restart=on-failure */
	bool wanted;
	bool ours;        /* started where it is installed, again as often as it ends badly */
	unsigned started; /* how often */
	pid_t pid;        /* 0: not running */
};

static struct service services[] = {
	{.name = "corosync", .argv = {"corosync", "-f"}, .wanted = true},
	{.name = "corosync-qdevice", .argv = {"corosync-qdevice", "-f"}, .restart = true},
	{.name = "pacemaker", .argv = {"pacemakerd", "-f"}, .restart = true, .wanted = true},
	/* Taiki's own daemons: a line for each is all it takes. */
	{.name = "taiki-heartbeatd", .argv = {"/usr/sbin/taiki-heartbeatd"}, .ours = true},
	{.name = "taiki-fenced", .argv = {"/usr/sbin/taiki-fenced"}, .ours = true},
};

enum { NSERVICES = sizeof(services) / sizeof(services[0]) };

static void sleep_ms(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static void start(struct service *s)
{
	sigset_t none;

	s->started++;
	s->pid = fork();
	if (s->pid < 0) {
		fprintf(stderr, "node-init: %s: fork: %s\n", s->name, strerror(errno));
		s->pid = 0;
		return;
	}
	if (s->pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		/*
		 * Corosync asks for real-time scheduling; where a control group has
		 * no such time to give, this keeps a busy guest from delaying it.
		 */
		if (s == &services[0])
			setpriority(PRIO_PROCESS, 0, -20);
		execvp(s->argv[0], (char *const *)s->argv);
		fprintf(stderr, "node-init: %s: %s\n", s->argv[0], strerror(errno));
		_exit(127);
	}
	printf("node-init: %s started as %d\n", s->name, (int)s->pid);
}

/* corosync_ready() - Whether corosync listens on the abstract socket of its cmap service. */
static bool corosync_ready(void)
{
	char line[256];
	bool found = false;
	FILE *f = fopen("/proc/net/unix", "re");

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		const char *name = strrchr(line, ' ');

		found = name && !strncmp(name, " @cmap", 6);
	}
	fclose(f);
	return found;
}

static void ended(pid_t pid, int status)
{
	int rc = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	for (size_t i = 0; i < NSERVICES; i++) {
		struct service *s = &services[i];

		if (s->pid != pid)
			continue;
		s->pid = 0;
		printf("node-init: %s ended with %d\n", s->name, rc);
		if (rc == 0 ||
		    (!s->ours && (!s->restart || rc == EXIT_FATAL || s->started > RESTARTS_MAX)))
			return;
		sleep_ms(s->ours ? OURS_MS : RESTART_MS);
		start(s);
		return;
	}
}

int main(int argc, char **argv)
{
	bool idle = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--qdevice"))
			services[1].wanted = true;
		else if (!strcmp(argv[i], "--idle"))
			idle = true;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < NSERVICES; i++)
		if (services[i].ours)
			services[i].wanted = !access(services[i].argv[0], X_OK);
	for (size_t i = 0; i < NSERVICES && !idle; i++) {
		if (!services[i].wanted)
			continue;
		start(&services[i]);
		for (long ms = 0; i == 0 && ms < READY_MS && !corosync_ready(); ms += 20)
			sleep_ms(20);
	}
	for (;;) {
		int status;
		pid_t pid = wait(&status);

		if (pid > 0)
			ended(pid, status);
		else if (errno == ECHILD)
			sleep_ms(50); /* an orphan may still come */
	}
}
