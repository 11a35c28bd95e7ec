// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-poold: keeps the guests that wait on this host.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/reporter.h"
#include "hv/daemon.h"
#include "hv/daemon_control.h"

#include "poold.h"

enum {
	EXIT_SETUP = 1,
	EXIT_USAGE = 2,
	FILES_MAX = 65536,
	PING_MS = 5000,
	WITHDRAW_MS = 2000,
};

static const char usage[] =
	"usage: taiki-poold [--debug]\n"
	"       taiki-poold --help | --version\n"
	"Keeps the standbys that ocf:taiki:pool wants on this host, as $TAIKI_RUN_DIR/.poold.json\n"
	"(/run/taiki) says.  Stays in the foreground; see taiki-poold(8).\n";

int64_t pool_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 0; 1: answered; -EINVAL. */
static int parse(int argc, char **argv, int *level)
{
	static const struct option longs[] = {
		{"debug", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (opt) {
		case 'd': *level = LOG_DEBUG; break;
		case 'h': fputs(usage, stdout); return 1;
		case 'v': puts("taiki-poold " TAIKI_VERSION); return 1;
		default: return -EINVAL;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

int pool_reload(struct poold *d, struct hv_error *err)
{
	struct pool_settings now;
	int rc = pool_settings_read(&now, err);

	if (rc)
		return rc;
	pool_settings_free(&d->settings);
	d->settings = now;
	hv_log_line(LOG_NOTICE, "pool %s: %u domains, %u spares", now.resource, now.ndomains,
		    now.spares);
	for (struct place *p = d->places; p; p = p->next)
		p->checked = false;
	sources_apply(d);
	return 0;
}

static int32_t stop_signal(int32_t number, void *data)
{
	struct poold *d = data;

	hv_log_line(LOG_NOTICE, "signal %d: ending; standbys run on", (int)number);
	d->ending = true;
	qb_loop_stop(d->loop);
	return 0;
}

static void ping(void *data)
{
	struct poold *d = data;

	timer_set(&d->ping, PING_MS * NS_PER_MS, d, ping);
	guest_ping(d);
}

static int start(struct poold *d, struct hv_error *err)
{
	struct rlimit files = {FILES_MAX, FILES_MAX};
	int rc;

	setrlimit(RLIMIT_NOFILE, &files);
	d->reporter = reporter_start();
	d->loop = qb_loop_create();
	if (d->reporter < 0 || !d->loop)
		return hv_err(err, -ENOMEM, "no reporter, or no loop");
	qb_loop_signal_add(d->loop, QB_LOOP_HIGH, SIGTERM, d, stop_signal, NULL);
	qb_loop_signal_add(d->loop, QB_LOOP_HIGH, SIGINT, d, stop_signal, NULL);
	rc = timer_start(d->loop);
	if (!rc)
		rc = poller_start(d->loop);
	if (!rc)
		rc = watch_start(d);
	if (!rc)
		rc = publish_start(d);
	if (!rc)
		rc = source_start(d);
	if (!rc)
		rc = control_start(d);
	if (rc)
		return hv_err(err, rc, "%s: cannot be watched: %s", hv_run_root(), strerror(-rc));
	return pool_reload(d, err);
}

int main(int argc, char **argv)
{
	struct poold d = {.inotify = -1, .reporter = -1};
	struct hv_error err;
	int level = LOG_INFO, rc = parse(argc, argv, &level);

	if (rc > 0)
		return 0;
	if (rc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	hv_log_init("taiki-poold", level);
	rc = hv_daemon_lock("poold", "keeps the standbys of", &err);
	if (rc) {
		hv_log_line(LOG_ERR, "%s", err.text);
		return rc == -EEXIST ? HV_DAEMON_RUNS : EXIT_SETUP;
	}
	signal(SIGPIPE, SIG_IGN);
	hv_notify_open();
	rc = start(&d, &err);
	if (rc) {
		hv_log_line(LOG_ERR, "%s", err.text);
		return EXIT_SETUP;
	}
	ping(&d);
	hv_notify_say("READY=1");
	qb_loop_run(d.loop);
	hv_notify_say("STOPPING=1");
	publish_end(&d, WITHDRAW_MS);
	return 0;
}
