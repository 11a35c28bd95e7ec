// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What daemons have in common: only one of each, what systemd is told, and workers that are
 * made anew.
 */
#include "util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/daemon.h"
#include "hv/rundir.h"

enum { LONG_MS = 60000 };

/* The exit status of a process that runs @what. */
static int in_child(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int lock_as_second(void)
{
	struct hv_error err;

	return hv_daemon_lock("testd", "serves", &err) == -EEXIST &&
			       strstr(err.text, "another taiki-testd serves ")
		       ? 7
		       : 1;
}

static int lock_as_another(void)
{
	struct hv_error err;

	return hv_daemon_lock("otherd", "serves", &err) ? 1 : 7;
}

static void one_of_each(void **state)
{
	char path[4096], pid[32];
	struct hv_error err;
	char *text;

	scratch();
	assert_int_equal(hv_daemon_lock("testd", "serves", &err), 0);
	snprintf(path, sizeof(path), "%s/.testd.lock", hv_run_root());
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	text = slurp(path, NULL);
	assert_string_equal(text, pid);
	free(text);
	assert_int_equal(in_child(lock_as_second), 7);
	assert_int_equal(in_child(lock_as_another), 7);
	text = slurp(path, NULL);
	assert_string_equal(text, pid); /* who was refused has written nothing */
	free(text);
	scratch_remove();
}

static void heard(int fd, const char *text)
{
	char got[64] = "";

	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, text);
}

static void systemd_is_told(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const uint64_t third = 1000000000000000;
	char name[64];
	uint64_t next;

	assert_int_equal(hv_notify_alive(), 0); /* nobody waits */
	snprintf(name, sizeof(name), "@taiki-test-%d", (int)getpid());
	memcpy(sa.sun_path, name, strlen(name));
	sa.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&sa,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "3000000000000", 1);
	hv_notify_open();
	assert_null(getenv("NOTIFY_SOCKET"));
	hv_notify_say("READY=1");
	heard(fd, "READY=1");
	assert_int_equal(hv_notify_alive(), third);
	heard(fd, "WATCHDOG=1");
	next = hv_notify_alive(); /* not due yet */
	assert_true(next > 0 && next <= third);
	assert_int_equal(recv(fd, name, sizeof(name), MSG_DONTWAIT), -1);
	close(fd);
}

/* Tells its process id to whoever asks; told to, it fails. */
static int worker(int fd, pid_t keeper)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	pid_t me = getpid();
	char what;

	while (getppid() == keeper && poll(&p, 1, LONG_MS) == 1) {
		if (recv(fd, &what, 1, 0) != 1)
			return 0;
		if (what == 'x')
			return 1;
		send(fd, &me, sizeof(me), MSG_NOSIGNAL);
	}
	return 1;
}

static pid_t ask(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	pid_t pid = 0;

	assert_int_equal(send(fd, "?", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(poll(&p, 1, LONG_MS), 1);
	assert_int_equal(recv(fd, &pid, sizeof(pid), 0), sizeof(pid));
	return pid;
}

static void workers_are_kept(void **state)
{
	static const struct hv_keeper k = {"test-keeper", "test worker", worker};
	int fd = hv_keeper_start(&k), status;
	pid_t first, second;

	assert_true(fd >= 0);
	first = ask(fd);
	assert_true(first > 0 && first != getpid());
	assert_int_equal(ask(fd), first);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	second = ask(fd); /* waits in the socket for the next one */
	assert_true(second > 0 && second != first);
	close(fd);
	assert_true(wait(&status) > 0); /* the keeper, after its worker */
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_each),
		cmocka_unit_test(systemd_is_told),
		cmocka_unit_test(workers_are_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
