// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that clients hand over: named, taken back, and never kept for
 * nothing.  What is open in the end is counted in /proc.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "hv/qmp.h"
#include "hvcore/vmm/control/command.h"
#include "hvcore/vmm/control/control.h"

#include "fakes.h"
#include "talk.h"

enum { LONG_MS = 60000 };

#define OK    "{\"return\":{}}\r\n"
#define GETFD "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"%s\"}}"

static unsigned open_now(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* getfd() - What the server says to a getfd @name that comes with @n descriptors. */
static const char *getfd(int client, const char *name, const int *send, unsigned n)
{
	char text[256];

	snprintf(text, sizeof(text), GETFD, name);
	if (n)
		talk_tell_fds(client, text, send, n);
	else
		talk_tell(client, text);
	return talk_said(client);
}

static const char *closefd(int client, const char *name)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"execute\": \"closefd\", \"arguments\": {\"fdname\": \"%s\"}}", name);
	talk_tell(client, text);
	return talk_said(client);
}

static void test_a_descriptor_is_named_and_closed(void **state)
{
	int client = talk_connect_negotiated(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned before = open_now();

	assert_string_equal(getfd(client, "disk", &null, 1), OK);
	assert_int_equal(open_now(), before + 1);
	assert_string_equal(closefd(client, "disk"), OK);
	assert_int_equal(open_now(), before);
	assert_non_null(strstr(closefd(client, "disk"), "File descriptor named 'disk' not found"));
	close(null);
	close(client);
	talk_turn();
}

/* Some clients send it ahead of the request, with a blank. */
static void test_it_may_come_before_its_request(void **state)
{
	int client = talk_connect_negotiated(), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	talk_tell_fds(client, " ", &null, 1);
	assert_string_equal(getfd(client, "disk", NULL, 0), OK);
	assert_non_null(strstr(getfd(client, "disk", NULL, 0),
			       "No file descriptor supplied via SCM_RIGHTS"));
	close(null);
	close(client);
	talk_turn();
}

static void test_a_name_belongs_to_the_last(void **state)
{
	int client = talk_connect_negotiated(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned before = open_now();

	for (int i = 0; i < 5; i++)
		assert_string_equal(getfd(client, "disk", &null, 1), OK);
	assert_int_equal(open_now(), before + 1);
	close(null);
	close(client);
	talk_turn();
}

static void test_names(void **state)
{
	int client = talk_connect_negotiated(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char longest[FDS_NAME_MAX], longer[FDS_NAME_MAX + 1];
	unsigned before = open_now();

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_non_null(strstr(getfd(client, "", &null, 1), "not starting with a digit"));
	assert_non_null(strstr(getfd(client, "7", &null, 1), "not starting with a digit"));
	assert_non_null(strstr(getfd(client, longer, &null, 1), "at most 63 bytes"));
	assert_string_equal(getfd(client, longest, NULL, 0), OK);
	assert_int_equal(open_now(), before + 1);
	close(null);
	close(client);
	talk_turn();
	/* The client's socket, its other end, /dev/null, and what it had left. */
	assert_int_equal(open_now(), before - 3);
}

static void test_another_client_has_other_names(void **state)
{
	int a = talk_connect_negotiated(), b = talk_connect_negotiated();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_string_equal(getfd(a, "disk", &null, 1), OK);
	assert_non_null(strstr(closefd(b, "disk"), "not found"));
	assert_string_equal(closefd(a, "disk"), OK);
	close(null);
	close(a);
	close(b);
	talk_turn();
}

static void test_no_more_than_a_connection_may_hold(void **state)
{
	int client = talk_connect_negotiated(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned before = open_now();
	char name[16];

	for (int i = 0; i < FDS_NAMED_MAX; i++) {
		snprintf(name, sizeof(name), "disk%d", i);
		assert_string_equal(getfd(client, name, &null, 1), OK);
	}
	assert_non_null(strstr(getfd(client, "more", &null, 1), "close one with closefd"));
	/* One is still there without a name, and takes the place of an old one. */
	assert_string_equal(getfd(client, "disk3", NULL, 0), OK);
	assert_int_equal(open_now(), before + FDS_NAMED_MAX);
	close(null);
	close(client);
	talk_turn();
	assert_int_equal(open_now(), before - 3);
}

static void test_a_flood_leaves_one(void **state)
{
	int client = talk_connect_negotiated(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned before = open_now();
	int many[253];

	for (int i = 0; i < 253; i++)
		many[i] = null;
	for (int i = 0; i < 20; i++)
		talk_tell_fds(client, " ", many, 253);
	assert_int_equal(open_now(), before + 1);
	assert_int_equal(control_counters.fds_closed, 20 * 252 + 19);
	talk_tell(client, "{\"execute\": \"query-name\"}");
	assert_string_equal(talk_said(client), "{\"return\":{\"name\":\"web\"}}\r\n");
	close(client);
	talk_turn();
	close(null);
	assert_int_equal(open_now(), before - 3);
}

static void test_before_negotiation_they_are_kept_from_harm(void **state)
{
	int client = talk_connect_raw(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned before = open_now();

	assert_non_null(strstr(talk_said(client), "QMP"));
	assert_non_null(strstr(getfd(client, "disk", &null, 1), "capabilities negotiation"));
	close(client);
	talk_turn();
	close(null);
	assert_int_equal(open_now(), before - 3);
}

/* What arrives is the very file: the client library against the server. */
static void *client_main(void *arg)
{
	struct hv_error err;
	struct hv_qmp *q;
	long failures;

	if (hv_qmp_open(talk_path, LONG_MS, &q, &err))
		return (void *)1L;
	failures = hv_qmp_getfd(q, "disk", *(int *)arg, LONG_MS, &err) != 0;
	failures += hv_qmp_getfd(q, "9", *(int *)arg, LONG_MS, &err) != -EREMOTEIO;
	failures += strcmp(err.text,
			   "Parameter 'fdname' expects a name not starting with a digit") != 0;
	failures += hv_qmp_call(q, "closefd", json_pack("{s:s}", "fdname", "disk"), LONG_MS, NULL,
				&err) != 0;
	hv_qmp_close(q);
	return (void *)failures;
}

static void test_the_client_library(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned before = open_now();
	pthread_t thread;
	void *failures;

	assert_int_equal(pthread_create(&thread, NULL, client_main, &null), 0);
	while (pthread_tryjoin_np(thread, &failures))
		fake_loop_turn(10);
	assert_int_equal((long)failures, 0);
	talk_turn();
	assert_int_equal(open_now(), before);
	close(null);
}

static void test_what_is_taken_is_the_file(void **state)
{
	struct fds fds = {0};
	struct hv_error err;
	struct stat st, got;
	int pair[2];

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	fds.has_pending = true;
	fds.pending = dup(pair[0]);
	assert_int_equal(fds_name(&fds, "p", &err), 0);
	assert_int_equal(fds_take(&fds, "q", &err), -ENOENT);
	int fd = fds_take(&fds, "p", &err);
	assert_true(fd >= 0);
	assert_int_equal(fstat(pair[0], &st), 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(st.st_ino, got.st_ino);
	assert_int_equal(fds_take(&fds, "p", &err), -ENOENT);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

#define fds_test(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fds_test(test_a_descriptor_is_named_and_closed),
		fds_test(test_it_may_come_before_its_request),
		fds_test(test_a_name_belongs_to_the_last),
		fds_test(test_names),
		fds_test(test_another_client_has_other_names),
		fds_test(test_no_more_than_a_connection_may_hold),
		fds_test(test_a_flood_leaves_one),
		fds_test(test_before_negotiation_they_are_kept_from_harm),
		fds_test(test_the_client_library),
		cmocka_unit_test(test_what_is_taken_is_the_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, talk_remove);
}
