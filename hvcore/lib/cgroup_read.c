// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in force in a domain's control group.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup_private.h"
#include "hv/tune.h"

/* A number that stands alone in @file, or after @key there. */
static int get(const char *dir, const char *file, const char *key, long long *n)
{
	char path[DIR_BYTES + 64], line[128];
	size_t len = strlen(key);
	int rc = -EIO;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (rc && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && sscanf(line + len, "%lld", n) == 1)
			rc = 0;
	fclose(f);
	return rc;
}

static void read_v1(const char *dir, struct hv_tuned *t)
{
	long long n;

	if (!get(dir, "cpu.shares", "", &n))
		t->shares = (uint64_t)n;
	if (!get(dir, "cpu.cfs_period_us", "", &n))
		t->period = (uint64_t)n;
	if (!get(dir, "cpu.cfs_quota_us", "", &n) && n > 0)
		t->quota = n;
	if (!get(dir, "cpu.stat", "nr_throttled ", &n))
		t->throttled = (uint64_t)n;
}

static void read_v2(const char *dir, struct hv_tuned *t)
{
	char path[DIR_BYTES + 64];
	long long n;
	FILE *f;

	if (!get(dir, "cpu.weight", "", &n))
		/* Rounded up, so that these shares have that weight. */
		t->shares = ((uint64_t)n * SHARES_DEFAULT + WEIGHT_DEFAULT - 1) / WEIGHT_DEFAULT;
	if (!get(dir, "cpu.stat", "nr_throttled ", &n))
		t->throttled = (uint64_t)n;
	if (!get(dir, "cpu.stat", "usage_usec ", &n))
		t->usage = (uint64_t)n;
	snprintf(path, sizeof(path), "%s/cpu.max", dir);
	f = fopen(path, "re");
	if (f && fscanf(f, "max %lld", &n) == 1) {
		t->period = (uint64_t)n;
	} else if (f) {
		long long quota;

		rewind(f);
		if (fscanf(f, "%lld %lld", &quota, &n) == 2) {
			t->quota = quota;
			t->period = (uint64_t)n;
		}
	}
	if (f)
		fclose(f);
}

int hv_tune_read(const char *name, struct hv_tuned *t)
{
	char dir[DIR_BYTES];
	long long n;
	bool v2;
	int rc;

	*t = (struct hv_tuned){.quota = -1};
	rc = hv_cgroup_cpu(name, &v2, dir, t->group);
	if (rc)
		return rc;
	if (v2)
		read_v2(dir, t);
	else
		read_v1(dir, t);
	/* Version 1 can account elsewhere. */
	if (!v2 && !hv_cgroup_find(name, "cpuacct.usage", dir, t->group) &&
	    !get(dir, "cpuacct.usage", "", &n))
		t->usage = (uint64_t)n / 1000;
	return 0;
}
