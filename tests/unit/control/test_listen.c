// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The socket of a domain, for whoever waits for its name: when it is there it answers.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/listen.h"

enum { ROUNDS = 2000 };

static char dir[] = "/tmp/test_listen.XXXXXX", path[sizeof(dir) + 8];
static int told = -1;
static sem_t tried;
static unsigned refused; /* how often a name that was there did not answer */

static bool connects(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	strcpy(sa.sun_path, path);
	rc = connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	if (fd >= 0)
		close(fd);
	return !rc;
}

/* As heartbeatd and the pool wait for it. */
static void *wait_for_name(void *data)
{
	_Alignas(struct inotify_event) char buf[4096];

	for (unsigned seen = 0; seen < ROUNDS;) {
		ssize_t n = read(told, buf, sizeof(buf));

		for (char *p = buf; n > 0 && p < buf + n;) {
			const struct inotify_event *e = (const struct inotify_event *)p;

			if (e->len && !strcmp(e->name, "sock")) {
				seen++;
				refused += !connects();
				sem_post(&tried);
			}
			p += sizeof(*e) + e->len;
		}
	}
	return NULL;
}

static void test_what_is_there_answers(void **state)
{
	struct hv_error err;
	pthread_t other;
	int fd;

	sem_init(&tried, 0, 0);
	assert_false(pthread_create(&other, NULL, wait_for_name, NULL));
	for (int i = 0; i < ROUNDS; i++) {
		fd = unix_listen(path, 8, &err); /* takes the last one's place */
		assert_true(fd >= 0);
		while (sem_wait(&tried))
			;
		close(fd);
	}
	pthread_join(other, NULL);
	print_message("# %d sockets, %u did not answer\n", ROUNDS, refused);
	assert_int_equal(refused, 0);
}

static void test_only_its_owner(void **state)
{
	struct hv_error err;
	struct stat st;
	int fd = unix_listen(path, 8, &err);

	assert_true(fd >= 0);
	assert_false(stat(path, &st));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(S_ISSOCK(st.st_mode));
	close(fd);
}

static void test_a_name_that_cannot_be(void **state)
{
	char name[200];
	struct hv_error err;

	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(unix_listen(name, 8, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "107 bytes at most"));
	assert_int_equal(unix_listen("", 8, &err), -ENAMETOOLONG);
	assert_int_equal(unix_listen("/nowhere/at/all", 8, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/sock", dir);
	told = inotify_init1(IN_CLOEXEC);
	return inotify_add_watch(told, dir, IN_CREATE | IN_MOVED_TO) < 0;
}

static int teardown(void **state)
{
	close(told);
	unlink(path);
	return rmdir(dir); /* and nothing else is left in it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_there_answers),
		cmocka_unit_test(test_only_its_owner),
		cmocka_unit_test(test_a_name_that_cannot_be),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
