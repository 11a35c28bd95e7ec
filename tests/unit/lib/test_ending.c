// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A lock that is held, but by no process that can be seen: as that of a process that is
 * about to end, whose descriptors are out of sight before they are closed.  Here the
 * test itself holds it, whom nobody looks for.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/launch.h"
#include "hvcore/lib/turn.h"
#include "hv/rundir.h"

enum { LONG_MS = 20000, SHORT_MS = 300, MOMENT_US = 300000, TRIES = 5 };

static int take_lock(void)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	int fd;

	hv_run_path(path, sizeof(path), "web1", "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), 0);
	return fd;
}

/* ran() - What a domain without disks leaves in its run directory. */
static void ran(void)
{
	struct hv_config c;
	char path[4096], *text;
	unsigned disks;
	FILE *f;

	mkdir(hv_run_root(), 0700);
	hv_run_path(path, sizeof(path), "web1", "");
	mkdir(path, 0700);
	sample(&c);
	disks = c.ndisks;
	c.ndisks = 0;
	text = hv_config_to_json(&c);
	c.ndisks = disks;
	hv_config_free(&c);
	hv_run_path(path, sizeof(path), "web1", "config.json");
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(text);
}

static int setup(void **state)
{
	scratch();
	ran();
	return 0;
}

static int teardown(void **state)
{
	scratch_remove();
	return 0;
}

static void *let_go(void *data)
{
	usleep(MOMENT_US);
	close(*(int *)data);
	return NULL;
}

static void held_for_a_moment(void **state)
{
	struct hv_error err = {""};
	int fd = take_lock();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, let_go, &fd), 0);
	if (hv_kill("web1", LONG_MS, &err))
		fail_msg("%s", err.text);
	pthread_join(thread, NULL);
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_ABSENT);
}

static void held_for_good(void **state)
{
	struct hv_error err = {""};
	int fd = take_lock();

	assert_int_equal(hv_kill("web1", SHORT_MS, &err), -EPERM);
	assert_non_null(strstr(err.text, "by no process"));
	close(fd);
	assert_int_equal(hv_kill("web1", LONG_MS, &err), 0);
}

static void put_pid(void)
{
	char path[4096];
	FILE *f;

	hv_run_path(path, sizeof(path), "web1", "config.json");
	unlink(path);
	hv_run_path(path, sizeof(path), "web1", "pid");
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("1\n", f);
	fclose(f);
}

static atomic_bool over;

static void *forget_pid(void *data)
{
	char path[4096];

	/* Whoever asks has seen the pid file, and waits for his turn. */
	hv_run_path(path, sizeof(path), "web1", "starter");
	while (!atomic_load(&over) && !lock_waiters(path))
		usleep(1000);
	hv_run_path(path, sizeof(path), "web1", "pid");
	unlink(path);
	close(*(int *)data);
	return NULL;
}

/*
 * Somebody has proven its end and is in the middle of forgetting what it had: that is no loss.  He is given two seconds for
 * it, which a host that stands still may use up: then once more.
 */
static void proven_beside_us(void **state)
{
	struct hv_error err = {""};
	int turn, rc = -1;
	pthread_t thread;

	for (unsigned tries = 0; rc && tries < TRIES; tries++) {
		put_pid();
		atomic_store(&over, false);
		turn = hv_turn("web1", 0, NULL);
		assert_true(turn >= 0);
		assert_int_equal(pthread_create(&thread, NULL, forget_pid, &turn), 0);
		rc = hv_kill("web1", LONG_MS, &err);
		atomic_store(&over, true);
		pthread_join(thread, NULL);
		if (rc)
			print_message("# %s\n", err.text);
	}
	assert_int_equal(rc, 0);
}

/* Nobody does, and the configuration is lost: not proven. */
static void lost_for_good(void **state)
{
	struct hv_error err = {""};

	put_pid();
	assert_int_equal(hv_kill("web1", LONG_MS, &err), -ENOENT);
	assert_non_null(strstr(err.text, "config.json is lost"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(held_for_a_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(held_for_good, setup, teardown),
		cmocka_unit_test_setup_teardown(proven_beside_us, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_for_good, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
