// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is there a daemon, whose is it, and does it answer?  Without a fork, and
 * with a deadline.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/rundir.h"

#include "heartbeat.h"

enum { GROUPS_MAX = 8192 };

#define ADOPTED "/.heartbeatd.adopted"
#define UNIT    "taiki-heartbeatd.service"

static void in_root(char path[PATH_MAX], const char *file)
{
	snprintf(path, PATH_MAX, "%s%s", hv_run_root(), file);
}

/* run_by_systemd() - Whether @pid is in the control group of its unit. */
static bool run_by_systemd(pid_t pid)
{
	char path[64], groups[GROUPS_MAX];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(groups, 1, sizeof(groups) - 1, f);
		fclose(f);
	}
	groups[n] = '\0';
	return strstr(groups, "/" UNIT "\n") || strstr(groups, "/" UNIT "/");
}

/* The mark lives in the run directory, so that it is gone after a boot. */
static bool is_adopted(void)
{
	char path[PATH_MAX];

	in_root(path, ADOPTED);
	return !access(path, F_OK);
}

int heartbeat_adopt(bool yes)
{
	char path[PATH_MAX];
	int fd;

	in_root(path, ADOPTED);
	if (!yes)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

void heartbeat_look(struct heartbeat_view *v, int64_t deadline)
{
	pid_t written;
	int held = hv_daemon_holder(&heartbeat_daemon, &written);

	*v = (struct heartbeat_view){.adopted = is_adopted()};
	if (held <= 0) {
		v->presence = held ? HEARTBEAT_UNKNOWN : HEARTBEAT_ABSENT;
		v->error = held;
		return;
	}
	v->error = hv_daemon_ask(&heartbeat_daemon, "status\n", deadline, NULL, &v->pid);
	if (v->error == -ESRCH) {
		v->presence = HEARTBEAT_ABSENT;
		v->error = v->pid = 0;
		return;
	}
	v->presence = v->error ? HEARTBEAT_SILENT : HEARTBEAT_ANSWERS;
	if (!v->pid)
		v->pid = written;
	v->systemd = v->pid && run_by_systemd(v->pid);
}
