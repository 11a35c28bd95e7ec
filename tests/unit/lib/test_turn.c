// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Turns at a run directory, also while it gets another name or is removed.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "hvcore/lib/probe.h"
#include "hvcore/lib/run_file.h"
#include "hvcore/lib/turn.h"
#include "util.h"

static int setup(void **state)
{
	return !scratch();
}

static int teardown(void **state)
{
	scratch_remove();
	return 0;
}

static void one_at_a_time(void **state)
{
	int fd = hv_turn("web", 0, NULL);

	assert_true(fd >= 0);
	assert_true(hv_turn_taken("web"));
	assert_int_equal(hv_turn("web", hv_clock_ms() + 30, NULL), -ETIMEDOUT);
	close(fd);
	assert_false(hv_turn_taken("web"));
	fd = hv_turn("web", 0, NULL);
	assert_true(fd >= 0);
	close(fd);
}

static void asking_makes_nothing(void **state)
{
	char path[4096];

	assert_false(hv_turn_taken("nobody"));
	assert_int_equal(hv_run_path(path, sizeof(path), "nobody", ""), 0);
	assert_int_equal(access(path, F_OK), -1);
}

/* wait_beside() - A process that waits for @name's turn; it ends with 0 if it got that one's. */
static pid_t wait_beside(int held, const char *name, const char *other)
{
	char path[4096];
	pid_t pid = fork();

	if (!pid) {
		int fd;

		close(held); /* the lock belongs to both copies */
		fd = hv_turn(name, hv_clock_ms() + 60000, NULL);

		_exit(fd < 0 ? 1 : !hv_turn_taken(name) ? 2 : hv_turn_taken(other) ? 3 : 0);
	}
	hv_run_path(path, sizeof(path), name, "starter");
	assert_true(until_waited_for(path, 1));
	return pid;
}

static void renamed_while_somebody_waits(void **state)
{
	char from[4096], to[4096];
	int fd = hv_turn("db@twin", 0, NULL), status;
	pid_t pid = wait_beside(fd, "db@twin", "db");

	hv_run_path(from, sizeof(from), "db@twin", "");
	hv_run_path(to, sizeof(to), "db", "");
	assert_int_equal(rename(from, to), 0);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void removed_while_somebody_waits(void **state)
{
	char path[4096];
	int fd = hv_turn("1@spare", 0, NULL), status;
	pid_t pid = wait_beside(fd, "1@spare", "nobody");

	hv_run_path(path, sizeof(path), "1@spare", "starter");
	assert_int_equal(unlink(path), 0);
	hv_run_path(path, sizeof(path), "1@spare", "");
	assert_int_equal(rmdir(path), 0);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * turns() - @rounds of what a stop does: has the turn alone, leaves files, removes the directory.  0: each time.
 * @inside is how many have the turn now.
 */
static int turns(unsigned rounds, atomic_int *inside)
{
	while (rounds--) {
		int fd = hv_turn("web@twin", hv_clock_ms() + 60000, NULL), rc;

		if (fd < 0)
			return 1;
		if (atomic_fetch_add(inside, 1))
			return 2;
		for (char file[] = "a"; file[0] < 'h'; file[0]++)
			hv_run_put("web@twin", file, "", NULL);
		atomic_fetch_sub(inside, 1); /* the turn ends with the directory */
		rc = hv_run_remove("web@twin", NULL);
		close(fd);
		if (rc)
			return 3;
	}
	return 0;
}

/* Whatever a domain's process has left there: nothing outside of it is touched. */
static void removed_and_nothing_else(void **state)
{
	char path[4096], other[4096];
	int fd = hv_turn("web@twin", 0, NULL);

	assert_true(fd >= 0);
	assert_int_equal(hv_run_put("web@twin", "a", "", NULL), 0);
	hv_run_path(path, sizeof(path), "web@twin", "down");
	assert_int_equal(mkdir(path, 0755), 0);
	hv_run_path(path, sizeof(path), "web@twin", "down/starter");
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(other, sizeof(other), "%s/../other", hv_run_root());
	assert_int_equal(mkdir(other, 0755), 0);
	hv_run_path(path, sizeof(path), "web@twin", "link");
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(hv_run_remove("web@twin", NULL), 0);
	close(fd);
	hv_run_path(path, sizeof(path), "web@twin", "");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(other, F_OK), 0);
	/* The directory itself a link: refused, and still there. */
	path[strlen(path) - 1] = '\0';
	assert_int_equal(symlink(other, path), 0);
	assert_true(hv_run_remove("web@twin", NULL) < 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hv_run_remove("web@twin", NULL), 0);
}

/* An agent that was killed in its stop may have left who removes it, while the next one does so too. */
static void removed_by_many(void **state)
{
	enum { MANY = 4, ROUNDS = 1000 };
	atomic_int *inside = mmap(NULL, sizeof(*inside), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, wrong = 0;
	char path[4096];

	assert_ptr_not_equal(inside, MAP_FAILED);
	for (int i = 0; i < MANY; i++)
		if (!fork())
			_exit(turns(ROUNDS, inside));
	for (int i = 0; i < MANY; i++) {
		assert_true(wait(&status) > 0);
		wrong |= status;
	}
	assert_int_equal(wrong, 0);
	hv_run_path(path, sizeof(path), "web@twin", "");
	assert_int_equal(access(path, F_OK), -1);
	munmap(inside, sizeof(*inside));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(asking_makes_nothing),
		cmocka_unit_test(renamed_while_somebody_waits),
		cmocka_unit_test(removed_while_somebody_waits),
		cmocka_unit_test(removed_and_nothing_else),
		cmocka_unit_test(removed_by_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
