// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The record of a bond's or a map's paths, and the node's attributes made of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/command.h"
#include "hv/replace.h"
#include "hv/rundir.h"
#include "hvcore/lib/probe.h"

#include "ocf.h"
#include "path_publish.h"

enum {
	TELL_MS = 5000,
	RECORD_BYTES = 64 * 1024,
	ATTRIBUTE = 256,
	DIRECTORY = PATH_MAX / 2,
};

static void directory(char out[DIRECTORY])
{
	snprintf(out, DIRECTORY, "%s/.paths", hv_run_root());
}

static void place(char out[PATH_MAX], const struct path_subject *s)
{
	char dir[DIRECTORY];

	directory(dir);
	snprintf(out, PATH_MAX, "%s/%.64s-%.256s", dir, s->kind, s->name);
}

void path_recall(struct path_record *r, const struct path_subject *s)
{
	char path[PATH_MAX], *text = calloc(1, RECORD_BYTES);
	ssize_t n = 0;
	int fd;

	place(path, s);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (text && fd >= 0)
		n = read(fd, text, RECORD_BYTES - 1);
	if (fd >= 0)
		close(fd);
	path_record_parse(r, n > 0 ? text : "");
	free(text);
}

void path_remember(const struct path_record *r, const struct path_subject *s)
{
	char dir[DIRECTORY], path[PATH_MAX], *text = path_record_print(r);
	int rc = text ? 0 : -ENOMEM;

	directory(dir);
	place(path, s);
	if (!rc && mkdir(hv_run_root(), 0755) && errno != EEXIST)
		rc = -errno;
	if (!rc && mkdir(dir, 0755) && errno != EEXIST)
		rc = -errno;
	if (!rc)
		rc = hv_replace(path, text, strlen(text), 0644, false);
	free(text);
	if (rc)
		ocf_log("WARNING",
			"%s cannot be kept: %s; which paths were down before is forgotten", path,
			strerror(-rc));
}

void path_forget(const struct path_subject *s)
{
	char path[PATH_MAX];

	place(path, s);
	unlink(path);
}

/* updater() - attrd_updater of one attribute; @value NULL: it is taken back. */
static int updater(const char *name, const char *value, int dampen_ms, int64_t deadline,
		   struct hv_error *err)
{
	char delay[32];
	const char *set[] = {"attrd_updater", "-n", name, "-B", value, "-d", delay, NULL};
	const char *take[] = {"attrd_updater", "-n", name, "-D", NULL};
	struct hv_command c = {.argv = value ? set : take};
	int left = hv_left_ms(deadline), rc;

	snprintf(delay, sizeof(delay), "%dms", dampen_ms);
	c.timeout_ms = left < TELL_MS ? left : TELL_MS;
	rc = hv_command(&c, NULL, NULL, err);
	return rc > 0 ? hv_err(err, -EIO, "attrd_updater ended with status %d", rc) : rc;
}

static void names(char up[ATTRIBUTE], char wanted[ATTRIBUTE], const struct path_subject *s)
{
	snprintf(up, ATTRIBUTE, "taiki-%.32s-%.200s", s->kind, s->name);
	snprintf(wanted, ATTRIBUTE, "taiki-%.32s-%.200s-wanted", s->kind, s->name);
}

static int tell(const char *name, unsigned number, int dampen_ms, int64_t deadline,
		struct hv_error *err)
{
	char value[16];

	snprintf(value, sizeof(value), "%u", number);
	return updater(name, value, dampen_ms, deadline, err);
}

void path_publish(struct path_record *r, const struct path_subject *s, unsigned up, unsigned wanted,
		  bool always, int64_t deadline)
{
	char name[ATTRIBUTE], name_wanted[ATTRIBUTE];
	int dampen = always ? 0 : s->dampen_ms, rc = 0;
	struct hv_error err;

	names(name, name_wanted, s);
	if (always || r->told.wanted != (int)wanted) {
		r->told.wanted = PATH_NOT_TOLD;
		rc = tell(name_wanted, wanted, dampen, deadline, &err);
		if (!rc)
			r->told.wanted = (int)wanted;
	}
	if (!rc && (always || r->told.up != (int)up)) {
		r->told.up = PATH_NOT_TOLD;
		rc = tell(name, up, dampen, deadline, &err);
		if (!rc)
			r->told.up = (int)up;
	}
	if (rc)
		ocf_log("WARNING", "%s=%u cannot be told to the cluster: %s", name, up, err.text);
}

void path_withdraw(const struct path_subject *s, int64_t deadline)
{
	char name[2][ATTRIBUTE], path[PATH_MAX];
	struct hv_error err;

	place(path, s);
	if (access(path, F_OK) && errno == ENOENT)
		return;
	names(name[0], name[1], s);
	for (int i = 0; i < 2; i++)
		if (updater(name[i], NULL, 0, deadline, &err))
			ocf_log("WARNING", "the attribute %s may be left: %s", name[i], err.text);
	path_forget(s);
}
