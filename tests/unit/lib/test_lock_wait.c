// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting for a lock: until it is free, or until the deadline, and nobody is passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hvcore/lib/lock_wait.h"
#include "hvcore/lib/probe.h"
#include "util.h"

enum { WAITERS = 8, LONG_MS = 60000 };

static char path[4096];

static int setup(void **state)
{
	const char *dir = scratch();

	if (!dir)
		return -1;
	snprintf(path, sizeof(path), "%s/lock", dir);
	return 0;
}

static int teardown(void **state)
{
	scratch_remove();
	return 0;
}

static int open_lock(void)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void mine(int sig)
{
}

static void until_the_deadline(void **state)
{
	struct sigaction sa = {.sa_handler = mine}, after;
	int held = open_lock(), fd = open_lock();
	sigset_t blocked, mask;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigaction(SIGALRM, &sa, NULL);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	assert_int_equal(hv_lock_wait(held, 0), 0);
	assert_int_equal(hv_lock_wait(fd, 0), -ETIMEDOUT);
	assert_int_equal(hv_lock_wait(fd, hv_clock_ms() + 30), -ETIMEDOUT);
	/* What the caller had is as it was. */
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_true(sigismember(&mask, SIGALRM));
	sigaction(SIGALRM, NULL, &after);
	assert_ptr_equal(after.sa_handler, mine);
	sigpending(&mask);
	assert_false(sigismember(&mask, SIGALRM));
	close(held);
	assert_int_equal(hv_lock_wait(fd, 0), 0);
	close(fd);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

/* wait_as() - A process that waits, and says its number through @out once it has the lock. */
static pid_t wait_as(char number, int held, int out)
{
	pid_t pid = fork();

	if (!pid) {
		int fd = open(path, O_RDWR | O_CLOEXEC), rc;

		close(held);
		rc = hv_lock_wait(fd, hv_clock_ms() + LONG_MS);
		_exit(rc || write(out, &number, 1) != 1);
	}
	return pid;
}

static void in_the_order_of_arrival(void **state)
{
	int held = open_lock(), out[2], status;
	char got[WAITERS] = "";
	pid_t pid[WAITERS];

	assert_int_equal(hv_lock_wait(held, 0), 0);
	assert_int_equal(pipe(out), 0);
	for (int i = 0; i < WAITERS; i++) {
		pid[i] = wait_as((char)('a' + i), held, out[1]);
		assert_true(pid[i] > 0);
		assert_true(until_waited_for(path, (unsigned)i + 1));
	}
	close(held);
	for (int i = 0; i < WAITERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(read(out[0], got, sizeof(got)), WAITERS);
	printf("# %d waited, and had it as %.*s\n", WAITERS, WAITERS, got);
	assert_memory_equal(got, "abcdefgh", WAITERS);
	close(out[0]);
	close(out[1]);
}

static void no_file(void **state)
{
	assert_int_equal(hv_lock_wait(-1, hv_clock_ms() + 20), -EBADF);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(until_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_order_of_arrival, setup, teardown),
		cmocka_unit_test(no_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
