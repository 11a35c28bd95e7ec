// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "watch.h"

enum { SETTLE_MS = 50 }; /* what happens together is shown together */

struct watching {
	const struct options *o;
	const struct watched *w;
	struct pollfd *fds; /* inotify first, then processes */
	size_t n, room;
	bool ended; /* a process was gone before it could be watched */
	char *shown;
};

static int add(struct watching *s, int fd)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct pollfd *more = realloc(s->fds, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->fds = more;
		s->room = room;
	}
	s->fds[s->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	return 0;
}

static void add_process(struct watching *s, pid_t pid)
{
	int fd = pidfd_open(pid, 0);

	if (fd < 0)
		s->ended = s->ended || errno == ESRCH;
	else if (add(s, fd))
		close(fd);
}

/* arm() - Whatever happens from now on is noticed. */
static void arm(struct watching *s)
{
	char **names, path[4096];
	pid_t pid;

	while (s->n > 1)
		close(s->fds[--s->n].fd);
	s->ended = false;
	names = hv_run_list(NULL);
	for (char **n = names; n && *n; n++) {
		/* Where it is watched already this changes nothing. */
		if (!hv_run_path(path, sizeof(path), *n, ""))
			inotify_add_watch(s->fds[0].fd, path, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
		if (hv_presence(*n, &pid, NULL) == HV_PRESENT && pid)
			add_process(s, pid);
	}
	free(names);
}

static int start(struct watching *s)
{
	struct rlimit files;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	/* One descriptor a process. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (fd >= 0 && !add(s, fd) &&
	    inotify_add_watch(fd, hv_run_root(),
			      IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR) >=
		    0)
		return HV_EXIT_OK;
	fprintf(stderr, "hv: %s: cannot be watched: %s%s\n", hv_run_root(), strerror(errno),
		errno == ENOENT ? "; nothing has run on this host yet" : "");
	return HV_EXIT_FAILED;
}

static void drop_keys(json_t *o, const char *const *keys)
{
	const char *key;
	json_t *v;
	size_t i;

	for (const char *const *k = keys; *k; k++)
		json_object_del(o, *k);
	json_object_foreach (o, key, v)
		drop_keys(v, keys);
	json_array_foreach (o, i, v)
		drop_keys(v, keys);
}

/* is_news() - Whether @o is not what was shown last. */
static bool is_news(struct watching *s, const json_t *o)
{
	json_t *copy = json_deep_copy(o);
	char *text;

	drop_keys(copy, s->w->passing);
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	if (text && s->shown && !strcmp(text, s->shown)) {
		free(text);
		return false;
	}
	free(s->shown);
	s->shown = text;
	return true;
}

static void show(struct watching *s, const json_t *o)
{
	time_t now = time(NULL);
	char when[32], *text;
	struct tm tm;

	if (s->o->given & OPT_JSON) {
		text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
		puts(text ? text : "null");
		free(text);
	} else {
		localtime_r(&now, &tm);
		strftime(when, sizeof(when), "%F %T", &tm);
		printf("%s%s\n", isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "", when);
		s->w->print(s->w->arg, o);
		putchar('\n');
	}
	fflush(stdout);
}

/* rest() - ms until --timeout, and until @again; -1: for ever. */
static int rest(const struct options *o, int again)
{
	int ms = again > 0 ? again : -1;

	if (o->given & OPT_TIMEOUT && (ms < 0 || left(o) < ms))
		ms = left(o);
	return ms;
}

static void wait_for_news(struct watching *s, int again)
{
	char events[4096];

	if (!s->ended && poll(s->fds, (nfds_t)s->n, rest(s->o, again)) > 0)
		poll(NULL, 0, SETTLE_MS);
	while (read(s->fds[0].fd, events, sizeof(events)) > 0)
		;
}

int watch(const struct options *o, const struct watched *w)
{
	struct watching s = {.o = o, .w = w};
	int code = start(&s);

	while (!code && !ferror(stdout) && !(o->given & OPT_TIMEOUT && left(o) <= 1)) {
		int again = 0;
		pid_t pid = 0;
		json_t *now;

		arm(&s);
		now = w->look(w->arg, &again, &pid);
		if (!now) {
			code = HV_EXIT_FAILED;
			break;
		}
		if (is_news(&s, now))
			show(&s, now);
		json_decref(now);
		if (pid)
			add_process(&s, pid);
		wait_for_news(&s, again);
	}
	while (s.n)
		close(s.fds[--s.n].fd);
	free(s.fds);
	free(s.shown);
	return code;
}
