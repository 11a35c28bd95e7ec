// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server on a real socket, with clients that behave and clients that do
 * not.  The loop is turned by hand between their steps.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "hv/qmp.h"
#include "hvcore/vmm/board.h"
#include "hvcore/vmm/control/control.h"
#include "hvcore/vmm/control/framer.h"

#include "fakes.h"
#include "talk.h"

enum { LONG_MS = 60000 };

static void test_only_the_owner_may_connect(void **state)
{
	struct stat st;

	assert_int_equal(stat(talk_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_requests_in_pieces(void **state)
{
	static const char text[] = "{\"execute\":\n \"query-name\", \"id\": 5}";
	int fd = talk_connect_negotiated();

	for (const char *p = text; *p; p++) {
		char piece[2] = {*p, '\0'};

		talk_tell(fd, piece);
	}
	assert_string_equal(talk_said(fd), "{\"return\":{\"name\":\"web\"},\"id\":5}\r\n");
	talk_tell(fd, "{\"execute\":\"query-name\"}{\"execute\":\"stop\"}");
	assert_string_equal(talk_said(fd),
			    "{\"return\":{\"name\":\"web\"}}\r\n{\"return\":{}}\r\n");
	close(fd);
	talk_turn();
}

static void test_garbage_is_answered_and_survived(void **state)
{
	int fd = talk_connect_negotiated();

	talk_tell(fd, "hello\n");
	assert_non_null(strstr(talk_said(fd), "JSON parse error, expected an object"));
	talk_tell(fd, "{\"execute\": \"stop\n");
	assert_non_null(strstr(talk_said(fd), "JSON parse error"));
	assert_int_equal(fakes.state, MACHINE_RUNNING);
	talk_tell(fd, "{\"execute\": \"query-name\"}");
	assert_non_null(strstr(talk_said(fd), "\"return\""));
	close(fd);
	talk_turn();
}

static void test_a_line_without_end_is_dropped(void **state)
{
	int fd = talk_connect_negotiated(), other = talk_connect_negotiated();
	char block[4096];
	size_t sent = 0;

	memset(block, ' ', sizeof(block));
	talk_tell(fd, "{\"a\":");
	while (sent <= FRAMER_BYTES_MAX + sizeof(block)) {
		ssize_t n = send(fd, block, sizeof(block), MSG_NOSIGNAL);

		talk_turn();
		if (n < 0)
			break;
		sent += n;
	}
	assert_non_null(strstr(talk_said(fd), "a request is longer than 1 MiB"));
	assert_null(talk_said(fd));
	assert_int_equal(control_counters.dropped, 1);
	talk_tell(other, "{\"execute\": \"query-name\"}");
	assert_non_null(strstr(talk_said(other), "\"return\""));
	close(fd);
	close(other);
	talk_turn();
}

static void test_twenty_clients(void **state)
{
	int fd[20];

	for (int i = 0; i < 20; i++) {
		fd[i] = talk_connect_raw();
		if (i < CONTROL_CLIENTS_MAX) {
			assert_non_null(strstr(talk_said(fd[i]), "\"QMP\""));
		} else {
			assert_non_null(strstr(talk_said(fd[i]), "too many clients are connected"));
			assert_null(talk_said(fd[i]));
		}
	}
	assert_int_equal(control_counters.refused, 20 - CONTROL_CLIENTS_MAX);
	close(fd[19]);
	/* One went, so one may come, also before the loop has looked at who went. */
	close(fd[0]);
	fd[19] = talk_connect_negotiated();
	assert_int_equal(control_counters.refused, 20 - CONTROL_CLIENTS_MAX);
	for (int i = 1; i < 20; i++)
		close(fd[i]);
	talk_turn();
}

static void test_events_reach_who_negotiated(void **state)
{
	int in = talk_connect_negotiated(), out = talk_connect_raw();

	assert_non_null(strstr(talk_said(out), "\"QMP\""));
	event_emit("STOP", NULL);
	event_emit("SHUTDOWN", json_pack("{s:b}", "guest", 1));
	const char *got = talk_said(in);
	assert_non_null(strstr(got, "\"event\":\"STOP\"}"));
	assert_non_null(strstr(got, "\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true}"));
	assert_string_equal(talk_said(out), "");
	close(in);
	close(out);
	talk_turn();
}

/* A guest that makes the same event again and again does not fill the disk with it. */
static void test_the_log_is_limited(void **state)
{
	int fd = talk_connect_negotiated();
	unsigned got = 0;

	for (int i = 0; i < 500; i++) {
		event_emit("VSERPORT_CHANGE", NULL);
		got += talk_said(fd)[0] == '{';
	}
	assert_int_equal(got, 500);
	assert_in_range(fakes.log_lines, 10, 100);
	close(fd);
	talk_turn();
}

static void test_a_slow_reader_is_dropped(void **state)
{
	int slow = talk_connect_negotiated(), good = talk_connect_negotiated();
	char filler[1024];

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (unsigned i = 0; i < 2 * CONTROL_OUTPUT_MAX / sizeof(filler); i++) {
		event_emit("X_TEST", json_pack("{s:s}", "filler", filler));
		assert_non_null(talk_said(good));
	}
	assert_int_equal(control_counters.dropped, 1);
	size_t got = 0;
	const char *text;
	while ((text = talk_said(slow)) && *text)
		got += strlen(text);
	assert_null(text);
	assert_true(got < CONTROL_OUTPUT_MAX);
	talk_tell(good, "{\"execute\": \"query-name\"}");
	assert_non_null(strstr(talk_said(good), "\"return\""));
	close(slow);
	close(good);
	talk_turn();
}

/* The client library against the server: the loop needs a thread of its own. */
static void *client_main(void *arg)
{
	struct hv_qmp *q = NULL;
	struct hv_error err;
	json_t *ret = NULL, *event = NULL;
	long failures = 0;

	if (hv_qmp_open(talk_path, LONG_MS, &q, &err))
		return (void *)1L;
	failures += hv_qmp_call(q, "query-name", NULL, LONG_MS, &ret, &err) != 0;
	failures += strcmp(json_string_value(json_object_get(ret, "name")), "web") != 0;
	json_decref(ret);
	failures += hv_qmp_call(q, "nothing", NULL, LONG_MS, NULL, &err) != -EREMOTEIO;
	failures += strcmp(err.text, "The command nothing has not been found") != 0;
	failures += hv_qmp_call(q, "balloon", json_pack("{s:i}", "value", 4096), LONG_MS, NULL,
				&err) != 0;
	failures += hv_qmp_event(q, LONG_MS, &event, &err) != 0;
	failures += strcmp(json_string_value(json_object_get(event, "event")), "STOP") != 0;
	json_decref(event);
	failures += hv_qmp_event(q, 0, &event, &err) != -ETIMEDOUT;
	failures += hv_qmp_call(q, "query-status", NULL, LONG_MS, NULL, &err) != 0;
	hv_qmp_close(q);
	return (void *)failures;
}

static void test_the_client_library(void **state)
{
	pthread_t thread;
	bool told = false;
	void *failures;

	assert_int_equal(pthread_create(&thread, NULL, client_main, NULL), 0);
	while (pthread_tryjoin_np(thread, &failures)) {
		fake_loop_turn(10);
		if (!told && control_counters.requests == 3) {
			event_emit("STOP", NULL);
			told = true;
		}
	}
	assert_int_equal((long)failures, 0);
	assert_int_equal(fakes.balloon, 4096);
	talk_turn();
}

static void test_nobody_answers(void **state)
{
	struct hv_qmp *q;
	struct hv_error err;

	/* The loop is not turned: the greeting never comes, as from a stopped process. */
	assert_int_equal(hv_qmp_open(talk_path, 50, &q, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no answer in time"));
	control_close();
	assert_int_equal(hv_qmp_open(talk_path, 50, &q, &err), -ECONNREFUSED);
	assert_int_equal(hv_qmp_open("/nowhere/qmp.sock", 50, &q, &err), -ENOENT);
}

#define server_test(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_only_the_owner_may_connect),
		server_test(test_requests_in_pieces),
		server_test(test_garbage_is_answered_and_survived),
		server_test(test_a_line_without_end_is_dropped),
		server_test(test_twenty_clients),
		server_test(test_events_reach_who_negotiated),
		server_test(test_the_log_is_limited),
		server_test(test_a_slow_reader_is_dropped),
		server_test(test_the_client_library),
		server_test(test_nobody_answers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, talk_remove);
}
