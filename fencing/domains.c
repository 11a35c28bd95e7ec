// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fencing/domains.h"
#include "fencing/order_table.h"
#include "hv/adopt.h"
#include "hv/daemon.h"
#include "hv/definition.h"
#include "hv/rundir.h"
#include "hv/standby.h"

enum { PROOF_MS = 20000, PROVE_AGAIN_MS = 1000, LOOK_AGAIN_MS = 200 };

struct watched {
	struct watched *next;
	int watch, pidfd;
	bool proving;
	qb_loop_timer_handle again;
	struct order_domain d; /* d.up: told, and not told down since */
};

static qb_loop_t *loop;
static const struct domains_ops *ops;
static struct watched *all;
static int inotify = -1, root_watch = -1;

static void look(struct watched *w);

static void look_again(void *data)
{
	struct watched *w = data;

	w->again = 0;
	look(w);
}

static void look_later(struct watched *w, int ms)
{
	if (!w->again)
		qb_loop_timer_add(loop, QB_LOOP_MED, (uint64_t)ms * QB_TIME_NS_IN_MSEC, w,
				  look_again, &w->again);
}

/* What its start left: who may fence it, and whose it is. */
static void read_start(const char *name, struct order_domain *d)
{
	char path[PATH_MAX], *text = NULL, *resource = hv_run_read(name, "resource");
	struct hv_error err = {""};
	struct hv_config c;
	size_t len;

	if (resource)
		order_copy(d->resource, sizeof(d->resource), resource);
	free(resource);
	if (hv_run_path(path, sizeof(path), name, "config.json") ||
	    hv_definition_read(path, &text, &len, &err) ||
	    hv_config_from_json(&c, text, len, &err)) {
		hv_log_line(LOG_WARNING, "domain %s: its fence group cannot be read: %s", name,
			    err.text);
	} else {
		if (c.fence_group && strlen(c.fence_group) < sizeof(d->group))
			order_copy(d->group, sizeof(d->group), c.fence_group);
		hv_config_free(&c);
	}
	free(text);
}

static int process_ended(int fd, int revents, void *data)
{
	struct watched *w = data;

	qb_loop_poll_del(loop, fd);
	close(fd);
	w->pidfd = -1;
	look(w);
	return -1;
}

/* It has ended; that nothing of it can write any more is proven in a thread. */
static void prove(struct watched *w)
{
	struct work_kill k = {.timeout_ms = PROOF_MS};

	if (w->proving)
		return;
	order_copy(k.name, sizeof(k.name), w->d.name);
	order_copy(k.incarnation, sizeof(k.incarnation), w->d.incarnation);
	w->proving = !work_start(&k);
	if (!w->proving)
		look_later(w, PROVE_AGAIN_MS);
}

bool domains_worked(const struct work_kill *k)
{
	static const uint8_t none[ORDER_ID];

	if (memcmp(k->id, none, sizeof(none)))
		return false;
	for (struct watched *w = all; w; w = w->next) {
		if (strcmp(w->d.name, k->name))
			continue;
		w->proving = false;
		if (!w->d.up || strcmp(w->d.incarnation, k->incarnation))
			break;
		if (k->rc) {
			hv_log_line(LOG_WARNING, "%s; asking again", k->text);
			look_later(w, PROVE_AGAIN_MS);
			break;
		}
		w->d.up = false;
		ops->down(&w->d);
		look(w); /* the next start may have waited for this */
	}
	return true;
}

static void started(struct watched *w, pid_t pid, const char *incarnation)
{
	int fd = pidfd_open(pid, 0);
	char *now;

	if (fd < 0) {
		look_later(w, LOOK_AGAIN_MS);
		return;
	}
	/* Still the same after the pidfd is there: then it is that process. */
	now = hv_run_read(w->d.name, "incarnation");
	if (!now || strcmp(now, incarnation) || strlen(now) >= ORDER_UUID) {
		close(fd);
		look_later(w, LOOK_AGAIN_MS);
	} else {
		memset(&w->d.incarnation, 0,
		       sizeof(w->d) - offsetof(struct order_domain, incarnation));
		order_copy(w->d.incarnation, sizeof(w->d.incarnation), now);
		read_start(w->d.name, &w->d);
		w->d.up = true;
		w->pidfd = fd;
		qb_loop_poll_add(loop, QB_LOOP_HIGH, fd, POLLIN, w, process_ended);
		ops->up(&w->d);
	}
	free(now);
}

static void look(struct watched *w)
{
	struct hv_error err = {""};
	char *incarnation;
	pid_t pid = 0;

	if (w->d.up) {
		if (w->pidfd < 0)
			prove(w);
		return;
	}
	switch (hv_presence(w->d.name, &pid, &err)) {
	case HV_ABSENT: return;
	case HV_UNKNOWN:
		hv_log_line(LOG_WARNING, "%s", err.text);
		look_later(w, PROVE_AGAIN_MS);
		return;
	case HV_PRESENT: break;
	}
	/* It has its incarnation and group when its adoption is over, which is an event. */
	if (hv_adopting(w->d.name))
		return;
	incarnation = hv_run_read(w->d.name, "incarnation");
	/* Its start writes `pid` last, and that is an event. */
	if (incarnation && pid)
		started(w, pid, incarnation);
	free(incarnation);
}

static void watch(const char *name)
{
	struct watched *w = all;
	char path[PATH_MAX];
	int before;

	while (w && strcmp(w->d.name, name))
		w = w->next;
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return;
		order_copy(w->d.name, sizeof(w->d.name), name);
		w->pidfd = w->watch = -1;
		w->next = all;
		all = w;
	}
	before = w->watch;
	if (!hv_run_path(path, sizeof(path), name, ""))
		w->watch = inotify_add_watch(inotify, path, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
	/* Another directory has the name now: an adopted standby's. */
	if (before >= 0 && before != w->watch)
		inotify_rm_watch(inotify, before);
	look(w);
}

static void rescan(void)
{
	struct hv_error err = {""};
	char **names = hv_run_list(&err);

	if (!names)
		hv_log_line(LOG_ERR, "%s", err.text);
	for (char **n = names; n && *n; n++)
		if (hv_name_kind(*n) == HV_KIND_DOMAIN)
			watch(*n);
	free(names);
}

static void event(const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW) {
		rescan();
		return;
	}
	if (e->wd == root_watch) {
		if (e->mask & IN_ISDIR && e->len && hv_name_kind(e->name) == HV_KIND_DOMAIN &&
		    strlen(e->name) < ORDER_NAME)
			watch(e->name);
		return;
	}
	for (struct watched *w = all; w; w = w->next)
		if (w->watch == e->wd) {
			if (e->mask & IN_IGNORED)
				w->watch = -1;
			else
				look(w);
			return;
		}
}

static int events(int fd, int revents, void *data)
{
	_Alignas(struct inotify_event) char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));

	for (char *p = buf; n > 0 && p < buf + n;) {
		const struct inotify_event *e = (const struct inotify_event *)p;

		event(e);
		p += sizeof(*e) + e->len;
	}
	return 0;
}

int domains_open(struct qb_loop *l, const struct domains_ops *o)
{
	loop = l;
	ops = o;
	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return -errno;
	inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (inotify < 0)
		return -errno;
	root_watch = inotify_add_watch(inotify, hv_run_root(),
				       IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (root_watch < 0)
		return -errno;
	rescan();
	return qb_loop_poll_add(loop, QB_LOOP_MED, inotify, POLLIN, NULL, events);
}

uint32_t domains_list(struct order_domain *out)
{
	uint32_t n = 0;

	for (struct watched *w = all; w && n < ORDER_DOMAINS_MAX; w = w->next)
		if (w->d.up)
			out[n++] = w->d;
	return n;
}

const struct order_domain *domains_find(const char *name)
{
	for (struct watched *w = all; w; w = w->next)
		if (w->d.up && !strcmp(w->d.name, name))
			return &w->d;
	return NULL;
}
