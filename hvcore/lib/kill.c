// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of a domain, proven: the process is gone, its lock is free, and
 * nobody holds the writer's lock of its disks (a request in flight does, even
 * when the process is gone).  It needs no definition and no daemon.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "cgroup.h"
#include "holder.h"
#include "hv/definition.h"
#include "hv/image.h"
#include "hv/launch.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "hv/tune.h"
#include "macvtap.h"
#include "open_images.h"
#include "probe.h"
#include "turn.h"

enum { AGAIN_US = 10000, DISK_MS_MIN = 200, UNSEEN_MS = 5000, TURN_MS = 2000 };

/* What it had open to write, as its own run directory says. */
static int read_config(const char *name, struct hv_config *c, struct hv_error *err)
{
	char path[4096], *text;
	size_t len;
	int rc = hv_run_path(path, sizeof(path), name, "config.json");

	memset(c, 0, sizeof(*c));
	if (!rc)
		rc = hv_definition_read(path, &text, &len, err);
	if (rc)
		return rc;
	rc = hv_config_from_json(c, text, len, err);
	free(text);
	return rc;
}

/*
 * The last moment of a process that somebody else has killed: its descriptors are
 * gone, and the kernel is about to release what they held.  So a lock without a
 * holder is looked at again, for a while.
 */
static int find_holder(const char *name, int64_t deadline, struct hv_error *err)
{
	int64_t until = hv_clock_ms() + UNSEEN_MS;
	int fd;

	while ((fd = hv_holder(name, err)) == -EPERM && hv_left_ms(deadline) && hv_left_ms(until))
		usleep(AGAIN_US);
	return fd;
}

static int wait_process(int fd, const char *name, int64_t deadline, struct hv_error *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, hv_left_ms(deadline));
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0
		     : hv_err(err, -ETIMEDOUT, "domain %s: its process has not ended in time; %s",
			      name, "it may wait for a disk: see its log and the host's");
}

static int wait_lock(const char *name, int64_t deadline, struct hv_error *err)
{
	for (;;) {
		switch (hv_presence(name, NULL, err)) {
		case HV_ABSENT: return 0;
		case HV_UNKNOWN: return -EIO;
		case HV_PRESENT: break;
		}
		if (!hv_left_ms(deadline))
			return hv_err(err, -ETIMEDOUT, "domain %s: somebody still holds its lock",
				      name);
		usleep(AGAIN_US);
	}
}

static int wait_disks(const struct hv_config *c, int64_t deadline, struct hv_error *err)
{
	for (unsigned i = 0; i < c->ndisks; i++) {
		int rc;

		if (c->disk[i].readonly || hv_disk_is_closed(c, &c->disk[i]))
			continue;
		do {
			int left = hv_left_ms(deadline);

			rc = hv_image_free(c->disk[i].path, left > DISK_MS_MIN ? left : DISK_MS_MIN,
					   err);
			if (rc == -EBUSY && left)
				usleep(AGAIN_US);
		} while (rc == -EBUSY && hv_left_ms(deadline));
		if (rc)
			return rc == -EBUSY ? -ETIMEDOUT : rc;
	}
	return 0;
}

/* has() - Whether the run directory holds @file, or cannot be asked. */
static bool has(const char *name, const char *file)
{
	char path[4096];

	return !hv_run_path(path, sizeof(path), name, file) &&
	       (!access(path, F_OK) || errno != ENOENT);
}

/*
 * The proof is given: what was proven need not be asked again, of disks that
 * may by then not answer.  Not if somebody is starting it.  The pid file goes
 * last: with it and without config.json, nothing has been proven (see end()).
 */
static void forget(const char *name)
{
	static const char *const files[] = {"config.json", "pid"};
	char path[4096];
	int turn;

	if (!has(name, files[0]) && !has(name, files[1]))
		return;
	turn = hv_turn(name, 0, NULL);
	if (turn < 0)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (hv_presence(name, NULL, NULL) == HV_ABSENT &&
		    !hv_run_path(path, sizeof(path), name, files[i]))
			unlink(path);
	close(turn);
}

/*
 * lost() - Whether a domain whose configuration cannot be read (@config_rc) has
 * been here all the same: it runs or ran a moment ago, the file is there and
 * spoilt, or hv-domain's pid file is there, which only a proof takes away.
 * Somebody who proved its end beside us may be at that: it does so in its turn.
 */
static bool lost(const char *name, enum hv_presence found, int config_rc)
{
	bool is = found == HV_PRESENT || config_rc != -ENOENT;
	int turn;

	if (is || !has(name, "pid"))
		return is;
	turn = hv_turn(name, hv_clock_ms() + TURN_MS, NULL);
	is = has(name, "pid");
	if (turn >= 0)
		close(turn);
	return is;
}

/* set_free() - Interfaces of the host that were its own are the host's again. */
static void set_free(const struct hv_config *c)
{
	for (unsigned i = 0; i < c->nnics; i++)
		if (c->nic[i].direct)
			macvtap_remove(c->nic[i].direct);
}

struct how {
	bool kill;
	const char *incarnation; /* the only one that may be killed; NULL: whichever it is */
	bool ran;                /* told: it ran until it was killed */
};

static bool ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/*
 * Whether the holder of the lock is another start than the one that is meant.  The file is
 * written under the lock and removed before the next start: if the holder still lives after it
 * was read, it is the holder's (not there yet: it is only just starting).
 */
static bool is_another(const char *name, int pidfd, const char *incarnation)
{
	char *running = hv_run_read(name, "incarnation");
	bool another = !running || strcmp(running, incarnation);

	free(running);
	return another && !ended(pidfd);
}

static int signal_it(const char *name, int pidfd, struct how *how, struct hv_error *err)
{
	bool lives = !ended(pidfd);

	if (!pidfd_send_signal(pidfd, SIGKILL, NULL, 0)) {
		how->ran = lives;
		return 0;
	}
	return errno == ESRCH ? 0
			      : hv_err(err, -errno, "domain %s: cannot be killed: %s", name,
				       strerror(errno));
}

/*
 * read_again() - Of one that runs its own configuration counts, not its predecessor's.  But where
 * somebody else proves its end beside us, the file may just have gone: then what was read stays.
 */
static int read_again(const char *name, struct hv_config *c, int before, struct hv_error *err)
{
	struct hv_config now;
	int rc = read_config(name, &now, err);

	if (rc == -ENOENT && !before)
		return 0;
	hv_config_free(c);
	*c = now;
	return rc;
}

static int end(const char *name, struct how *how, int timeout_ms, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + timeout_ms;
	struct hv_config c;
	int pidfd = -1, rc, config_rc = read_config(name, &c, err);
	enum hv_presence p = hv_presence(name, NULL, err);

	if (p == HV_UNKNOWN) {
		rc = -EIO;
		goto out;
	}
	if (p == HV_PRESENT) {
		config_rc = read_again(name, &c, config_rc, err);
		pidfd = find_holder(name, deadline, err);
		rc = pidfd < 0 ? pidfd : 0;
		if (rc == -ESRCH)
			rc = 0; /* it has ended meanwhile; the lock tells */
		/* Before the kill: afterwards nobody could say it any more. */
		if (config_rc && pidfd >= 0)
			config_rc = hv_open_images(pidfd, &c);
		/* Whoever has its lock and its disks now got them after that one's end. */
		if (!rc && pidfd >= 0 && how->incarnation &&
		    is_another(name, pidfd, how->incarnation))
			goto out;
		if (!rc && pidfd >= 0 && how->kill)
			rc = signal_it(name, pidfd, how, err);
		if (!rc && pidfd >= 0)
			rc = wait_process(pidfd, name, deadline, err);
		if (!rc)
			rc = wait_lock(name, deadline, err);
		if (rc)
			goto out;
	}
	rc = 0;
	if (!config_rc)
		rc = wait_disks(&c, deadline, err);
	else if (lost(name, p, config_rc))
		rc = hv_err(err, config_rc,
			    "domain %s: it has ended, but which disks it wrote is not known: its "
			    "run directory's config.json is lost; only another start here or "
			    "fencing this host tells",
			    name);
	if (!rc) {
		hv_cgroup_remove(name);
		hv_pins_release(name);
		set_free(&c);
		forget(name);
	}
out:
	if (pidfd >= 0)
		close(pidfd);
	hv_config_free(&c);
	return rc;
}

int hv_kill(const char *name, int timeout_ms, struct hv_error *err)
{
	struct how how = {.kill = true};

	return end(name, &how, timeout_ms, err);
}

int hv_kill_incarnation(const char *name, const char *incarnation, int timeout_ms, bool *ran,
			struct hv_error *err)
{
	struct how how = {.kill = true, .incarnation = incarnation};
	int rc = end(name, &how, timeout_ms, err);

	*ran = how.ran;
	return rc;
}

int hv_wait_gone(const char *name, int timeout_ms, struct hv_error *err)
{
	struct how how = {.kill = false};

	return end(name, &how, timeout_ms, err);
}
