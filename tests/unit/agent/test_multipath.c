// SPDX-License-Identifier: GPL-2.0-or-later
/* What ocf:taiki:multipath makes of multipathd's words, of the kernel's, and of what is left of a map. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "resource-agents/multipath.h"

static void test_names(void **state)
{
	static const struct {
		const char *text;
		int n;
	} cases[] = {
		{"mpatha", 1},
		{" mpatha\t35000c5000000a001,disk-1.x:y+z \n", 3},
		{"", -EINVAL},
		{" , ", -EINVAL},
		{"a a", -EINVAL},
		{"../etc", -EINVAL},
		{".hidden", -EINVAL},
		{"-option", -EINVAL},
		{"a;reconfigure", -EINVAL},
		{"a/b", -EINVAL},
	};
	char name[MULTIPATH_MAPS][MULTIPATH_NAME],
		many[2 * MULTIPATH_MAPS + 3] = "", longest[MULTIPATH_NAME + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(multipath_names(cases[i].text, name), cases[i].n);
	multipath_names(" mpatha\t35000c5000000a001 ", name);
	assert_string_equal(name[0], "mpatha");
	assert_string_equal(name[1], "35000c5000000a001");
	for (int i = 0; i < MULTIPATH_MAPS + 1; i++)
		sprintf(many + strlen(many), "%c ", 'A' + i);
	assert_int_equal(multipath_names(many, name), -EINVAL);
	memset(longest, 'x', MULTIPATH_NAME);
	longest[MULTIPATH_NAME] = '\0';
	assert_int_equal(multipath_names(longest, name), -EINVAL);
	assert_int_equal(multipath_names(longest + 1, name), 1);
}

#define PATH(dev, dm, st, chk) \
	"{\"dev\":\"" dev "\",\"dm_st\":\"" dm "\",\"dev_st\":\"" st "\",\"chk_st\":\"" chk "\"}"
#define MAP(name, queueing, groups)                                                              \
	"{\"major_version\":0,\"minor_version\":1,\"map\":{\"name\":\"" name "\",\"uuid\":"      \
	"\"3600\",\"dm_st\":\"active\",\"queueing\":\"" queueing "\",\"features\":\"0\",\"path_" \
	"groups\":[" groups "]}}\n"
#define GROUP(paths) "{\"selector\":\"service-time 0\",\"paths\":[" paths "]}"

static void test_read(void **state)
{
	static const struct {
		const char *text;
		int rc;
		unsigned n, working;
		enum multipath_queueing queueing;
	} cases[] = {
		{MAP("m", "off",
		     GROUP(PATH("sda", "active", "running", "ready")) "," GROUP(
			     PATH("sdb", "active", "running", "ghost"))),
		 0, 2, 2, MULTIPATH_FAILS},
		{MAP("m", "on",
		     GROUP(PATH("sda", "failed", "running",
				"faulty") "," PATH("sdb", "active", "running", "ready"))),
		 0, 2, 1, MULTIPATH_WAITS},
		/* The kernel has not noticed yet, the checker has; and the other way round. */
		{MAP("m", "12 chk", GROUP(PATH("sda", "active", "running", "faulty"))), 0, 1, 0,
		 MULTIPATH_WAITS_BOUNDED},
		{MAP("m", "5 sec", GROUP(PATH("sda", "failed", "running", "ready"))), 0, 1, 0,
		 MULTIPATH_WAITS_BOUNDED},
		{MAP("m", "-", GROUP(PATH("sda", "active", "offline", "ready"))), 0, 1, 0,
		 MULTIPATH_FAILS},
		{MAP("m", "off", GROUP(PATH("sda", "active", "running", "i/o pending"))), 0, 1, 1,
		 MULTIPATH_FAILS},
		{MAP("m", "off", ""), 0, 0, 0, MULTIPATH_FAILS},
		{"{\"map\":{\"uuid\":\"m\",\"features\":\"1 queue_if_no_path\"}}", 0, 0, 0,
		 MULTIPATH_WAITS},
		/* Not about this map, or about nothing. */
		{MAP("other", "off", ""), -EPROTO},
		{"fail\n", -ENOENT},
		{"timeout\n", -EAGAIN},
		{"permission deny: need to be root\n", -EPERM},
		{"", -EPROTO},
		{"ok\n", -EPROTO},
		{"[]", -EPROTO},
		{"{\"map\":[]}", -EPROTO},
		{"{\"map\":{\"name\":\"m\",\"path_groups\":{}}}", -EPROTO},
		{"{\"map\":{\"name\":\"m\",\"path_groups\":[{}]}}", -EPROTO},
		{"{\"map\":{\"name\":\"m\",\"path_groups\":[3]}}", -EPROTO},
		{MAP("m", "off", GROUP(PATH("", "active", "running", "ready"))), -EPROTO},
		{MAP("m", "off", GROUP(PATH("a b", "active", "running", "ready"))), -EPROTO},
		{MAP("m", "off", GROUP("{}")), -EPROTO},
		/* One path twice would count twice. */
		{MAP("m", "off",
		     GROUP(PATH("sda", "active", "running", "ready") "," PATH("sda", "active",
									      "running", "ready"))),
		 -EPROTO},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct multipath_map m;

		/* With the final NUL, as it comes. */
		assert_int_equal(multipath_read(cases[i].text, strlen(cases[i].text) + 1, "m", &m),
				 cases[i].rc);
		assert_int_equal(m.n, cases[i].n);
		assert_int_equal(m.working, cases[i].working);
		assert_int_equal(m.queueing, cases[i].queueing);
	}
}

static void test_suspended(void **state)
{
	static const char text[] = "{\"map\":{\"name\":\"m\",\"dm_st\":\"suspend\"}}";
	struct multipath_map m;

	assert_int_equal(multipath_read(text, sizeof(text), "m", &m), 0);
	assert_true(m.suspended);
}

/* A map of @n paths, @working of which work, as time goes by. */
struct step {
	int64_t now;
	unsigned n, working, up;
	enum multipath_queueing queueing;
	enum ocf_rc rc;
	enum multipath_act act;
};

static void play(const struct multipath_limits *l, const struct step *s, size_t n)
{
	struct multipath_past past = {0};

	for (size_t i = 0; i < n; i++) {
		struct multipath_map m = {
			.n = s[i].n, .working = s[i].working, .queueing = s[i].queueing};
		struct multipath_verdict v = multipath_judge(&m, s[i].up, l, &past, s[i].now);

		assert_int_equal(v.rc, s[i].rc);
		assert_int_equal(v.act, s[i].act);
		assert_non_null(v.what);
		if (v.act)
			past.unqueued = v.act == MULTIPATH_UNQUEUE;
	}
}

#define PLAY(l, s) play(l, s, sizeof(s) / sizeof((s)[0]))

static void test_judge(void **state)
{
	static const struct multipath_limits l = {2, 1, 80000, 60000};
	static const struct step fails[] = {
		{1000, 2, 2, 2, MULTIPATH_FAILS, OCF_SUCCESS, MULTIPATH_NOTHING},
		{2000, 2, 1, 1, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		/* Back, and does not count yet. */
		{3000, 2, 2, 1, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{4000, 2, 0, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{83999, 2, 0, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{84000, 2, 0, 0, MULTIPATH_FAILS, OCF_ERR_GENERIC, MULTIPATH_NOTHING},
		/* One that is back ends it, even where it does not count yet; the time begins anew. */
		{85000, 2, 1, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{86000, 0, 0, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{90000, 3, 3, 3, MULTIPATH_FAILS, OCF_SUCCESS, MULTIPATH_NOTHING},
		/* A clock that has gone back is that of another boot. */
		{90000, 2, 0, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{1000, 2, 0, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{81000, 2, 0, 0, MULTIPATH_FAILS, OCF_ERR_GENERIC, MULTIPATH_NOTHING},
	};
	static const struct step waits[] = {
		{1000, 2, 0, 0, MULTIPATH_WAITS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{60999, 2, 0, 0, MULTIPATH_WAITS, OCF_DEGRADED, MULTIPATH_NOTHING},
		{61000, 2, 0, 0, MULTIPATH_WAITS, OCF_DEGRADED, MULTIPATH_UNQUEUE},
		{62000, 2, 0, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_NOTHING},
		/* multipathd was reloaded, and has it wait again. */
		{63000, 2, 0, 0, MULTIPATH_WAITS, OCF_DEGRADED, MULTIPATH_UNQUEUE},
		{64000, 2, 1, 0, MULTIPATH_FAILS, OCF_DEGRADED, MULTIPATH_REQUEUE},
		{65000, 2, 1, 1, MULTIPATH_WAITS, OCF_DEGRADED, MULTIPATH_NOTHING},
	};
	static const struct step bounded[] = {
		{1000, 2, 0, 0, MULTIPATH_WAITS_BOUNDED, OCF_DEGRADED, MULTIPATH_NOTHING},
		{79000, 2, 0, 0, MULTIPATH_WAITS_BOUNDED, OCF_DEGRADED, MULTIPATH_NOTHING},
	};

	PLAY(&l, fails);
	PLAY(&l, waits);
	PLAY(&l, bounded);
}

static void test_judge_limits(void **state)
{
	static const struct multipath_limits strict = {4, 2, 0, 0};
	static const struct step steps[] = {
		{1000, 4, 4, 4, MULTIPATH_WAITS, OCF_SUCCESS, MULTIPATH_NOTHING},
		{2000, 4, 2, 2, MULTIPATH_WAITS, OCF_DEGRADED, MULTIPATH_NOTHING},
		/* No grace, and queueing is left as it is. */
		{3000, 4, 1, 1, MULTIPATH_WAITS, OCF_ERR_GENERIC, MULTIPATH_NOTHING},
		{900000, 4, 0, 0, MULTIPATH_WAITS, OCF_ERR_GENERIC, MULTIPATH_NOTHING},
	};
	struct multipath_map m = {.n = 2, .working = 2, .suspended = true};
	const struct multipath_limits l = {2, 1, 80000, 60000};
	struct multipath_past past = {0};

	PLAY(&strict, steps);
	assert_int_equal(multipath_judge(&m, 2, &l, &past, 1000).rc, OCF_DEGRADED);
}

static void test_memory(void **state)
{
	static const struct {
		const char *text;
		unsigned n;
	} cases[] = {
		{"", 0},
		{"map a 1 2 1\nmap b 0 0 0\n", 2},
		{"map a 1 2 1\nmap b 0 0 0", 1}, /* not written to its end */
		{"map a 1 2 1 5\nmap ../b 0 0 0\nmap c -1 0 0\nmap d 0 x 0\nnonsense\n\n", 0},
	};
	struct multipath_memory m = {.name = {"a", "disk-2"}, .past = {{5, 7, true}, {0}}, .n = 2},
				back;
	char text[MULTIPATH_MAPS * 256];
	size_t size;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		multipath_memory_parse(&back, cases[i].text);
		assert_int_equal(back.n, cases[i].n);
	}
	size = multipath_memory_print(&m, text, sizeof(text));
	assert_int_equal(size, strlen(text));
	multipath_memory_parse(&back, text);
	assert_int_equal(back.n, 2);
	assert_string_equal(back.name[1], "disk-2");
	assert_int_equal(back.past[0].short_since, 5);
	assert_int_equal(back.past[0].none_since, 7);
	assert_true(back.past[0].unqueued);
	assert_false(back.past[1].unqueued);
}

/* ---- sysfs, in a directory of our own ---- */

static void put(const char *root, const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_sysfs(void **state)
{
	char root[] = "/tmp/multipath-sysfs-XXXXXX", remove[64];
	struct multipath_map m;

	assert_non_null(mkdtemp(root));
	assert_int_equal(multipath_sysfs(root, "disk1", &m), -ENOENT);
	put(root, "block/sda/size", "1\n");
	put(root, "block/dm-0/dm/name", "disk1\n");
	put(root, "block/dm-0/dm/uuid", "LVM-abc\n"); /* a volume of that name is no map */
	assert_int_equal(multipath_sysfs(root, "disk1", &m), -ENOENT);
	put(root, "block/dm-1/dm/name", "disk1\n");
	put(root, "block/dm-1/dm/uuid", "mpath-35000c5000000a001\n");
	put(root, "block/dm-1/dm/suspended", "0\n");
	assert_int_equal(multipath_sysfs(root, "disk1", &m), 0);
	assert_int_equal(m.n, 0);
	put(root, "block/dm-1/slaves/sda/device/state", "running\n");
	put(root, "block/dm-1/slaves/sdb/device/state", "offline\n");
	put(root, "block/dm-1/slaves/sdc/device/state", "transport-offline\n");
	put(root, "block/dm-1/slaves/nvme0c0n1/size",
	    "1\n"); /* no state: nothing is known against it */
	assert_int_equal(multipath_sysfs(root, "disk1", &m), 0);
	assert_int_equal(m.n, 4);
	assert_int_equal(m.working, 2);
	assert_false(m.suspended);
	put(root, "block/dm-1/dm/suspended", "1\n");
	assert_int_equal(multipath_sysfs(root, "35000c5000000a001", &m), 0);
	assert_true(m.suspended);
	snprintf(remove, sizeof(remove), "rm -r %s", root);
	assert_int_equal(system(remove), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),        cmocka_unit_test(test_read),
		cmocka_unit_test(test_suspended),    cmocka_unit_test(test_judge),
		cmocka_unit_test(test_judge_limits), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_sysfs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);

	return cmocka_run_group_tests_name("multipath", tests, NULL, NULL);
}
