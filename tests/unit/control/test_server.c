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

static char dir[] = "/tmp/taiki-qmp-XXXXXX";
static char path[64];

static void turn(void)
{
	while (fake_loop_turn(0) > 0)
		;
}

static int connect_raw(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(sa.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	turn();
	return fd;
}

/* said() - Whatever the server has sent to @fd; "" nothing, NULL it hung up. */
static const char *said(int fd)
{
	static char buf[65536];
	ssize_t n;

	turn();
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return NULL;
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void tell(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	turn();
}

static int connect_negotiated(void)
{
	int fd = connect_raw();

	assert_non_null(strstr(said(fd), "\"QMP\""));
	tell(fd, "{\"execute\": \"qmp_capabilities\"}");
	assert_string_equal(said(fd), "{\"return\":{}}\r\n");
	return fd;
}

static int setup(void **state)
{
	struct hv_error err;

	fakes_reset();
	memset(&control_counters, 0, sizeof(control_counters));
	if (!path[0]) {
		if (!mkdtemp(dir))
			return -1;
		snprintf(path, sizeof(path), "%s/qmp.sock", dir);
	}
	return control_listen(path, &err);
}

static int teardown(void **state)
{
	control_close();
	return 0;
}

static void test_only_the_owner_may_connect(void **state)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_requests_in_pieces(void **state)
{
	static const char text[] = "{\"execute\":\n \"query-name\", \"id\": 5}";
	int fd = connect_negotiated();

	for (const char *p = text; *p; p++) {
		char piece[2] = {*p, '\0'};

		tell(fd, piece);
	}
	assert_string_equal(said(fd), "{\"return\":{\"name\":\"web\"},\"id\":5}\r\n");
	tell(fd, "{\"execute\":\"query-name\"}{\"execute\":\"stop\"}");
	assert_string_equal(said(fd), "{\"return\":{\"name\":\"web\"}}\r\n{\"return\":{}}\r\n");
	close(fd);
	turn();
}

static void test_garbage_is_answered_and_survived(void **state)
{
	int fd = connect_negotiated();

	tell(fd, "hello\n");
	assert_non_null(strstr(said(fd), "JSON parse error, expected an object"));
	tell(fd, "{\"execute\": \"stop\n");
	assert_non_null(strstr(said(fd), "JSON parse error"));
	assert_int_equal(fakes.state, MACHINE_RUNNING);
	tell(fd, "{\"execute\": \"query-name\"}");
	assert_non_null(strstr(said(fd), "\"return\""));
	close(fd);
	turn();
}

static void test_a_line_without_end_is_dropped(void **state)
{
	int fd = connect_negotiated(), other = connect_negotiated();
	char block[4096];
	size_t sent = 0;

	memset(block, ' ', sizeof(block));
	tell(fd, "{\"a\":");
	while (sent <= FRAMER_BYTES_MAX + sizeof(block)) {
		ssize_t n = send(fd, block, sizeof(block), MSG_NOSIGNAL);

		turn();
		if (n < 0)
			break;
		sent += n;
	}
	assert_non_null(strstr(said(fd), "a request is longer than 1 MiB"));
	assert_null(said(fd));
	assert_int_equal(control_counters.dropped, 1);
	tell(other, "{\"execute\": \"query-name\"}");
	assert_non_null(strstr(said(other), "\"return\""));
	close(fd);
	close(other);
	turn();
}

static void test_twenty_clients(void **state)
{
	int fd[20];

	for (int i = 0; i < 20; i++) {
		fd[i] = connect_raw();
		if (i < CONTROL_CLIENTS_MAX) {
			assert_non_null(strstr(said(fd[i]), "\"QMP\""));
		} else {
			assert_non_null(strstr(said(fd[i]), "too many clients are connected"));
			assert_null(said(fd[i]));
		}
	}
	assert_int_equal(control_counters.refused, 20 - CONTROL_CLIENTS_MAX);
	close(fd[19]);
	/* One went, so one may come, also before the loop has looked at who went. */
	close(fd[0]);
	fd[19] = connect_negotiated();
	assert_int_equal(control_counters.refused, 20 - CONTROL_CLIENTS_MAX);
	for (int i = 1; i < 20; i++)
		close(fd[i]);
	turn();
}

static void test_events_reach_who_negotiated(void **state)
{
	int in = connect_negotiated(), out = connect_raw();

	assert_non_null(strstr(said(out), "\"QMP\""));
	event_emit("STOP", NULL);
	event_emit("SHUTDOWN", json_pack("{s:b}", "guest", 1));
	const char *got = said(in);
	assert_non_null(strstr(got, "\"event\":\"STOP\"}"));
	assert_non_null(strstr(got, "\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true}"));
	assert_string_equal(said(out), "");
	close(in);
	close(out);
	turn();
}

/* A guest that makes the same event again and again does not fill the disk with it. */
static void test_the_log_is_limited(void **state)
{
	int fd = connect_negotiated();
	unsigned got = 0;

	for (int i = 0; i < 500; i++) {
		event_emit("VSERPORT_CHANGE", NULL);
		got += said(fd)[0] == '{';
	}
	assert_int_equal(got, 500);
	assert_in_range(fakes.log_lines, 10, 100);
	close(fd);
	turn();
}

static void test_a_slow_reader_is_dropped(void **state)
{
	int slow = connect_negotiated(), good = connect_negotiated();
	char filler[1024];

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (unsigned i = 0; i < 2 * CONTROL_OUTPUT_MAX / sizeof(filler); i++) {
		event_emit("X_TEST", json_pack("{s:s}", "filler", filler));
		assert_non_null(said(good));
	}
	assert_int_equal(control_counters.dropped, 1);
	size_t got = 0;
	const char *text;
	while ((text = said(slow)) && *text)
		got += strlen(text);
	assert_null(text);
	assert_true(got < CONTROL_OUTPUT_MAX);
	tell(good, "{\"execute\": \"query-name\"}");
	assert_non_null(strstr(said(good), "\"return\""));
	close(slow);
	close(good);
	turn();
}

/* The client library against the server: the loop needs a thread of its own. */
static void *client_main(void *arg)
{
	struct hv_qmp *q = NULL;
	struct hv_error err;
	json_t *ret = NULL, *event = NULL;
	long failures = 0;

	if (hv_qmp_open(path, 5000, &q, &err))
		return (void *)1L;
	failures += hv_qmp_call(q, "query-name", NULL, 5000, &ret, &err) != 0;
	failures += strcmp(json_string_value(json_object_get(ret, "name")), "web") != 0;
	json_decref(ret);
	failures += hv_qmp_call(q, "nothing", NULL, 5000, NULL, &err) != -EREMOTEIO;
	failures += strcmp(err.text, "The command nothing has not been found") != 0;
	failures += hv_qmp_call(q, "balloon", json_pack("{s:i}", "value", 4096), 5000, NULL,
				&err) != 0;
	failures += hv_qmp_event(q, 5000, &event, &err) != 0;
	failures += strcmp(json_string_value(json_object_get(event, "event")), "STOP") != 0;
	json_decref(event);
	failures += hv_qmp_event(q, 0, &event, &err) != -ETIMEDOUT;
	failures += hv_qmp_call(q, "query-status", NULL, 5000, NULL, &err) != 0;
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
	turn();
}

static void test_nobody_answers(void **state)
{
	struct hv_qmp *q;
	struct hv_error err;

	/* The loop is not turned: the greeting never comes, as from a stopped process. */
	assert_int_equal(hv_qmp_open(path, 50, &q, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no answer in time"));
	control_close();
	assert_int_equal(hv_qmp_open(path, 50, &q, &err), -ECONNREFUSED);
	assert_int_equal(hv_qmp_open("/nowhere/qmp.sock", 50, &q, &err), -ENOENT);
}

static int remove_dir(void **state)
{
	unlink(path);
	return rmdir(dir);
}

#define server_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
	return cmocka_run_group_tests(tests, NULL, remove_dir);
}
