// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-mirrord: one mirrored volume.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "mirror/mirrord.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE_BAD = 2, EXIT_RUNS = 3 };

enum { ALIVE_MS = 1000 };

static void down(void *arg)
{
	struct mirrord *m = arg;

	m->volume = NULL;
	if (m->handler)
		handler_close(m->handler);
	if (m->quorum)
		quorum_close(m->quorum);
	m->handler = NULL;
	m->quorum = NULL;
	control_close(m->control);
	m->control = NULL;
	m->loop.stop = true;
}

static void exports_closed(struct mirrord *m)
{
	int r = m->nbd || m->vhost ? 0 : volume_down(m->volume, down, m);

	if (r) {
		hv_log_line(LOG_ERR, "cannot close the volume: %s", strerror(-r));
		m->loop.stop = true;
	}
}

static void nbd_closed(void *arg)
{
	struct mirrord *m = arg;

	m->nbd = NULL;
	exports_closed(m);
}

static void vhost_closed(void *arg)
{
	struct mirrord *m = arg;

	m->vhost = NULL;
	exports_closed(m);
}

int mirrord_down(struct mirrord *m, bool force)
{
	if (m->going_down)
		return -EALREADY;
	if (nbd_clients(m->nbd) + vhost_clients(m->vhost) && !force)
		return -EBUSY;
	m->going_down = true;
	hv_notify_say("STOPPING=1");
	nbd_close(m->nbd, nbd_closed, m);
	vhost_close(m->vhost, vhost_closed, m);
	return 0;
}

static void signalled(struct watch *w, uint32_t events)
{
	struct mirrord *m = list_entry(w, struct mirrord, signals);
	struct signalfd_siginfo s;

	if (read(w->fd, &s, sizeof(s)) == sizeof(s))
		mirrord_down(m, true);
}

static int watch_signals(struct mirrord *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signals = (struct watch){.ready = signalled};
	m->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signals.fd < 0 ? -errno : loop_watch(&m->loop, &m->signals, EPOLLIN);
}

static void alive(struct timer *t)
{
	struct mirrord *m = list_entry(t, struct mirrord, alive);

	hv_notify_alive();
	loop_timer(&m->loop, t, ALIVE_MS * LOOP_MS);
}

static int fail(const char *what, int r)
{
	hv_log_line(LOG_ERR, "%s: %s", what, strerror(-r));
	return EXIT_FAILED;
}

static int serve(struct mirrord *m, struct options *o)
{
	int r = nbd_open(&m->nbd, &m->loop, m->volume, o->nbd);

	if (r)
		return fail(o->nbd, r);
	r = vhost_open(&m->vhost, &m->loop, m->volume, o->vhost);
	if (r)
		return fail(o->vhost, r);
	r = control_open(&m->control, m, o->control);
	if (r)
		return fail(o->control, r);
	if (o->fence_peer[0])
		r = handler_open(&m->handler, &m->loop, m->volume, o->fence_peer);
	if (!r && o->quorum)
		r = quorum_open(&m->quorum, &m->loop, m->volume);
	if (r)
		return fail("fencing and quorum", r);
	timer_init(&m->alive, alive);
	alive(&m->alive);
	if (o->connect)
		volume_connect(m->volume, false);
	hv_notify_say("READY=1");
	loop_run(&m->loop);
	return EXIT_DONE;
}

/* lock() - Become the one daemon of the volume here.  0, or the exit status. */
static int lock(const char *name)
{
	char daemon[PLACE_PATH];
	struct hv_error err;
	int r = place_make(name);

	if (r)
		return fail("making the run directory", r);
	r = place_daemon(daemon, name);
	if (!r)
		r = hv_daemon_lock(daemon, "serves", &err);
	if (r != -EEXIST)
		return r ? fail("locking the run directory", r) : 0;
	hv_log_line(LOG_ERR, "%s: another taiki-mirrord serves it already", name);
	return EXIT_RUNS;
}

int main(int argc, char **argv)
{
	static struct mirrord m;
	static char who[96];
	struct options o;
	int r = options_read(&o, argc, argv);

	if (r)
		return r > 0 ? EXIT_DONE : EXIT_USAGE_BAD;
	strcpy(who, "taiki-mirrord");
	hv_log_init(who, LOG_DEBUG);
	hv_notify_open();
	r = lock(o.volume.name);
	if (r)
		return r;
	r = loop_init(&m.loop);
	if (r)
		return fail("io_uring", r);
	r = watch_signals(&m);
	if (r)
		return fail("signals", r);
	o.volume.behind = place_state(o.volume.name, "behind");
	o.volume.known_size = place_state(o.volume.name, "size");
	if (volume_open(&m.volume, &m.loop, &o.volume))
		return EXIT_FAILED;
	r = serve(&m, &o);
	loop_free(&m.loop);
	return r;
}
