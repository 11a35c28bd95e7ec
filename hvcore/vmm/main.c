// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv-domain: one guest, one process.  Everything that needs rights happens in
 * set_up(), top to bottom; then rights are dropped in two steps (jail.h), the
 * starter is told, and the guest runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "hv/tune.h"

#include "board.h"
#include "control/control.h"
#include "home.h"
#include "jail.h"
#include "log.h"
#include "loop.h"
#include "machine.h"

enum { EXIT_SETUP = 1, EXIT_USAGE = 2, CONFIG_MAX = 4 << 20 };

struct options {
	int config_fd, status_fd, booking_fd;
	bool paused, deterministic, no_fencing;
	const char *name;
};

static const char usage[] =
	"usage: hv-domain --config-fd N [--status-fd N] [--booking-fd N] [--paused]\n"
	"                 [--no-fencing] [--deterministic] NAME\n"
	"Runs one guest in the foreground; started by hv(8) and by the cluster agent.\n";

static int parse_fd(const char *text, int *fd)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0 || n > 1 << 20 || fcntl((int)n, F_GETFD) < 0)
		return -EINVAL;
	*fd = (int)n;
	return 0;
}

/* 0; 1: --help or --version was answered; -EINVAL. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config-fd", required_argument, NULL, 'c'},
		{"booking-fd", required_argument, NULL, 'b'},
		{"status-fd", required_argument, NULL, 's'},
		{"paused", no_argument, NULL, 'p'},
		{"no-fencing", no_argument, NULL, 'f'},
		{"deterministic", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};
	int opt;

	*o = (struct options){.config_fd = -1, .status_fd = -1, .booking_fd = -1};
	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			if (parse_fd(optarg, &o->config_fd))
				return -EINVAL;
			break;
		case 'b':
			if (parse_fd(optarg, &o->booking_fd))
				return -EINVAL;
			break;
		case 's':
			if (parse_fd(optarg, &o->status_fd))
				return -EINVAL;
			break;
		case 'p': o->paused = true; break;
		case 'f': o->no_fencing = true; break;
		case 'd': o->deterministic = true; break;
		case 'h': fputs(usage, stdout); return 1;
		case 'v': puts("hv-domain " TAIKI_VERSION); return 1;
		default: return -EINVAL;
		}
	}
	if (optind != argc - 1 || o->config_fd < 0)
		return -EINVAL;
	o->name = argv[optind];
	return 0;
}

static int read_config(int fd, char **text, struct hv_error *err)
{
	size_t len = 0;
	ssize_t n;

	*text = malloc(CONFIG_MAX + 1);
	if (!*text)
		return hv_err(err, -ENOMEM, "configuration: out of memory");
	while ((n = read(fd, *text + len, CONFIG_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0 || len == CONFIG_MAX)
		return hv_err(err, n < 0 ? -errno : -EFBIG, "configuration: cannot be read: %s",
			      n < 0 ? strerror(errno) : "larger than 4 MiB");
	(*text)[len] = '\0';
	close(fd);
	return 0;
}

/* SIGTERM and SIGINT end the domain at once, as `hv destroy` does; the ordered way is QMP's. */
static void signal_ready(struct loop_fd *w, uint32_t events)
{
	struct signalfd_siginfo si;

	if (read(w->fd, &si, sizeof(si)) != sizeof(si))
		return;
	log_line(LOG_NOTICE, "signal %u from process %u", si.ssi_signo, si.ssi_pid);
	machine_quit("host-signal");
}

static int block_signals(void)
{
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int set_up(const struct options *o, struct hv_config *c, struct hv_error *err)
{
	struct machine_options mo = {
		.name = o->name,
		.fencing = !o->no_fencing,
		.deterministic = o->deterministic,
	};
	static struct loop_fd signals = {.ready = signal_ready};
	bool as_root = geteuid() == 0;
	char log[4096], *json = NULL;
	int rc = read_config(o->config_fd, &json, err);

	if (!rc)
		rc = hv_config_from_json(c, json, strlen(json), err);
	if (!rc)
		rc = hv_config_check(c, err);
	if (!rc && strcmp(c->name, o->name))
		rc = hv_err(err, -EINVAL, "domain %s: its configuration is that of \"%s\"", o->name,
			    c->name);
	if (!rc)
		rc = home_take(c, json, o->status_fd, err);
	/* The lock speaks for the domain now (hv/ledger.h). */
	if (!rc && o->booking_fd >= 0)
		close(o->booking_fd);
	if (!rc)
		rc = hv_pins_take(c, err);
	free(json);
	if (!rc && hv_run_path(log, sizeof(log), o->name, "log"))
		rc = -ENAMETOOLONG;
	if (!rc)
		rc = log_open(o->name, log, err);
	if (rc)
		return rc;
	signals.fd = block_signals();
	machine_own(c);
	/*
	 * Where memory is short the kernel drops code, which is a file's: a guest would wait for the
	 * disk, and ask for memory when there is none.  Ours stays (as far as it was used), the
	 * guest's memory comes later and is not locked.  Without the right to lock, it is as others' is.
	 */
	mlockall(MCL_CURRENT | MCL_ONFAULT);
	rc = machine_setup(c, &mo, err);
	if (!rc)
		rc = loop_add(&signals, EPOLLIN);
	if (!rc)
		rc = jail_enter(c->uuid, err);
	if (!rc)
		rc = machine_start(err);
	control_identity.jail = as_root ? "a user of its own, no capabilities, no files, seccomp"
					: "the starter's user, no files, seccomp";
	return rc;
}

static void report(int fd, const char *text)
{
	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		log_line(LOG_WARNING, "the starter has gone: %s", strerror(errno));
	close(fd);
}

int main(int argc, char **argv)
{
	struct hv_error err = {.text = "no reason given"};
	struct hv_config config = {0};
	char line[sizeof(err.text) + 16];
	struct options o;
	int rc = parse(argc, argv, &o);

	if (rc > 0)
		return 0;
	if (rc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN); /* the starter may have gone */
	rc = set_up(&o, &config, &err);
	if (rc) {
		log_line(LOG_ERROR, "%s", err.text);
		snprintf(line, sizeof(line), "error: %s\n", err.text);
		report(o.status_fd, line);
		machine_fini();
		home_leave(o.name);
		return EXIT_SETUP;
	}
	report(o.status_fd, "ok\n");
	if (!o.paused)
		machine_first_go();
	rc = machine_run();
	machine_fini();
	home_leave(config.name); /* not necessarily the one it was started with */
	log_line(LOG_NOTICE, "ended with status %d", rc);
	return rc;
}
