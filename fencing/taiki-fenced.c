// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-fenced: fences guests for the clusters that run inside guests.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <qb/qblog.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fencing/audit.h"
#include "fencing/cluster.h"
#include "fencing/fenced.h"
#include "hv/daemon.h"

enum { EXIT_SETUP = 1, EXIT_USAGE = 2, EXIT_RUNS = 3 };
enum { OPT_STATUS = 256, OPT_JSON, OPT_CONFIG, OPT_DEBUG, OPT_VERSION };

#define CONFIG_PATH "/etc/taiki/fenced.conf"
#define KEYS_PATH   "/etc/taiki/fence.keys"

static const char usage[] =
	"usage: taiki-fenced [--config FILE] [--listen ADDRESS]... [--keys FILE]\n"
	"                    [--audit FILE] [--confirmations LIST] [--debug]\n"
	"       taiki-fenced --status [--json]\n"
	"       taiki-fenced --help | --version\n"
	"Fences the guests of this host cluster for clusters inside them.  Stays in the\n"
	"foreground; options come before what " CONFIG_PATH " says.\n"
	"  --status   what the running daemon knows: hosts, domains, requests, outcomes\n"
	"See taiki-fenced(8).\n";

static struct {
	bool status, json;
	const char *config;
	struct fenced_settings set;
} given;

/* 0; 1: answered; -EINVAL. */
static int parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, OPT_CONFIG},
		{"listen", required_argument, NULL, 'l'},
		{"keys", required_argument, NULL, 'k'},
		{"audit", required_argument, NULL, 'a'},
		{"confirmations", required_argument, NULL, 'c'},
		{"status", no_argument, NULL, OPT_STATUS},
		{"json", no_argument, NULL, OPT_JSON},
		{"debug", no_argument, NULL, OPT_DEBUG},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, OPT_VERSION},
		{0},
	};
	char err[400];
	int opt, rc = 0, at = 0;

	while (!rc && (opt = getopt_long(argc, argv, "h", longs, &at)) != -1) {
		switch (opt) {
		case OPT_CONFIG: given.config = optarg; break;
		case 'l':
		case 'k':
		case 'a':
		case 'c':
			rc = settings_set(&given.set, longs[at].name, optarg, err, sizeof(err));
			if (rc)
				fprintf(stderr, "taiki-fenced: %s\n", err);
			break;
		case OPT_STATUS: given.status = true; break;
		case OPT_JSON: given.json = true; break;
		case OPT_DEBUG: given.set.debug = 1; break;
		case 'h': fputs(usage, stdout); return 1;
		case OPT_VERSION: puts("taiki-fenced " TAIKI_VERSION); return 1;
		default: rc = -EINVAL;
		}
	}
	return rc || optind != argc || (given.json && !given.status) ? -EINVAL : 0;
}

/* What an option says counts; the file says the rest. */
static int settle_settings(void)
{
	struct fenced_settings *s = &fenced.set;
	char err[4400];

	s->debug = given.set.debug;
	if (settings_read(s, given.config ? given.config : CONFIG_PATH, given.config != NULL, err,
			  sizeof(err))) {
		hv_log_line(LOG_ERR, "%s", err);
		return EXIT_SETUP;
	}
	if (given.set.nlisten) {
		memcpy(s->listen, given.set.listen, sizeof(s->listen));
		s->nlisten = given.set.nlisten;
	}
	if (*given.set.keys)
		strcpy(s->keys, given.set.keys);
	if (*given.set.audit)
		strcpy(s->audit, given.set.audit);
	if (given.set.confirmations)
		s->confirmations = given.set.confirmations;
	if (!*s->keys)
		strcpy(s->keys, KEYS_PATH);
	if (!s->confirmations)
		s->confirmations = CONFIRM_POWER | CONFIRM_MANUAL;
	return 0;
}

/* A loop that does not turn is ended by systemd and started anew. */
static void watchdog(void *data)
{
	uint64_t next = hv_notify_alive();
	qb_loop_timer_handle timer;

	if (next)
		qb_loop_timer_add(fenced.loop, QB_LOOP_HIGH, next, NULL, watchdog, &timer);
}

/*
 * CAP_KILL          to end hv-domain processes, which are of users of their own
 * CAP_SYS_PTRACE    to see in /proc which of them holds a domain's lock and disks
 * CAP_DAC_OVERRIDE  to read run directories and to ask for the locks of disks
 *                   that belong to others
 * CAP_IPC_LOCK      to lock memory that is asked for later, without a limit
 */
static const int rights[] = {CAP_KILL, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE, CAP_IPC_LOCK};

/* Under memory pressure a fence must not wait for a page; what is never touched need not be there. */
static void lock_memory(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		hv_log_line(LOG_WARNING, "memory cannot be locked: %s", strerror(errno));
}

static int32_t stop_signal(int32_t number, void *data)
{
	hv_log_line(LOG_NOTICE, "signal %d: ending; domains run on", (int)number);
	hv_notify_say("STOPPING=1");
	qb_loop_stop(fenced.loop);
	return 0;
}

static int32_t hangup(int32_t number, void *data)
{
	audit_reopen();
	return 0;
}

static void open_log(void)
{
	int level = fenced.set.debug ? LOG_DEBUG : LOG_INFO;

	hv_log_init("taiki-fenced", level);
	/* What the doors log. */
	qb_log_init("taiki-fenced", LOG_DAEMON, LOG_INFO);
	qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
	qb_log_filter_ctl(QB_LOG_STDERR, QB_LOG_FILTER_ADD, QB_LOG_FILTER_FILE, "*", level);
	qb_log_ctl(QB_LOG_STDERR, QB_LOG_CONF_ENABLED, QB_TRUE);
}

static int open_all(void)
{
	char err[500] = "";
	int rc;

	rc = clients_open(err, sizeof(err));
	if (rc) {
		hv_log_line(LOG_ERR, "%s", err);
		return rc;
	}
	lock_memory();
	rc = hv_privilege_drop(rights, sizeof(rights) / sizeof(rights[0]));
	if (!rc)
		rc = status_open();
	if (!rc)
		rc = daemon_open();
	if (rc)
		hv_log_line(LOG_ERR, "cannot start: %s", strerror(-rc));
	return rc;
}

int main(int argc, char **argv)
{
	struct hv_error err;
	int rc = parse(argc, argv);

	if (rc > 0)
		return 0;
	if (rc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (given.status)
		return status_show(given.json);
	fenced.set.debug = given.set.debug;
	open_log();
	rc = settle_settings();
	if (rc)
		return rc;
	rc = hv_daemon_lock("fenced", "serves", &err);
	if (rc) {
		hv_log_line(LOG_ERR, "%s", err.text);
		return rc == -EEXIST ? EXIT_RUNS : EXIT_SETUP;
	}
	signal(SIGPIPE, SIG_IGN);
	rc = helper_start();
	fenced.loop = rc ? NULL : qb_loop_create();
	if (!fenced.loop) {
		hv_log_line(LOG_ERR, "cannot start: %s", strerror(rc ? -rc : errno));
		return EXIT_SETUP;
	}
	qb_loop_signal_add(fenced.loop, QB_LOOP_HIGH, SIGTERM, NULL, stop_signal, NULL);
	qb_loop_signal_add(fenced.loop, QB_LOOP_HIGH, SIGINT, NULL, stop_signal, NULL);
	qb_loop_signal_add(fenced.loop, QB_LOOP_HIGH, SIGHUP, NULL, hangup, NULL);
	hv_notify_open();
	if (open_all())
		return EXIT_SETUP;
	hv_notify_say("READY=1");
	watchdog(NULL);
	qb_loop_run(fenced.loop);
	cluster_close();
	return 0;
}
