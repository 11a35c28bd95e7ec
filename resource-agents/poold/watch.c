// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The run root and the directories in it that matter: that something happens there, not what.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"

#include "poold.h"

/* tells() - Most of what happens in a run directory is its log's and its socket's. */
static bool tells(const struct poold *d, const struct inotify_event *e)
{
	static const char *const names[] = {"pid",      "incarnation", "resource", "config.json",
					    "qmp.sock", "verdict",     "lock",     "adopting"};

	if (e->mask & (IN_Q_OVERFLOW | IN_IGNORED))
		return true;
	if (e->wd == d->root_watch)
		return e->len && hv_name_ok(e->name);
	for (size_t i = 0; e->len && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(e->name, names[i]))
			return true;
	return false;
}

/* A new configuration may be an adopter's. */
static void look_again_at(struct poold *d, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW || (e->len && !strcmp(e->name, "config.json")))
		for (struct place *p = d->places; p; p = p->next)
			p->checked = false;
}

static int32_t ready(int32_t fd, int32_t revents, void *data)
{
	_Alignas(struct inotify_event) char buf[16384];
	struct poold *d = data;
	ssize_t n = read(fd, buf, sizeof(buf));

	for (char *at = buf; n > 0 && at < buf + n;) {
		const struct inotify_event *e = (const struct inotify_event *)at;

		if (tells(d, e)) {
			look_again_at(d, e);
			pool_stir(d);
		}
		at += sizeof(*e) + e->len;
	}
	return 0;
}

int watch_dir(struct poold *d, const char *name)
{
	char path[PATH_MAX];
	int wd;

	if (hv_run_path(path, sizeof(path), name, ""))
		return -EINVAL;
	/* Where it is watched already this changes nothing. */
	wd = inotify_add_watch(d->inotify, path, IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR);
	return wd < 0 ? -errno : 0;
}

int watch_start(struct poold *d)
{
	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return -errno;
	d->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->inotify < 0)
		return -errno;
	d->root_watch = inotify_add_watch(d->inotify, hv_run_root(),
					  IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM |
						  IN_ONLYDIR);
	if (d->root_watch < 0)
		return -errno;
	return qb_loop_poll_add(d->loop, QB_LOOP_MED, d->inotify, POLLIN, d, ready);
}
