// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a host has: host.conf, meminfo and the limits of control groups, and
 * what is made of them.
 */
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hv/capacity.h"
#include "hvcore/lib/capacity_measure.h"

#define MIB (1ULL << 20)

static void conf_reads(void **state)
{
	static const char text[] = "# what the host keeps\n"
				   "keep-memory = 512MiB   # for itself\n"
				   "\tkeep-cpu=50%\n"
				   "\n"
				   "overcommit-memory = 150%\n"
				   "overcommit-cpu=300%\r\n"
				   "memory = 64 GiB\n"
				   "cpu = 8\n"
				   "domain-memory=4096KiB\n"
				   "slack-memory=0";
	struct hv_host_conf c;
	struct hv_error err = {""};

	assert_int_equal(hv_host_conf_parse("f", text, sizeof(text) - 1, &c, &err), 0);
	assert_int_equal(c.keep.memory, 512 * MIB);
	assert_int_equal(c.keep.cpu, 50);
	assert_int_equal(c.has.memory, 64 * 1024 * MIB);
	assert_int_equal(c.has.cpu, 800);
	assert_int_equal(c.overcommit_memory, 150);
	assert_int_equal(c.overcommit_cpu, 300);
	assert_int_equal(c.each, 4 * MIB);
	assert_int_equal(c.slack, 0);
	assert_int_equal(hv_host_conf_parse("f", "", 0, &c, &err), 0);
	assert_int_equal(c.overcommit_memory, 100);
	assert_int_equal(c.overcommit_cpu, 0);
	assert_int_equal(hv_host_conf_parse("f", "overcommit-cpu=unlimited", 24, &c, &err), 0);
	assert_int_equal(c.overcommit_cpu, 0);
}

static void conf_refuses(void **state)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{"keep-memory\n", "f:1: \"keep-memory\" has no value"},
		{"\n\nkeep-ram = 1GiB\n", "f:3: \"keep-ram\" is not a setting"},
		{"= 5\n", "f:1: \"\" is not a setting"},
		{"keep-memory = 512\n", "f:1: keep-memory is \"512\", must be an amount of memory"},
		{"keep-memory = 1 GB\n", "must be an amount of memory"},
		{"keep-memory = -1MiB\n", "must be an amount of memory"},
		{"keep-memory = 99999999999GiB\n", "must be an amount of memory"},
		{"keep-memory =\n", "f:1: keep-memory is \"\""},
		{"#\nkeep-cpu = 5x\n", "f:2: keep-cpu is \"5x\", must be a number of CPUs"},
		{"keep-cpu = 9999999\n", "must be a number of CPUs"},
		{"overcommit-cpu = 99%\n", "must be 100% to 10000%, or \"unlimited\""},
		{"overcommit-memory = unlimited\n", "must be 100% to 1000%"},
		{"overcommit-memory = 1001%\n", "must be 100% to 1000%"},
		{"overcommit-memory = 150\n", "must be 100% to 1000%"},
		{"cpu=1\ncpu=2\n", "f:2: cpu stands here a second time"},
	};
	struct hv_host_conf c;
	struct hv_error err;
	char text[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(
			hv_host_conf_parse("f", bad[i].text, strlen(bad[i].text), &c, &err),
			-EINVAL);
		if (!strstr(err.text, bad[i].said))
			fail_msg("\"%s\" is not in \"%s\"", bad[i].said, err.text);
	}
	memset(text, 'x', sizeof(text));
	assert_int_equal(hv_host_conf_parse("f", text, sizeof(text), &c, &err), -EINVAL);
	assert_int_equal(hv_host_conf_parse("f", "cpu\0=1", 6, &c, &err), -EINVAL);
	memcpy(text, "cpu=", 4);
	assert_int_equal(hv_host_conf_parse("f", text, sizeof(text), &c, &err), -EINVAL);
}

static void put(const char *root, const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	for (char *at = strchr(path + strlen(root) + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define V1                                                                            \
	"36 32 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"  \
	"37 32 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" \
	"38 32 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
#define V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

static void measures(void **state)
{
	const char *root = scratch();
	struct hv_measured m;
	struct hv_error err;
	uint64_t cpu;

	unsetenv("TAIKI_CGROUP");
	assert_int_equal(hv_capacity_measure(root, &m, &err), -ENODATA);
	assert_non_null(strstr(err.text, "MemTotal"));
	put(root, "proc/meminfo", "MemTotal:        4096000 kB\nMemFree: 1 kB\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, 4096000ULL << 10);
	assert_string_equal(m.memory_from, "MemTotal");
	assert_true(m.room.cpu >= 100 && m.room.cpu % 100 == 0);
	cpu = m.room.cpu;

	/* A node of a lab: the root it sees has a limit.  Version 1's "none" is a large number. */
	put(root, "proc/self/mountinfo", V1);
	put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, 4096000ULL << 10);
	put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
	put(root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
	put(root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, 1024 * MIB);
	assert_int_equal(m.room.cpu, cpu);
	assert_string_equal(m.memory_from, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
	/* The slice of the domains has less; another group's limit is not ours. */
	put(root, "sys/fs/cgroup/memory/taiki.slice/memory.limit_in_bytes", "536870912\n");
	put(root, "sys/fs/cgroup/memory/other/memory.limit_in_bytes", "4096\n");
	put(root, "sys/fs/cgroup/cpu,cpuacct/taiki.slice/cpu.cfs_quota_us", "25000\n");
	put(root, "sys/fs/cgroup/cpu,cpuacct/taiki.slice/cpu.cfs_period_us", "50000\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, 512 * MIB);
	assert_int_equal(m.room.cpu, 50);
	assert_non_null(strstr(m.cpu_from, "taiki.slice/cpu.cfs_quota_us"));
	/* Domains that stay where they are started. */
	setenv("TAIKI_CGROUP", "", 1);
	put(root, "proc/self/cgroup", "9:cpu,cpuacct:/\n8:memory:/other\n0::/\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, 4096);
	scratch_remove();
}

static void measures_v2(void **state)
{
	const char *root = scratch();
	struct hv_measured m;
	struct hv_error err;

	setenv("TAIKI_CGROUP", "a.slice/b", 1);
	put(root, "proc/meminfo", "MemTotal: 4096000 kB\n");
	put(root, "proc/self/mountinfo", V2);
	put(root, "sys/fs/cgroup/memory.max", "max\n");
	put(root, "sys/fs/cgroup/cpu.max", "max 100000\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, 4096000ULL << 10);
	put(root, "sys/fs/cgroup/a.slice/memory.max", "2097152\n");
	put(root, "sys/fs/cgroup/a.slice/b/cpu.max", "30000 100000\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, 2 * MIB);
	assert_int_equal(m.room.cpu, 30);
	put(root, "sys/fs/cgroup/memory.max", "1048576\n");
	put(root, "sys/fs/cgroup/cpu.max", "garbage\n");
	assert_int_equal(hv_capacity_measure(root, &m, &err), 0);
	assert_int_equal(m.room.memory, MIB);
	unsetenv("TAIKI_CGROUP");
	scratch_remove();
}

static void decides(void **state)
{
	static const struct hv_room measured = {1000 * MIB, 400};
	struct hv_host_conf c = {.overcommit_memory = 100, .slack = UINT64_MAX};
	struct hv_capacity cap;

	hv_capacity_decide(&measured, &c, &cap);
	assert_int_equal(cap.room.memory, 1000 * MIB);
	assert_true(cap.room.cpu == HV_CPU_UNLIMITED);
	assert_int_equal(cap.guarantee, 400);
	assert_int_equal(cap.slack, 1000 * MIB / 64);
	c = (struct hv_host_conf){.keep = {200 * MIB, 100},
				  .overcommit_memory = 150,
				  .overcommit_cpu = 200,
				  .each = MIB,
				  .slack = 5 * MIB};
	hv_capacity_decide(&measured, &c, &cap);
	assert_int_equal(cap.room.memory, 1200 * MIB);
	assert_int_equal(cap.room.cpu, 600);
	assert_int_equal(cap.guarantee, 300);
	assert_int_equal(cap.each, MIB);
	assert_int_equal(cap.slack, 5 * MIB);
	/* More kept than there is leaves nothing, and not an enormous number. */
	c.keep = (struct hv_room){2000 * MIB, 500};
	hv_capacity_decide(&measured, &c, &cap);
	assert_int_equal(cap.room.memory, 0);
	assert_int_equal(cap.room.cpu, 0);
	assert_int_equal(cap.guarantee, 0);
	c = (struct hv_host_conf){.has = {4000 * MIB, 800}, .overcommit_memory = 100};
	hv_capacity_decide(&measured, &c, &cap);
	assert_int_equal(cap.room.memory, 4000 * MIB);
	assert_int_equal(cap.guarantee, 800);
}

static void loads(void **state)
{
	const char *dir = scratch();
	struct hv_capacity cap;
	struct hv_host_conf c;
	struct hv_error err;
	char path[128], *large;

	snprintf(path, sizeof(path), "%s/host.conf", dir);
	setenv("TAIKI_HOST_CONF", path, 1);
	assert_int_equal(hv_host_conf_load(&c, &err), 0); /* none is the defaults */
	assert_int_equal(c.overcommit_memory, 100);
	put(dir, "host.conf", "keep-memory=1MiB\nmemory=3MiB\n");
	assert_int_equal(hv_capacity(&cap, &err), 0);
	assert_int_equal(cap.room.memory, 2 * MIB);
	assert_string_equal(cap.memory_from, "host.conf");
	put(dir, "host.conf", "keep-memory=1\n");
	assert_int_equal(hv_capacity(&cap, &err), -EINVAL);
	assert_non_null(strstr(err.text, path));
	large = calloc(1, 70000);
	assert_non_null(large);
	memset(large, '\n', 69999);
	put(dir, "host.conf", large);
	free(large);
	assert_int_equal(hv_capacity(&cap, &err), -EINVAL);
	assert_non_null(strstr(err.text, "larger than"));
	setenv("TAIKI_HOST_CONF", dir, 1);
	assert_int_equal(hv_capacity(&cap, &err), -EIO); /* a directory */
	unsetenv("TAIKI_HOST_CONF");
	scratch_remove();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_reads), cmocka_unit_test(conf_refuses),
		cmocka_unit_test(measures),   cmocka_unit_test(measures_v2),
		cmocka_unit_test(decides),    cmocka_unit_test(loads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("capacity", tests, NULL, NULL);
}
