// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client library against servers that are wrong: a domain that was taken
 * over must not be able to do more to hv or the agent than to be refused.
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

/* For what does not come, and for what does: as long as a busy host may stand still. */
enum { SHORT_MS = 300, LONG_MS = 60000 };

#define GREETING   "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define NEGOTIATED "{\"return\": {}, \"id\": 1}\r\n"

static char dir[256] = "/tmp/taiki-client-XXXXXX";
static char path[400];

/* What the server says: at once, after the first request, after the second; NULL: hangs up. */
struct script {
	const char *greeting, *negotiated, *answer;
	int repeat; /* the answer again and again, without a newline being in it */
};

static void say(int fd, const char *text)
{
	if (text && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

static void hear(int fd)
{
	char buf[4096];
	ssize_t n;

	do
		n = recv(fd, buf, sizeof(buf), 0);
	while (n > 0 && buf[n - 1] != '\n');
}

struct server {
	int listener;
	const struct script *script;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->listener, NULL, NULL);

	say(fd, s->script->greeting);
	if (s->script->negotiated) {
		hear(fd);
		say(fd, s->script->negotiated);
	}
	if (s->script->answer) {
		hear(fd);
		for (int i = 0; i <= s->script->repeat; i++)
			say(fd, s->script->answer);
		hear(fd); /* until the client goes */
	} else if (!s->script->greeting) {
		hear(fd);
	}
	close(fd);
	return NULL;
}

static struct server start(const struct script *script)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct server s = {.listener = socket(AF_UNIX, SOCK_STREAM, 0), .script = script};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%.100s", path);
	unlink(path);
	assert_int_equal(bind(s.listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s.listener, 1), 0);
	return s;
}

/* play() - What a client's open and one command, which may take @patience_ms, come to; the first failure counts. */
static int play(const struct script *script, int patience_ms, struct hv_error *err)
{
	struct server s = start(script);
	struct hv_qmp *q = NULL;
	json_t *ret = NULL;
	int rc;

	assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
	rc = hv_qmp_open(path, script->greeting ? LONG_MS : patience_ms, &q, err);
	if (!rc)
		rc = hv_qmp_call(q, "query-status", NULL, patience_ms, &ret, err);
	/* A dead connection stays dead, and says the same again. */
	if (q && rc && rc != -EREMOTEIO)
		assert_int_equal(hv_qmp_call(q, "query-status", NULL, SHORT_MS, NULL, NULL), rc);
	json_decref(ret);
	hv_qmp_close(q);
	pthread_join(s.thread, NULL);
	close(s.listener);
	return rc;
}

static void test_servers(void **state)
{
	static const struct {
		struct script script;
		int rc;
		const char *says;
	} cases[] = {
		{{GREETING, NEGOTIATED, "{\"return\": {}, \"id\": 2}\n"}, 0, ""},
		/* Events and stale answers between are no answer. */
		{{GREETING, NEGOTIATED,
		  "{\"event\": \"STOP\"}\n\n{\"return\": 7, \"id\": 1}\n{\"return\": {}, \"id\": 2}\n"},
		 0,
		 ""},
		{{GREETING, NEGOTIATED, "{\"error\": {\"desc\": \"no\"}, \"id\": 2}\n"},
		 -EREMOTEIO,
		 "no"},
		{{GREETING, NEGOTIATED, "{\"error\": 5, \"id\": 2}\n"},
		 -EREMOTEIO,
		 "without a reason"},
		{{GREETING, NEGOTIATED, "{\"id\": 2}\n"}, -EPROTO, "query-status"},
		{{GREETING, NEGOTIATED, "[]\n"}, -EPROTO, "query-status"},
		{{GREETING, NEGOTIATED, "{\"return\"\n"}, -EPROTO, "query-status"},
		{{GREETING, NEGOTIATED, "{\"return\": {}, \"id\": 3}\n"},
		 -ETIMEDOUT,
		 "no answer in time"},
		{{GREETING, NEGOTIATED, "{\"return\": {"}, -ETIMEDOUT, "no answer in time"},
		{{GREETING, NEGOTIATED, NULL}, -ECONNRESET, "closed the connection"},
		{{GREETING, "{\"error\": {\"desc\": \"never\"}, \"id\": 1}\n", NULL},
		 -EPROTO,
		 "never"},
		{{"{\"error\": {\"desc\": \"too many\"}}\n", NULL, NULL}, -EPROTO, "too many"},
		{{"hello\n", NULL, NULL}, -EPROTO, "greeting"},
		{{"{}\n", NULL, NULL}, -EPROTO, "no greeting"},
		{{NULL, NULL, NULL}, -ETIMEDOUT, "greeting"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hv_error err = {""};
		int rc = play(&cases[i].script, cases[i].rc == -ETIMEDOUT ? SHORT_MS : LONG_MS,
			      &err);

		if (rc != cases[i].rc)
			print_error("case %zu: %d, %s\n", i, rc, err.text);
		assert_int_equal(rc, cases[i].rc);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

static void test_an_answer_without_end(void **state)
{
	struct hv_error err = {""};
	size_t size = 64 << 10;
	char *block = malloc(size + 1);

	assert_non_null(block);
	memset(block, ' ', size);
	block[size] = '\0';
	struct script script = {GREETING, NEGOTIATED, block, 1024};
	assert_int_equal(play(&script, LONG_MS, &err), -EMSGSIZE);
	free(block);
}

static void test_a_path_too_long_for_a_socket(void **state)
{
	static const struct script script = {GREETING, NEGOTIATED, "{\"return\": {}, \"id\": 2}\n"};
	struct hv_error err = {""};
	char deep[384], linked[500], elsewhere[500];
	struct hv_qmp *q;

	snprintf(deep, sizeof(deep), "%s/%0120d", dir, 7);
	assert_int_equal(mkdir(deep, 0700), 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s", path);
	struct server s = start(&script);
	snprintf(linked, sizeof(linked), "%s/qmp.sock", deep);
	assert_int_equal(rename(elsewhere, linked), 0);
	assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
	assert_int_equal(hv_qmp_open(linked, LONG_MS, &q, &err), 0);
	assert_int_equal(hv_qmp_call(q, "query-status", NULL, LONG_MS, NULL, &err), 0);
	hv_qmp_close(q);
	pthread_join(s.thread, NULL);
	close(s.listener);
	unlink(linked);
	rmdir(deep);
}

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/qmp.sock", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_an_answer_without_end),
		cmocka_unit_test(test_a_path_too_long_for_a_socket),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
