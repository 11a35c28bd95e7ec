// SPDX-License-Identifier: GPL-2.0-or-later
/* What domains, guest agents and clients say, cut into lines and understood. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "heartbeat/agent_read.h"
#include "heartbeat/ask.h"
#include "heartbeat/lines.h"
#include "heartbeat/qmp_read.h"

static struct qmp_meaning said(const char *line)
{
	return qmp_read(line, strlen(line));
}

static void test_qmp(void **state)
{
	static const struct {
		const char *line;
		struct qmp_meaning want;
	} cases[] = {
		{"{\"QMP\":{\"version\":{}}}\r\n", {.says = QMP_GREETING}},
		{"{\"return\":{\"running\":true,\"status\":\"running\"},\"id\":2}",
		 {.says = QMP_RUN, .id = QMP_ID_STATUS, .run = RUN_RUNNING}},
		{"{\"return\":{\"status\":\"io-error\"},\"id\":2}",
		 {.says = QMP_RUN, .id = QMP_ID_STATUS, .run = RUN_IO_ERROR}},
		{"{\"return\":{\"status\":\"never heard of\"},\"id\":2}",
		 {.says = QMP_RUN, .id = QMP_ID_STATUS, .run = RUN_UNSEEN}},
		{"{\"return\":{\"status\":7},\"id\":2}",
		 {.says = QMP_RUN, .id = QMP_ID_STATUS, .run = RUN_UNSEEN}},
		{"{\"return\":{},\"id\":1}", {.says = QMP_DONE, .id = QMP_ID_CAPABILITIES}},
		{"{\"return\":{}}", {.says = QMP_DONE}},
		{"{\"return\":{\"engine\":\"soft\"},\"id\":4}",
		 {.says = QMP_ENGINE, .id = QMP_ID_INFO, .soft = true}},
		{"{\"error\":{\"class\":\"GenericError\"},\"id\":5}",
		 {.says = QMP_REFUSED, .id = QMP_ID_RESET}},
		{"{\"event\":\"STOP\"}", {.says = QMP_RUN, .run = RUN_PAUSED}},
		{"{\"event\":\"RESUME\"}", {.says = QMP_RUN, .run = RUN_RUNNING}},
		{"{\"event\":\"RESET\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}",
		 {.says = QMP_RESET, .by_guest = true, .cause = "guest-reset"}},
		{"{\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"poweroff\"}}",
		 {.says = QMP_PANICKED, .ends = true, .cause = "poweroff"}},
		{"{\"event\":\"WATCHDOG\",\"data\":{\"action\":\"pause\"}}",
		 {.says = QMP_WATCHDOG, .run = RUN_WATCHDOG, .cause = "pause"}},
		{"{\"event\":\"WATCHDOG\",\"data\":{\"action\":\"none\"}}",
		 {.says = QMP_WATCHDOG, .cause = "none"}},
		{"{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":false,\"reason\":\"host-qmp-quit\"}}",
		 {.says = QMP_SHUTDOWN, .cause = "host-qmp-quit"}},
		{"{\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"device\":\"vda\",\"action\":\"stop\"}}",
		 {.says = QMP_IO_ERROR, .run = RUN_IO_ERROR, .cause = "vda"}},
		{"{\"event\":\"MIGRATION\",\"data\":{\"status\":\"active\"}}",
		 {.says = QMP_RUN, .run = RUN_MIGRATING}},
		{"{\"event\":\"MIGRATION\",\"data\":{\"status\":\"failed\"}}",
		 {.says = QMP_RUN, .run = RUN_UNSEEN}},
		{"{\"event\":\"X_TAIKI_ROLE\",\"data\":{\"text\":\"TR1 hello\\u0007\"}}",
		 {.says = QMP_ROLE, .open = true, .line = "TR1 hello?"}},
		{"{\"event\":\"X_TAIKI_ROLE\",\"data\":7}", {.says = QMP_ROLE, .open = true}},
		{"{\"return\":{\"open\":false,\"last\":\"TR1 x\",\"dropped\":0},\"id\":7}",
		 {.says = QMP_ROLE, .id = QMP_ID_ROLE, .line = "TR1 x"}},
		{"{\"return\":{},\"id\":7}", {.says = QMP_ROLE, .id = QMP_ID_ROLE}},
		{"{\"return\":{},\"id\":9}", {.says = QMP_DONE}},
		{"{\"event\":\"BALLOON_CHANGE\",\"data\":{}}", {.says = QMP_OTHER}},
		{"{\"event\":7}", {.says = QMP_OTHER}},
		{"[]", {.says = QMP_OTHER}},
		{"", {.says = QMP_OTHER}},
		{"{\"return\":{},\"id\":99999999999}", {.says = QMP_DONE}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct qmp_meaning m = said(cases[i].line);
		const struct qmp_meaning *w = &cases[i].want;

		assert_int_equal(m.says, w->says);
		assert_int_equal(m.id, w->id);
		assert_int_equal(m.run, w->run);
		assert_int_equal(m.by_guest, w->by_guest);
		assert_int_equal(m.ends, w->ends);
		assert_int_equal(m.soft, w->soft);
		assert_int_equal(m.open, w->open);
		assert_string_equal(m.cause, w->cause);
		assert_string_equal(m.line, w->line);
	}
}

static void test_qmp_vcpus(void **state)
{
	struct qmp_meaning m = said("{\"return\":[{\"thread-id\":17},{\"thread-id\":-3},"
				    "{\"thread-id\":99999999999999},{}],\"id\":3}");
	char many[HV_VCPUS_MAX * 20 + 64] = "{\"return\":[{}";

	assert_int_equal(m.says, QMP_VCPUS);
	assert_int_equal(m.vcpus, 4);
	assert_int_equal(m.thread[0], 17);
	for (int i = 1; i < 4; i++)
		assert_int_equal(m.thread[i], 0);
	for (int i = 0; i < HV_VCPUS_MAX + 20; i++)
		strcat(many, ",{}");
	strcat(many, "],\"id\":3}");
	assert_int_equal(said(many).vcpus, HV_VCPUS_MAX);
}

/* What a hostile hv-domain says as a reason reaches logs: printable, and short. */
static void test_qmp_cause_is_harmless(void **state)
{
	struct qmp_meaning m = said("{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"a\\nb\\u001b[0m"
				    "\\\"0123456789012345678901234567890123456789012345\"}}");

	assert_int_equal(m.says, QMP_SHUTDOWN);
	assert_memory_equal(m.cause, "a?b?[0m?", 8);
	assert_int_equal(strlen(m.cause), sizeof(m.cause) - 1);
}

static void test_agent(void **state)
{
	static const struct {
		const char *line;
		size_t len;
		bool want;
	} cases[] = {
		{"\xff{\"return\":7}\n", 15, true},
		{"{\"return\":7}\n", 14, true},
		{"\xff\xff", 2, false},
		{"{\"return\":8}\n", 14, false},
		{"{\"return\":{}}\n", 15, false},
		{"{\"return\":7.0}\n", 16, false},
		{"{\"error\":{}}\n", 14, false},
		{"7\n", 2, false},
		{"", 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(agent_read(cases[i].line, strlen(cases[i].line), 7),
				 cases[i].want);
}

static void test_ask(void **state)
{
	struct ask a;

	assert_int_equal(ask_parse("status", 6, &a), 0);
	assert_string_equal(a.name, "");
	assert_int_equal(ask_parse("status web-1", 12, &a), 0);
	assert_string_equal(a.name, "web-1");
	assert_int_equal(ask_parse("status ../x", 11, &a), -EINVAL);
	assert_int_equal(ask_parse("status ", 7, &a), -EINVAL);
	assert_int_equal(ask_parse("statusx", 7, &a), -EINVAL);
	assert_int_equal(ask_parse("stat", 4, &a), -EINVAL);
	assert_int_equal(ask_parse("status a\0b", 10, &a), -EINVAL);
	assert_int_equal(ask_parse("", 0, &a), -EINVAL);
}

/* cut() - Feed @text in pieces of @piece bytes; how many lines come, and their bytes. */
static unsigned cut(const char *text, size_t len, size_t piece, size_t *bytes)
{
	struct lines l = {0};
	unsigned n = 0;

	*bytes = 0;
	for (size_t at = 0; at < len; at += piece) {
		size_t left = len - at < piece ? len - at : piece;
		const char *p = text + at;

		while (lines_next(&l, &p, &left)) {
			assert_int_equal(l.text[l.len - 1], '\n');
			*bytes += l.len;
			n++;
		}
		assert_int_equal(left, 0);
	}
	lines_free(&l);
	return n;
}

static void test_lines(void **state)
{
	static const char text[] = "one\n\nthree\nunfinished";
	char *big = malloc(2 * LINES_MAX + 16);
	size_t bytes, len = 0;

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		assert_int_equal(cut(text, sizeof(text) - 1, piece, &bytes), 3);
		assert_int_equal(bytes, 11);
	}
	/* A line that is too long is left out, the next one is whole. */
	assert_non_null(big);
	memset(big, 'x', LINES_MAX + 5);
	len = LINES_MAX + 5;
	memcpy(big + len, "\nnext\n", 6);
	len += 6;
	for (size_t piece = 1000; piece < 70000; piece += 7777) {
		assert_int_equal(cut(big, len, piece, &bytes), 1);
		assert_int_equal(bytes, 5);
	}
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qmp),
		cmocka_unit_test(test_qmp_vcpus),
		cmocka_unit_test(test_qmp_cause_is_harmless),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_lines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
