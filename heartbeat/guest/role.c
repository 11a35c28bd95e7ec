// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of role: the disks that the role brings, then the scripts of a
 * directory, one after the other, each with the role as its argument and the
 * role's data in its environment.  Only when all have ended with 0 does the guest
 * have the role; the first that does not ends the change, and the host, which
 * still hears the old role, may ask again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"
#include "hv/crc.h"

/* How an order ends that no script has ended: as timeout(1) and sh(1) say it. */
enum { STATUS_LATE = 124, STATUS_UNABLE = 126, STATUS_SIGNAL = 128 };

/* As run-parts(8) has it: what an editor or a package manager leaves behind is not run. */
static int is_script_name(const struct dirent *d)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return d->d_name[0] && !d->d_name[strspn(d->d_name, good)];
}

static int find_scripts(struct roles *r)
{
	struct dirent **names;
	int rc = 0, n = scandir(r->dir, &names, is_script_name, alphasort);

	r->scripts = r->next = 0;
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		if (r->scripts == ROLE_SCRIPTS_MAX ||
		    strlen(names[i]->d_name) >= ROLE_SCRIPT_NAME_MAX)
			rc = -E2BIG;
		else
			strcpy(r->script[r->scripts++], names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The role is root's affair: what somebody else can change is not run. */
static int check_script(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if ((st.st_uid && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return S_ISREG(st.st_mode) && (st.st_mode & S_IXUSR) ? 0 : -EACCES;
}

/* The CRC of an order, whole: the same number may come with other data. */
static uint32_t sum_of(const struct hv_role *order)
{
	char line[HV_ROLE_LINE_MAX];
	int len = hv_role_format(line, order);

	return len > 0 ? hv_crc32(line, (size_t)len) : 0;
}

static void give_up(struct roles *r, const char *script, const char *why, unsigned status)
{
	say(LOG_ERR, "role %s: %s/%s %s; the role stays %s", r->running.role, r->dir, script, why,
	    r->current);
	r->ended = r->running.seq;
	r->status = status;
	r->running.role[0] = '\0';
}

static void finish(struct roles *r)
{
	say(LOG_NOTICE, "role %s: done, %u scripts", r->running.role, r->scripts);
	strcpy(r->current, r->running.role);
	if (r->running.seq) {
		r->seq = r->running.seq;
		r->sum = sum_of(&r->running);
	}
	r->changed = true;
	r->ended = r->running.seq;
	r->status = 0;
	r->running.role[0] = '\0';
	keep_save(r);
}

/* run_next() - The next script, or the end. */
static void run_next(struct roles *r)
{
	char path[512];
	const char *argv[] = {path, r->running.role, NULL};
	const char *name;
	int rc;

	if (r->next == r->scripts) {
		finish(r);
		return;
	}
	name = r->script[r->next++];
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	rc = check_script(path);
	if (!rc)
		rc = job_start(&r->job, argv, role_environment(&r->running), r->timeout);
	if (rc == -EPERM)
		give_up(r, name, "can be changed by others than root and is not run",
			STATUS_UNABLE);
	else if (rc)
		give_up(r, name, strerror(-rc), STATUS_UNABLE);
}

/* run_disks() - First of all; that it cannot be done is no reason against the role. */
static void run_disks(struct roles *r)
{
	const char *argv[] = {"/proc/self/exe", DISKS_READ, r->running.role, NULL};
	int rc = job_start(&r->job, argv, environ, r->timeout);

	r->disks = !rc;
	if (rc) {
		say(LOG_WARNING, "role %s: new disks are not read: %s", r->running.role,
		    strerror(-rc));
		run_next(r);
	}
}

/* begin() - With what is wanted, as long as nothing runs. */
static void begin(struct roles *r)
{
	while (!r->running.role[0] && r->wanted.role[0]) {
		int rc;

		r->running = r->wanted;
		r->wanted.role[0] = '\0';
		rc = find_scripts(r);
		if (rc)
			give_up(r, "", strerror(-rc), STATUS_UNABLE);
		else if (r->running.seq)
			run_disks(r);
		else
			run_next(r);
	}
}

static void want(struct roles *r, const struct hv_role *order)
{
	say(LOG_NOTICE, "role %s: the host asks for it", order->role);
	r->wanted = *order;
	begin(r);
}

void roles_ask(struct roles *r, const char *role)
{
	struct hv_role order = {.kind = HV_ROLE_ROLE};
	const char *last = r->wanted.role[0]    ? r->wanted.role
			   : r->running.role[0] ? r->running.role
						: r->current;

	if (!strcmp(last, role)) {
		r->changed |= last == r->current;
		return;
	}
	snprintf(order.role, sizeof(order.role), "%s", role);
	want(r, &order);
}

void roles_order(struct roles *r, const struct hv_role *order)
{
	const struct hv_role *last = r->wanted.role[0] ? &r->wanted : &r->running;

	if (last->role[0] && last->seq == order->seq && sum_of(last) == sum_of(order))
		return; /* it will be answered when it has ended */
	if (!last->role[0] && r->seq == order->seq && r->sum == sum_of(order)) {
		r->ended = order->seq;
		r->status = 0;
		return;
	}
	want(r, order);
}

void roles_reap(struct roles *r)
{
	const char *script = r->disks ? "" : r->script[r->next ? r->next - 1 : 0];
	char why[64];
	int status;

	if (!job_ended(&r->job, &status))
		return;
	if (r->job.late)
		snprintf(why, sizeof(why), "took longer than %u ms and was killed", r->timeout);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "ended with %d", WEXITSTATUS(status));
	if (r->disks) {
		if (status || r->job.late)
			say(LOG_WARNING, "role %s: reading new disks %s", r->running.role, why);
		r->disks = false;
		run_next(r);
	} else if (status || r->job.late) {
		give_up(r, script, why,
			r->job.late           ? STATUS_LATE
			: WIFSIGNALED(status) ? (unsigned)(STATUS_SIGNAL + WTERMSIG(status))
					      : (unsigned)WEXITSTATUS(status));
	} else {
		run_next(r);
	}
	begin(r);
}
