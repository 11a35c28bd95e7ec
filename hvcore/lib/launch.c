// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting hv-domain.  The starter writes the run directory, hands the
 * configuration over in a sealed memfd, and waits for one line on a pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "beside.h"
#include "hv/launch.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "launch_child.h"
#include "probe.h"
#include "resolved.h"
#include "run_file.h"
#include "turn.h"

/* Design 5.2: what keeps each writable disk to one writer, where we can rely on it. */
static int check_guards(const struct hv_launch *l, struct hv_error *err)
{
	for (unsigned i = 0; i < l->config->ndisks; i++) {
		const struct hv_disk *d = &l->config->disk[i];

		if (d->readonly || d->guard == HV_GUARD_LEASE || hv_disk_is_closed(l->config, d))
			continue;
		if (d->guard == HV_GUARD_FENCING && l->fencing_enabled)
			continue;
		if (d->guard == HV_GUARD_MIRROR) /* who is not promoted serves nothing */
			continue;
		if (d->guard == HV_GUARD_FENCING)
			return hv_err(
				err, -EPERM,
				"domain %s: disk %s has the guard fencing, and fencing is disabled "
				"in this cluster; enable it (stonith-enabled) or give a lease",
				l->config->name, d->target);
		return hv_err(err, -ENOTSUP, "domain %s: the guard of disk %s is not there yet",
			      l->config->name, d->target);
	}
	return 0;
}

static int write_run_dir(const struct hv_launch *l, const char *json, struct hv_error *err)
{
	const char *name = l->config->name;
	/* What a crash may have left: nobody is to read the last start's. */
	static const char *const stale[] = {"pid",       "incarnation", "qmp.sock", "console.sock",
					    "resources", "not-applied", "adopting"};
	/* First: from now on a stop knows which disks to ask after (kill.c). */
	int rc = hv_run_put(name, "config.json", json, err);

	for (size_t i = 0; !rc && i < sizeof(stale) / sizeof(stale[0]); i++)
		rc = hv_run_put(name, stale[i], NULL, err);
	if (!rc)
		rc = hv_resolved_put(name, l->domain, l->definition, err);
	if (!rc)
		rc = hv_run_put(name, "definition.xml", l->definition, err);
	if (!rc)
		rc = hv_run_put(name, "resource", l->resource, err);
	return rc;
}

static int sealed(const char *text, struct hv_error *err)
{
	size_t n = strlen(text);
	int fd = memfd_create("hv-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)) {
		int rc = -errno;

		if (fd >= 0)
			close(fd);
		return hv_err(err, rc, "configuration: cannot be handed over: %s", strerror(-rc));
	}
	return fd;
}

/* Reads hv-domain's one line.  0 for "ok"; *refused: it has said what is wrong. */
static int wait_ready(int fd, const char *name, int64_t deadline, bool *refused,
		      struct hv_error *err)
{
	char text[sizeof(err->text) + 16];
	size_t n = 0;

	while (n < sizeof(text) - 1 && !memchr(text, '\n', n)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int rc = poll(&p, 1, hv_left_ms(deadline));
		ssize_t got;

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc == 0)
			return hv_err(
				err, -ETIMEDOUT,
				"domain %s: hv-domain was not ready in time, and was killed; see its log",
				name);
		got = rc < 0 ? -1 : read(fd, text + n, sizeof(text) - 1 - n);
		if (got < 0)
			return hv_err(err, -errno, "domain %s: its starter's pipe: %s", name,
				      strerror(errno));
		if (!got)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!strcmp(text, "ok"))
		return 0;
	*refused = !strncmp(text, "error: ", 7);
	if (*refused)
		return hv_err(err, -EIO, "%.500s", text + 7);
	return hv_err(err, -EIO, "domain %s: hv-domain ended without a word; see its log", name);
}

static int start(const struct hv_launch *l, const char *json, int64_t deadline, bool *refused,
		 struct hv_error *err)
{
	int config = sealed(json, err), status[2] = {-1, -1}, rc;
	struct hv_child child = {0};
	char binary[4096];

	if (config < 0)
		return config;
	if (pipe2(status, O_CLOEXEC)) {
		rc = hv_err(err, -errno, "domain %s: no pipe: %s", l->config->name,
			    strerror(errno));
		goto out;
	}
	hv_beside(binary, sizeof(binary), "TAIKI_HV_DOMAIN", "hv-domain",
		  "/usr/libexec/taiki/hv-domain");
	rc = hv_launch_child(l, binary, config, status[1], &child, err);
	close(status[1]);
	status[1] = -1;
	if (!rc)
		rc = wait_ready(status[0], l->config->name, deadline, refused, err);
	if (rc && child.pid)
		hv_launch_abort(&child);
out:
	close(config);
	if (status[0] >= 0)
		close(status[0]);
	if (status[1] >= 0)
		close(status[1]);
	return rc;
}

/* unproven() - Whether the end of the last start was never proven (kill.c takes these files away). */
static bool unproven(const char *name)
{
	static const char *const files[] = {"config.json", "pid"};
	char path[4096];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (hv_run_path(path, sizeof(path), name, files[i]) || !access(path, F_OK))
			return true;
	return false;
}

/*
 * What never began is no incarnation that could fail: nobody is to report it.  Where hv-domain has
 * refused by itself its guest has never run, and there is nothing to prove of disks
 * that somebody else may have.
 */
static void forget_attempt(const char *name, bool refused)
{
	hv_run_put(name, "incarnation", NULL, NULL);
	if (!refused)
		return;
	hv_run_put(name, "config.json", NULL, NULL);
	hv_run_put(name, "pid", NULL, NULL);
}

int hv_launch(const struct hv_launch *l, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + l->timeout_ms;
	bool before, refused = false;
	char *json = NULL;
	int turn = -1, rc;

	rc = hv_config_check(l->config, err);
	if (!rc)
		rc = check_guards(l, err);
	if (rc)
		return rc;
	if (!l->has_turn) {
		turn = hv_turn(l->config->name, deadline, err);
		if (turn < 0)
			return turn;
	}
	switch (hv_presence(l->config->name, NULL, err)) {
	case HV_PRESENT:
		rc = hv_err(err, -EEXIST, "domain %s: it runs already on this host",
			    l->config->name);
		break;
	case HV_UNKNOWN: rc = -EIO; break;
	case HV_ABSENT:
		before = unproven(l->config->name);
		json = hv_config_to_json(l->config);
		rc = json ? write_run_dir(l, json, err)
			  : hv_err(err, -ENOMEM, "domain %s: not enough memory", l->config->name);
		if (!rc)
			rc = start(l, json, deadline, &refused, err);
		if (rc && hv_presence(l->config->name, NULL, NULL) == HV_ABSENT)
			forget_attempt(l->config->name, refused && !before);
		break;
	}
	free(json);
	if (turn >= 0)
		close(turn);
	return rc;
}
