// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file that is replaced in one step: also while others write it, are killed at it, or find no room.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hv/replace.h"
#include "util.h"

enum { BIG = 64 * 1024, WRITERS = 4, ROUNDS = 200, KILLS = 60 };

static char dir[256], path[300];

static int setup(void **state)
{
	const char *scratched = scratch();

	if (!scratched)
		return -1;
	snprintf(dir, sizeof(dir), "%s", scratched);
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int teardown(void **state)
{
	scratch_remove();
	return 0;
}

static void holds(const char *text)
{
	size_t len;
	char *is = slurp(path, &len);

	assert_string_equal(is, text);
	free(is);
}

/* entries() - How many names that begin with @prefix there are beside the file. */
static unsigned entries(const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += !strncmp(e->d_name, prefix, strlen(prefix));
	closedir(d);
	return n;
}

static void puts_and_replaces(void **state)
{
	struct stat st;

	assert_int_equal(hv_replace(path, "one\n", 4, 0640, false), 0);
	holds("one\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(hv_replace(path, "two and more\n", 13, 0600, true), 0);
	holds("two and more\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(hv_replace(path, "", 0, 0600, false), 0);
	holds("");
	assert_int_equal(entries(".file."), 0);
}

static void refuses_and_leaves_nothing(void **state)
{
	char deep[400], longest[4200];

	snprintf(deep, sizeof(deep), "%s/nowhere/file", dir);
	assert_int_equal(hv_replace(deep, "x", 1, 0600, false), -ENOENT);
	snprintf(deep, sizeof(deep), "%s/", dir);
	assert_int_equal(hv_replace(deep, "x", 1, 0600, false), -EISDIR);
	snprintf(deep, sizeof(deep), "%s/sub", dir);
	assert_int_equal(mkdir(deep, 0700), 0);
	assert_int_equal(hv_replace(deep, "x", 1, 0600, false), -EISDIR);
	assert_int_equal(entries(".sub."), 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(hv_replace(longest, "x", 1, 0600, false), -ENAMETOOLONG);
}

static void without_room_the_old_one_stays(void **state)
{
	struct rlimit was, little = {1024, 1024};
	static char big[BIG];

	assert_int_equal(hv_replace(path, "old\n", 4, 0600, false), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	little.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(hv_replace(path, big, sizeof(big), 0600, false), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	holds("old\n");
	assert_int_equal(entries(".file."), 0);
}

static void in_halves(void **state)
{
	int fd;

	assert_int_equal(hv_replace(path, "old\n", 4, 0600, false), 0);
	fd = hv_replace_begin(path, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "new\n", 4), 4);
	holds("old\n");
	assert_int_equal(hv_replace_end(path, -ECANCELED), -ECANCELED);
	close(fd);
	holds("old\n");
	assert_int_equal(entries(".file."), 0);
	fd = hv_replace_begin(path, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "new\n", 4), 4);
	assert_int_equal(hv_replace_end(path, 0), 0);
	/* It is the file that has the name now. */
	assert_int_equal(write(fd, "er\n", 3), 3);
	close(fd);
	holds("new\ner\n");
}

/* What one that died with our number has left may be somebody's who still has it open. */
static void what_a_dead_one_left_is_not_written(void **state)
{
	char left[400], kept[400];
	struct stat st;
	FILE *f;

	snprintf(left, sizeof(left), "%s/.file.%d.new", dir, (int)getpid());
	snprintf(kept, sizeof(kept), "%s/kept", dir);
	f = fopen(left, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(link(left, kept), 0);
	assert_int_equal(hv_replace(path, "mine\n", 5, 0600, false), 0);
	holds("mine\n");
	assert_int_equal(stat(kept, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(entries(".file."), 0);
}

static void write_all_the_time(char c)
{
	static char bytes[BIG];

	memset(bytes, c, sizeof(bytes));
	for (;;)
		if (hv_replace(path, bytes, sizeof(bytes), 0600, false))
			_exit(1);
}

static void is_whole(void)
{
	size_t len;
	char *is = slurp(path, &len);

	assert_int_equal(len, BIG);
	assert_int_equal(strspn(is, (char[]){*is, '\0'}), BIG);
	free(is);
}

static pid_t writer(char c)
{
	pid_t pid = fork();

	if (!pid)
		write_all_the_time(c);
	assert_true(pid > 0);
	return pid;
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it had not failed */
}

static void first(void)
{
	static char bytes[BIG];

	memset(bytes, '-', sizeof(bytes));
	assert_int_equal(hv_replace(path, bytes, sizeof(bytes), 0600, false), 0);
}

static void whole_while_several_write(void **state)
{
	pid_t pid[WRITERS];

	first();
	for (int i = 0; i < WRITERS; i++)
		pid[i] = writer((char)('a' + i));
	for (int i = 0; i < ROUNDS; i++)
		is_whole();
	for (int i = 0; i < WRITERS; i++)
		end(pid[i]);
	is_whole();
}

static void whole_when_writers_are_killed(void **state)
{
	first();
	for (int i = 0; i < KILLS; i++) {
		pid_t pid = writer((char)('a' + i % 26));

		nanosleep(&(struct timespec){.tv_nsec = rand() % 3000000}, NULL);
		end(pid);
		is_whole();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(puts_and_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_and_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(without_room_the_old_one_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(in_halves, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_dead_one_left_is_not_written, setup,
						teardown),
		cmocka_unit_test_setup_teardown(whole_while_several_write, setup, teardown),
		cmocka_unit_test_setup_teardown(whole_when_writers_are_killed, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
