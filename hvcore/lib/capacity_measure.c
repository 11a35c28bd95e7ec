// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the host has: meminfo and the CPUs we may use, and the limits of the
 * control groups that domains are put below.  A node of a lab, and a host that is
 * itself a container, has the first of its own only in the second.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capacity_measure.h"

enum { PATH_BYTES = 4096 };

struct hierarchy {
	char dir[PATH_BYTES];
	bool v2, memory, cpu;
};

/* @file below @root, its first line. */
static bool first_line(const char *root, const char *dir, const char *file, char out[128])
{
	char path[PATH_BYTES + 64];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s%s/%s", root, dir, file);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(out, 128, f);
	fclose(f);
	return ok;
}

/* The lesser of what was known and a number that stands in @dir/@file; "max" is no limit. */
static void limit_memory(const char *root, const char *dir, const char *file,
			 struct hv_measured *out)
{
	char text[128];
	uint64_t n;

	if (!first_line(root, dir, file, text) || sscanf(text, "%" SCNu64, &n) != 1 ||
	    n >= out->room.memory)
		return;
	out->room.memory = n;
	snprintf(out->memory_from, sizeof(out->memory_from), "%.80s/%s", dir, file);
}

static void limit_cpu(const char *dir, const char *file, int64_t quota, int64_t period,
		      struct hv_measured *out)
{
	uint64_t percent;

	if (quota <= 0 || period <= 0 || quota > INT64_MAX / 100)
		return;
	percent = (uint64_t)(quota * 100 / period);
	if (percent >= out->room.cpu)
		return;
	out->room.cpu = percent;
	snprintf(out->cpu_from, sizeof(out->cpu_from), "%.80s/%s", dir, file);
}

static void look(const char *root, const char *dir, const struct hierarchy *h,
		 struct hv_measured *out)
{
	int64_t quota, period;
	char text[128];

	if (h->memory)
		limit_memory(root, dir, h->v2 ? "memory.max" : "memory.limit_in_bytes", out);
	if (h->cpu && h->v2 && first_line(root, dir, "cpu.max", text) &&
	    sscanf(text, "%" SCNd64 " %" SCNd64, &quota, &period) == 2)
		limit_cpu(dir, "cpu.max", quota, period, out);
	if (h->cpu && !h->v2 && first_line(root, dir, "cpu.cfs_quota_us", text) &&
	    sscanf(text, "%" SCNd64, &quota) == 1 &&
	    first_line(root, dir, "cpu.cfs_period_us", text) &&
	    sscanf(text, "%" SCNd64, &period) == 1)
		limit_cpu(dir, "cpu.cfs_quota_us", quota, period, out);
}

/* Where domains stay in their starter's group ($TAIKI_CGROUP is ""): that one's path. */
static bool own_group(const char *root, const struct hierarchy *h, char out[PATH_BYTES])
{
	char path[PATH_BYTES], line[PATH_BYTES], *second, *third;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char padded[PATH_BYTES + 2];

		line[strcspn(line, "\n")] = '\0';
		second = strchr(line, ':');
		third = second ? strchr(second + 1, ':') : NULL;
		if (!third)
			continue;
		*third++ = '\0';
		snprintf(padded, sizeof(padded), ",%s,", second + 1);
		if (h->v2 ? !second[1]
			  : (h->memory && strstr(padded, ",memory,")) ||
				    (h->cpu && strstr(padded, ",cpu,"))) {
			snprintf(out, PATH_BYTES, "%s", third);
			found = true;
		}
	}
	if (f)
		fclose(f);
	return found;
}

/* Every group from the hierarchy's root down to where domains are put. */
static void walk(const char *root, const struct hierarchy *h, struct hv_measured *out)
{
	const char *slice = getenv("TAIKI_CGROUP");
	char dir[2 * PATH_BYTES], below[PATH_BYTES];
	size_t base = strlen(h->dir);

	snprintf(below, sizeof(below), "%s", slice ? slice : "taiki.slice");
	if (!*below && !own_group(root, h, below))
		*below = '\0';
	snprintf(dir, sizeof(dir), "%s/%s", h->dir, below + strspn(below, "/"));
	for (char *at = dir + base; at; at = strchr(at + 1, '/')) {
		*at = '\0';
		look(root, dir, h, out);
		*at = '/';
	}
	if (dir[base + 1])
		look(root, dir, h, out);
}

static void groups(const char *root, struct hv_measured *out)
{
	char path[PATH_BYTES], line[2 * PATH_BYTES], type[32], options[512], padded[600];
	struct hierarchy h;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		const char *tail = strstr(line, " - ");

		if (!tail || sscanf(line, "%*s %*s %*s %*s %4095s", h.dir) != 1 ||
		    sscanf(tail, " - %31s %*s %511s", type, options) != 2)
			continue;
		snprintf(padded, sizeof(padded), ",%s,", options);
		h.v2 = !strcmp(type, "cgroup2");
		h.memory = h.v2 || (!strcmp(type, "cgroup") && strstr(padded, ",memory,"));
		h.cpu = h.v2 || (!strcmp(type, "cgroup") && strstr(padded, ",cpu,"));
		if (h.memory || h.cpu)
			walk(root, &h, out);
	}
	if (f)
		fclose(f);
}

static bool mem_total(const char *root, uint64_t *out)
{
	char path[PATH_BYTES], line[256];
	uint64_t kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	f = fopen(path, "re");
	while (f && !kib && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemTotal: %" SCNu64 " kB", &kib) != 1)
			kib = 0;
	if (f)
		fclose(f);
	*out = kib << 10;
	return kib;
}

/* The CPUs this process may use; a host with more than a cpu_set_t holds has all that are online. */
static uint64_t cpus(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 0 : CPU_COUNT(&set);

	if (n > 0 && (online < 1 || n < online))
		return (uint64_t)n;
	return online > 0 ? (uint64_t)online : 1;
}

int hv_capacity_measure(const char *root, struct hv_measured *out, struct hv_error *err)
{
	*out = (struct hv_measured){.memory_from = "MemTotal", .cpu_from = "CPUs online"};
	if (!mem_total(root, &out->room.memory))
		return hv_err(err, -ENODATA, "%s/proc/meminfo: no MemTotal can be read from it",
			      root);
	out->room.cpu = cpus() * 100;
	groups(root, out);
	return 0;
}
