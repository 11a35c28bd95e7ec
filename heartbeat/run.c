// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which domains there are: the run root, by inotify and by a rescan.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hv/rundir.h"

#include "heartbeatd.h"

static void watch_domain(struct hbd *d, const char *name)
{
	struct domain *dom = domain_find(d, name);
	char path[PATH_MAX];
	int before;

	if (!dom)
		dom = domain_add(d, name);
	if (!dom) {
		hv_log_line(LOG_ERR, "domain %s: cannot be watched: %u are the most", name,
			    (unsigned)DOMAINS_MAX);
		return;
	}
	before = dom->watch;
	if (!hv_run_path(path, sizeof(path), name, ""))
		dom->watch = inotify_add_watch(d->inotify, path,
					       IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR);
	/* Another directory has the name now: an adopted standby's. */
	if (before >= 0 && before != dom->watch)
		inotify_rm_watch(d->inotify, before);
	domain_look(dom); /* after the watch is set: nothing falls between */
}

static bool has_directory(const char *name)
{
	char path[PATH_MAX];

	return !hv_run_path(path, sizeof(path), name, "") && !access(path, F_OK);
}

void run_rescan(struct hbd *d)
{
	char **names = hv_run_list(NULL);

	for (char **n = names; n && *n; n++)
		watch_domain(d, *n);
	free(names);
}

static void root_event(struct hbd *d, const struct inotify_event *e)
{
	struct domain *dom;

	if (!e->len || !hv_name_ok(e->name))
		return;
	/* Where two directories have changed places (adoption), each name goes and comes. */
	if (e->mask & (IN_DELETE | IN_MOVED_FROM) && !has_directory(e->name)) {
		dom = domain_find(d, e->name);
		if (dom)
			domain_remove(dom);
	} else if (e->mask & IN_ISDIR) {
		watch_domain(d, e->name);
	}
}

/* tells() - Whether a file of this name says something about its domain; most are logs and our own. */
static bool tells(const struct inotify_event *e)
{
	static const char *const names[] = {"incarnation", "pid",      "resource",
					    "intent",      "qmp.sock", "adopting"};

	if (e->mask & IN_IGNORED)
		return true;
	for (size_t i = 0; e->len && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(e->name, names[i]))
			return true;
	return false;
}

static void event(struct hbd *d, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW) {
		run_rescan(d);
		return;
	}
	if (e->wd == d->run_watch) {
		root_event(d, e);
		return;
	}
	if (!tells(e))
		return;
	for (struct domain *dom = d->domains; dom; dom = dom->next)
		if (dom->watch == e->wd) {
			if (e->mask & IN_IGNORED)
				dom->watch = -1;
			else
				domain_look(dom);
			return;
		}
}

static int32_t events_ready(int32_t fd, int32_t revents, void *data)
{
	_Alignas(struct inotify_event) char buf[16384];
	struct hbd *d = data;
	ssize_t n = read(fd, buf, sizeof(buf));

	for (char *p = buf; n > 0 && p < buf + n;) {
		const struct inotify_event *e = (const struct inotify_event *)p;

		event(d, e);
		p += sizeof(*e) + e->len;
	}
	return 0;
}

int run_watch_start(struct hbd *d)
{
	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return -errno;
	d->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->inotify < 0)
		return -errno;
	d->run_watch = inotify_add_watch(d->inotify, hv_run_root(),
					 IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM |
						 IN_ONLYDIR);
	if (d->run_watch < 0)
		return -errno;
	return qb_loop_poll_add(d->loop, QB_LOOP_MED, d->inotify, POLLIN, d, events_ready);
}
