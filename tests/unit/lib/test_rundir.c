// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names, paths, and what a lock says.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"

static void put(const char *name, const char *file, const char *text)
{
	char path[4096];
	FILE *f;

	mkdir(hv_run_root(), 0755);
	assert_int_equal(hv_run_path(path, sizeof(path), name, ""), 0);
	mkdir(path, 0755);
	assert_int_equal(hv_run_path(path, sizeof(path), name, file), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* An open file description with the lock, as hv-domain has it. */
static int hold(const char *name)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	int fd;

	hv_run_path(path, sizeof(path), name, "lock");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), 0);
	return fd;
}

static void names(void **state)
{
	static const char *const good[] = {"a", "7", "web1", "A.b_c-d", "x..y"};
	static const char *const bad[] = {
		"",  ".",   "..",  ".a",        "-a", "_a",   "a/b",
		"/", "a b", "a\n", "a\xc3\xa4", "a*", "a\\b", "../../etc/passwd"};
	char longest[HV_NAME_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(hv_name_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(hv_name_ok(bad[i]));
	memset(longest, 'x', sizeof(longest));
	longest[HV_NAME_MAX + 1] = 0;
	assert_false(hv_name_ok(longest));
	longest[HV_NAME_MAX] = 0;
	assert_true(hv_name_ok(longest));
}

static void paths(void **state)
{
	char path[64];

	setenv("TAIKI_RUN_DIR", "/r", 1);
	assert_int_equal(hv_run_path(path, sizeof(path), "web1", "qmp.sock"), 0);
	assert_string_equal(path, "/r/web1/qmp.sock");
	assert_int_equal(hv_run_path(path, 17, "web1", "qmp.sock"), 0);
	assert_int_equal(hv_run_path(path, 16, "web1", "qmp.sock"), -ENAMETOOLONG);
	assert_int_equal(hv_run_path(path, sizeof(path), "../web1", "lock"), -EINVAL);
	unsetenv("TAIKI_RUN_DIR");
	assert_string_equal(hv_run_root(), "/run/taiki");
	setenv("TAIKI_RUN_DIR", "", 1);
	assert_string_equal(hv_run_root(), "/run/taiki");
}

static void presence(void **state)
{
	struct hv_error err = {""};
	pid_t pid = 99;
	char text[32];
	int fd;

	scratch();
	assert_int_equal(hv_presence("web1", &pid, &err), HV_ABSENT); /* no directory at all */
	assert_int_equal(pid, 0);
	put("web1", "pid", "1\n");
	assert_int_equal(hv_presence("web1", &pid, &err), HV_ABSENT); /* no lock file */
	put("web1", "lock", "");
	assert_int_equal(hv_presence("web1", &pid, &err), HV_ABSENT); /* left by a crash */
	assert_int_equal(pid, 0);
	fd = hold("web1");
	assert_int_equal(hv_presence("web1", &pid, &err), HV_PRESENT);
	assert_int_equal(pid, 1);
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	put("web1", "pid", text);
	assert_int_equal(hv_presence("web1", &pid, NULL), HV_PRESENT);
	assert_int_equal(pid, getpid());
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_PRESENT);
	close(fd);
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_ABSENT);
	scratch_remove();
}

static void strange_pids(void **state)
{
	static const char *const texts[] = {"",
					    "\n",
					    "abc\n",
					    "-1\n",
					    "0\n",
					    "12x\n",
					    "99999999999999999999\n",
					    "4194304999\n"};
	int fd;

	scratch();
	put("web1", "lock", "");
	fd = hold("web1");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		pid_t pid = 99;

		put("web1", "pid", texts[i]);
		assert_int_equal(hv_presence("web1", &pid, NULL), HV_PRESENT);
		assert_int_equal(pid, 0);
	}
	close(fd);
	scratch_remove();
}

/* What cannot be asked is neither absent nor present. */
static void cannot_tell(void **state)
{
	struct hv_error err = {""};
	char path[4096];

	scratch();
	put("web1", "pid", "1\n");
	hv_run_path(path, sizeof(path), "web1", "lock");
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(hv_presence("web1", NULL, &err), HV_UNKNOWN);
	assert_non_null(strstr(err.text, path));
	rmdir(path);
	assert_int_equal(symlink("/etc/passwd", path), 0); /* not followed */
	assert_int_equal(hv_presence("web1", NULL, &err), HV_UNKNOWN);
	assert_int_equal(hv_presence("a/b", NULL, &err), HV_UNKNOWN);
	assert_non_null(strstr(err.text, "a/b"));
	scratch_remove();
}

static void reads(void **state)
{
	char *line, path[4096];

	scratch();
	put("web1", "resource", "vm-web1\nsecond\n");
	line = hv_run_read("web1", "resource");
	assert_string_equal(line, "vm-web1");
	free(line);
	put("web1", "resource", "");
	line = hv_run_read("web1", "resource");
	assert_string_equal(line, "");
	free(line);
	assert_null(hv_run_read("web1", "absent"));
	assert_null(hv_run_read("../web1", "resource"));
	hv_run_path(path, sizeof(path), "web1", "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	line = hv_run_read("web1", "fifo"); /* returns, that is what counts */
	assert_string_equal(line, "");
	free(line);
	scratch_remove();
}

static void lists(void **state)
{
	struct hv_error err = {""};
	char **names_, path[4096];

	scratch();
	names_ = hv_run_list(&err); /* no run directory yet: nothing runs */
	assert_non_null(names_);
	assert_null(names_[0]);
	free(names_);
	put("web2", "pid", "1");
	put("db", "pid", "1");
	put("web1", "pid", "1");
	snprintf(path, sizeof(path), "%s/.hidden", hv_run_root());
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/a file", hv_run_root());
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "%s/file", hv_run_root());
	close(open(path, O_CREAT | O_WRONLY, 0600));
	names_ = hv_run_list(&err);
	assert_string_equal(names_[0], "db");
	assert_string_equal(names_[1], "web1");
	assert_string_equal(names_[2], "web2");
	assert_null(names_[3]);
	free(names_);
	setenv("TAIKI_RUN_DIR", path, 1); /* a file: cannot be listed, which is not "none" */
	assert_null(hv_run_list(&err));
	assert_non_null(strstr(err.text, "cannot be read"));
	scratch_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),       cmocka_unit_test(paths),
		cmocka_unit_test(presence),    cmocka_unit_test(strange_pids),
		cmocka_unit_test(cannot_tell), cmocka_unit_test(reads),
		cmocka_unit_test(lists),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
