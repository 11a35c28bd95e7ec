// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_private.h"
#include "hv/rundir.h"
#include "hv/tune.h"

enum {
	MOUNTS_MAX = 8,
	GROUPS_MAX = 16, /* of one name; more than one only after adoptions */
};

struct mount {
	char dir[512];
	bool v2, cpu;
};

/* The hierarchies a domain belongs to, from mountinfo (proc(5)). */
static unsigned find_mounts(struct mount m[MOUNTS_MAX])
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[2048], dir[512], type[32], options[512];
	unsigned n = 0;

	while (f && n < MOUNTS_MAX && fgets(line, sizeof(line), f)) {
		const char *tail = strstr(line, " - ");
		char padded[600];
		bool cpu;

		if (!tail || sscanf(line, "%*s %*s %*s %*s %511s", dir) != 1 ||
		    sscanf(tail, " - %31s %*s %511s", type, options) != 2)
			continue;
		snprintf(padded, sizeof(padded), ",%s,", options);
		cpu = strstr(padded, ",cpu,");
		if (!strcmp(type, "cgroup2"))
			cpu = true;
		else if (strcmp(type, "cgroup") ||
			 (!cpu && !strstr(padded, ",cpuacct,") && !strstr(padded, ",memory,") &&
			  !strstr(padded, ",name=systemd,")))
			continue;
		snprintf(m[n].dir, sizeof(m[n].dir), "%s", dir);
		m[n].v2 = !strcmp(type, "cgroup2");
		m[n++].cpu = cpu;
	}
	if (f)
		fclose(f);
	return n;
}

static const char *slice(void)
{
	const char *s = getenv("TAIKI_CGROUP");

	return s ? s : "taiki.slice";
}

static int put(const char *dir, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int put(const char *dir, const char *file, const char *fmt, ...)
{
	char path[DIR_BYTES + 64], text[64];
	va_list ap;
	int fd, n, rc;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = write(fd, text, (size_t)n) == n ? 0 : -errno;
	close(fd);
	return rc;
}

/* mkdir -p, from @base on; version 2 passes its controllers down on the way. */
static int make(char *dir, size_t base, bool v2)
{
	for (char *at = dir + base; at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST)
			return -errno;
		/* Each for itself: one write with a controller that is not there does nothing. */
		if (v2) {
			(void)put(dir, "cgroup.subtree_control", "+cpu");
			(void)put(dir, "cgroup.subtree_control", "+memory");
		}
		*at = '/';
	}
	return mkdir(dir, 0755) && errno != EEXIST ? -errno : 0;
}

unsigned hv_cgroup_weight(uint64_t shares)
{
	uint64_t weight = shares < SHARES_DEFAULT * WEIGHT_MAX / WEIGHT_DEFAULT
				  ? shares * WEIGHT_DEFAULT / SHARES_DEFAULT
				  : WEIGHT_MAX;

	return weight ? (unsigned)weight : 1;
}

/* What cpu.max says first: the quota in force, "max" if there is none. */
static int quota_now(const char *dir, char quota[32])
{
	char path[DIR_BYTES + 64];
	FILE *f;
	int rc;

	snprintf(path, sizeof(path), "%s/cpu.max", dir);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	rc = fscanf(f, "%31s", quota) == 1 ? 0 : -EIO;
	fclose(f);
	return rc;
}

/* A quota or a period of 0 stays what it is.  cpu.max takes a quota alone, but no period alone. */
static int tune_max(const char *dir, long long quota, long long period)
{
	char text[32] = "max";

	if (quota > 0)
		snprintf(text, sizeof(text), "%lld", quota);
	else if (!quota && quota_now(dir, text))
		return -EIO;
	return period ? put(dir, "cpu.max", "%s %lld", text, period)
		      : put(dir, "cpu.max", "%s", text);
}

static int tune_cfs(const char *dir, long long quota, long long period)
{
	int rc = period ? put(dir, "cpu.cfs_period_us", "%lld", period) : 0;

	return rc || !quota ? rc : put(dir, "cpu.cfs_quota_us", "%lld", quota);
}

/* tune() - What @c names is put in force; the rest stays as it is. */
static int tune(bool v2, const char *dir, const struct hv_config *c)
{
	long long period = (long long)c->cputune.period;
	/* libvirt's quota is each virtual processor's; the group holds them all. */
	long long quota = c->cputune.quota > 0 ? (long long)c->cputune.quota * c->vcpus
					       : (c->cputune.quota ? -1 : 0);
	int rc = 0, e = 0;

	if (c->cputune.shares)
		rc = v2 ? put(dir, "cpu.weight", "%u", hv_cgroup_weight(c->cputune.shares))
			: put(dir, "cpu.shares", "%llu", (unsigned long long)c->cputune.shares);
	if (quota || period)
		e = v2 ? tune_max(dir, quota, period) : tune_cfs(dir, quota, period);
	return e ? e : rc;
}

/*
 * RUN/NAME/cgroup names the group: a standby's is called after the standby, and
 * stays where it is when that becomes the domain.
 */
static void group_of(const char *name, char group[HV_NAME_MAX + 8])
{
	char *written = hv_name_ok(name) ? hv_run_read(name, "cgroup") : NULL;

	snprintf(group, HV_NAME_MAX + 8, "%s",
		 written && *written && *written != '.' && !strchr(written, '/') ? written : name);
	free(written);
}

static int group_dir(char *out, size_t size, const struct mount *m, const char *group)
{
	int n = snprintf(out, size, "%s/%s/%s", m->dir, slice(), group);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Whether a process is in it: one that was a standby of this name, and is a domain now. */
static bool in_use(const char *dir)
{
	char path[DIR_BYTES + 64];
	FILE *f;
	bool any;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	f = fopen(path, "re");
	any = f && fgetc(f) != EOF;
	if (f)
		fclose(f);
	return any;
}

/* A name below the slice that nobody uses: @name itself, nearly always. */
static void choose_group(const struct mount *m, unsigned n, const char *name,
			 char group[HV_NAME_MAX + 8])
{
	char dir[DIR_BYTES];

	for (unsigned k = 0; k < GROUPS_MAX; k++) {
		bool used = false;

		snprintf(group, HV_NAME_MAX + 8, k ? "%s+%u" : "%s", name, k);
		for (unsigned i = 0; i < n && !used; i++)
			used = !group_dir(dir, sizeof(dir), &m[i], group) && in_use(dir);
		if (!used)
			return;
	}
}

static void write_group(const char *name, const char *group, int log)
{
	char path[DIR_BYTES];
	int fd;

	if (!hv_name_ok(name) || hv_run_path(path, sizeof(path), name, "cgroup"))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || dprintf(fd, "%s\n", group) < 0)
		dprintf(log, "%s: cannot be written: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void hv_cgroup_join(const struct hv_config *c, int log)
{
	bool wanted = c->cputune.shares || c->cputune.period || c->cputune.quota;
	char dir[DIR_BYTES], group[HV_NAME_MAX + 8];
	struct mount m[MOUNTS_MAX];
	unsigned n = *slice() ? find_mounts(m) : 0;
	int tuned = -ENOENT;

	choose_group(m, n, c->name, group);
	write_group(c->name, group, log);
	for (unsigned i = 0; i < n; i++) {
		int rc = group_dir(dir, sizeof(dir), &m[i], group);

		/* The last domain's end may take the slice away under us, once. */
		if (!rc && make(dir, strlen(m[i].dir), m[i].v2))
			rc = make(dir, strlen(m[i].dir), m[i].v2);
		if (!rc)
			rc = put(dir, "cgroup.procs", "0");
		if (rc)
			dprintf(log,
				"control group %s: not joined: %s; the domain stays in its starter's\n",
				dir, strerror(-rc));
		else if (m[i].cpu && tuned)
			tuned = tune(m[i].v2, dir, c); /* in which of both versions cpu is */
	}
	if (tuned && wanted)
		dprintf(log, "cputune has no effect: no control group takes it: %s\n",
			strerror(-tuned));
}

void hv_cgroup_remove(const char *name)
{
	char dir[DIR_BYTES], group[HV_NAME_MAX + 8];
	struct mount m[MOUNTS_MAX];
	unsigned n = *slice() ? find_mounts(m) : 0;

	group_of(name, group);
	for (unsigned i = 0; i < n; i++) {
		if (group_dir(dir, sizeof(dir), &m[i], group))
			continue;
		rmdir(dir);
		/* And the slice with the last of them; it is kept while it has others. */
		*strrchr(dir, '/') = '\0';
		if (strlen(dir) > strlen(m[i].dir))
			rmdir(dir);
	}
}

/* find() - The directory that has the first of @files[0..n) that any has: its number, or -ENOENT. */
static int find(const char *name, const char *const *files, int nfiles, char dir[DIR_BYTES],
		char group[HV_NAME_MAX + 8])
{
	struct mount m[MOUNTS_MAX];
	unsigned n = *slice() ? find_mounts(m) : 0;

	group_of(name, group);
	for (int k = 0; k < nfiles; k++)
		for (unsigned i = 0; i < n; i++) {
			char path[DIR_BYTES + 64];

			if (group_dir(dir, DIR_BYTES, &m[i], group))
				continue;
			snprintf(path, sizeof(path), "%s/%s", dir, files[k]);
			if (!access(path, F_OK))
				return k;
		}
	return -ENOENT;
}

int hv_cgroup_find(const char *name, const char *file, char dir[DIR_BYTES],
		   char group[HV_NAME_MAX + 8])
{
	return find(name, &file, 1, dir, group);
}

int hv_cgroup_cpu(const char *name, bool *v2, char dir[DIR_BYTES], char group[HV_NAME_MAX + 8])
{
	/* A host can have both versions mounted, with cpu in one of them. */
	static const char *const files[] = {"cpu.max", "cpu.shares"};
	int k = find(name, files, 2, dir, group);

	*v2 = !k;
	return k < 0 ? k : 0;
}

int hv_tune(const struct hv_config *c, struct hv_error *err)
{
	char dir[DIR_BYTES], group[HV_NAME_MAX + 8];
	bool v2;
	int rc = hv_cgroup_cpu(c->name, &v2, dir, group);

	if (!rc)
		rc = tune(v2, dir, c);
	return rc ? hv_err(err, rc, "domain %s: its control group cannot be tuned: %s", c->name,
			   strerror(-rc))
		  : 0;
}

int hv_tune_group(const struct hv_config *c, struct hv_error *err)
{
	struct hv_config all = {.name = c->name, .vcpus = c->vcpus, .cputune = c->cputune};
	bool given = c->cputune.shares || c->cputune.quota || c->cputune.period;
	int rc;

	if (!all.cputune.shares)
		all.cputune.shares = SHARES_DEFAULT;
	if (!all.cputune.quota)
		all.cputune.quota = -1;
	if (!all.cputune.period)
		all.cputune.period = PERIOD_DEFAULT;
	rc = hv_tune(&all, err);
	/* Where there are no control groups, what asks for nothing has it. */
	if (rc == -ENOENT && !given)
		rc = 0;
	return rc;
}

int hv_tune_all(const struct hv_config *c, struct hv_error *err)
{
	int rc = hv_tune_group(c, err);

	return rc ? rc : hv_pins_set(c, err);
}
