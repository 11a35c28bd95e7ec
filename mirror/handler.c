// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/handler.h"

enum {
	PATIENCE_MS = 120 * 1000, /* fencing a host may take so long */
	NO_STATUS = -1,
	ENV_MAX = 256,
};

extern char **environ;

struct handler {
	struct volume_fencer fencer;
	struct loop *loop;
	struct volume *volume;
	const char *program;
	struct watch ended; /* pidfd */
	pid_t pid;          /* 0: none runs */
	bool fencing;       /* what runs is to fence */
	bool fence_next, lift_next;
	char disk[32];
	char resource[64];
	struct timer patience;
	struct task failed; /* it did not even begin */
};

static void next(struct handler *h);

/* tell() - What ran is over. */
static void tell(struct handler *h, int status)
{
	bool fencing = h->fencing;

	h->pid = 0;
	h->fencing = false;
	loop_timer_stop(&h->patience);
	if (fencing)
		volume_fenced(h->volume, status);
	else if (status)
		hv_log_line(LOG_WARNING,
			    "%s: %s unfence ended with %d; where a constraint of its is left, "
			    "nobody else is promoted",
			    h->resource, h->program, status);
	next(h);
}

static void ended(struct watch *w, uint32_t events)
{
	struct handler *h = list_entry(w, struct handler, ended);
	int status;

	if (waitpid(h->pid, &status, WNOHANG) != h->pid)
		return;
	loop_unwatch(h->loop, w);
	close(w->fd);
	tell(h, WIFEXITED(status) ? WEXITSTATUS(status) : NO_STATUS);
}

static void too_long(struct timer *t)
{
	struct handler *h = list_entry(t, struct handler, patience);

	hv_log_line(LOG_ERR, "%s: %s did not end within %d s and is killed", h->resource,
		    h->program, PATIENCE_MS / 1000);
	kill(-h->pid, SIGKILL);
}

static void could_not(struct task *t)
{
	struct handler *h = list_entry(t, struct handler, failed);

	tell(h, NO_STATUS);
}

static int spawn(struct handler *h, const char *verb)
{
	char *argv[] = {(char *)h->program, (char *)verb, h->resource, NULL};
	char resource[96], disk[64], *env[ENV_MAX + 3];
	posix_spawnattr_t a;
	sigset_t none, some;
	size_t n = 0;
	int r;

	for (char **e = environ; *e && n < ENV_MAX; e++)
		env[n++] = *e;
	snprintf(resource, sizeof(resource), "DRBD_RESOURCE=%s", h->resource);
	snprintf(disk, sizeof(disk), "DISK_STATE=%s", h->disk);
	env[n++] = resource;
	env[n++] = disk;
	env[n] = NULL;
	sigemptyset(&none);
	sigemptyset(&some);
	sigaddset(&some, SIGPIPE);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGINT);
	r = posix_spawnattr_init(&a);
	if (r)
		return -r;
	posix_spawnattr_setflags(&a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					     POSIX_SPAWN_SETSID);
	posix_spawnattr_setsigmask(&a, &none);
	posix_spawnattr_setsigdefault(&a, &some);
	r = posix_spawn(&h->pid, h->program, NULL, &a, argv, env);
	posix_spawnattr_destroy(&a);
	return -r;
}

static void run(struct handler *h, bool fence)
{
	int r;

	h->fencing = fence;
	r = spawn(h, fence ? "fence" : "unfence");
	if (!r) {
		h->ended = (struct watch){.fd = pidfd_open(h->pid, PIDFD_NONBLOCK), .ready = ended};
		r = h->ended.fd < 0 ? -errno : loop_watch(h->loop, &h->ended, EPOLLIN);
	}
	if (r) {
		hv_log_line(LOG_ERR, "%s: %s cannot be run: %s", h->resource, h->program,
			    strerror(-r));
		h->pid = -1; /* until it is told */
		loop_task(h->loop, &h->failed);
		return;
	}
	loop_timer(h->loop, &h->patience, PATIENCE_MS * LOOP_MS);
}

static void next(struct handler *h)
{
	if (h->pid)
		return;
	if (h->fence_next) {
		h->fence_next = false;
		run(h, true);
	} else if (h->lift_next) {
		h->lift_next = false;
		run(h, false);
	}
}

static void fence(struct volume_fencer *f, const char *resource, const char *disk)
{
	struct handler *h = list_entry(f, struct handler, fencer);

	snprintf(h->disk, sizeof(h->disk), "%s", disk);
	h->fence_next = true;
	h->lift_next = false; /* what was to be lifted is needed again */
	next(h);
}

static void lift(struct volume_fencer *f, const char *resource)
{
	struct handler *h = list_entry(f, struct handler, fencer);

	h->lift_next = true;
	next(h);
}

int handler_open(struct handler **out, struct loop *l, struct volume *v, const char *program)
{
	struct handler *h = calloc(1, sizeof(*h));
	struct volume_status s;

	if (!h)
		return -ENOMEM;
	volume_status(v, &s);
	snprintf(h->resource, sizeof(h->resource), "%s", s.name);
	h->fencer = (struct volume_fencer){fence, lift};
	h->loop = l;
	h->volume = v;
	h->program = program;
	timer_init(&h->patience, too_long);
	task_init(&h->failed, could_not);
	volume_fencer(v, &h->fencer);
	*out = h;
	return 0;
}

void handler_close(struct handler *h)
{
	loop_timer_stop(&h->patience);
	list_remove(&h->failed.link);
	if (h->pid > 0) {
		kill(-h->pid, SIGKILL);
		loop_unwatch(h->loop, &h->ended);
		close(h->ended.fd);
	}
	free(h);
}
