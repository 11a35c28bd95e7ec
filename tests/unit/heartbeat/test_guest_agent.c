// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-guest in the place of QEMU's guest agent: what it answers, and what it does to a
 * directory that looks like the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "heartbeat/guest/agent.h"

static char dir[] = "/tmp/vcpus.XXXXXX";

static void put(unsigned id, const char *online)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/cpu%u", dir, id);
	mkdir(path, 0700);
	if (!online)
		return;
	snprintf(path, sizeof(path), "%s/cpu%u/online", dir, id);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, online, strlen(online)), strlen(online));
	close(fd);
}

/* cpu0 cannot be off, cpu1 is on, cpu2 off, cpu10 on; and what is there besides. */
static int set_up(void **state)
{
	char path[128];

	if (!mkdtemp(dir))
		return -1;
	put(0, NULL);
	put(1, "1\n");
	put(2, "0\n");
	put(10, "1\n");
	snprintf(path, sizeof(path), "%s/cpufreq", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/cpu3x", dir);
	return mkdir(path, 0700);
}

static int tear_down(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static char online(unsigned id)
{
	char path[128], is = '?';
	int fd;

	snprintf(path, sizeof(path), "%s/cpu%u/online", dir, id);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, &is, 1), 1);
	close(fd);
	return is;
}

static void answers(const char *line, const char *answer)
{
	struct agent_set set;
	char *got = agent_ask(line, strlen(line), dir, &set);

	if (answer)
		assert_string_equal(got, answer);
	else
		assert_null(got);
	assert_string_equal(set.list, "");
	free(got);
}

static void asked(void **state)
{
	struct agent_set set;
	char *got;

	answers("{\"execute\":\"guest-ping\"}", "{\"return\":{}}\n");
	answers("\xff\xff{\"execute\":\"guest-ping\", \"id\": \"a\"}\r",
		"{\"return\":{},\"id\":\"a\"}\n");
	answers("{\"execute\":\"guest-sync\",\"arguments\":{\"id\":2147483649}}",
		"{\"return\":2147483649}\n");
	answers("{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":7}}",
		"\xff{\"return\":7}\n");
	answers("", NULL);
	answers("\xff", NULL);
	answers(" \r", NULL);
	got = agent_ask("{\"execute\":\"guest-info\"}", 24, dir, &set);
	assert_non_null(strstr(got, "\"version\":\"" TAIKI_VERSION "\""));
	assert_non_null(strstr(got, "\"name\":\"guest-set-vcpus\""));
	free(got);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *class;
	} cases[] = {
		{"{\"execute\":\"guest-shutdown\"}", "CommandNotFound"},
		{"{\"execute\":\"guest-sync\"}", "GenericError"},
		{"{\"execute\":\"guest-sync\",\"arguments\":{\"id\":\"x\"}}", "GenericError"},
		{"{\"execute\":7}", "GenericError"},
		{"{}", "GenericError"},
		{"[]", "GenericError"},
		{"x", "GenericError"},
		{"{\"execute\":\"guest-ping\"", "GenericError"},
		{"{\"execute\":\"guest-set-vcpus\"}", "GenericError"},
		{"{\"execute\":\"guest-set-vcpus\",\"arguments\":{\"vcpus\":[7]}}", "GenericError"},
		{"{\"execute\":\"guest-set-vcpus\",\"arguments\":{\"vcpus\":[{\"logical-id\":1,"
		 "\"online\":true},{\"logical-id\":-1,\"online\":true}]}}",
		 "GenericError"},
		{"{\"execute\":\"guest-set-vcpus\",\"arguments\":{\"vcpus\":[{\"logical-id\":1,"
		 "\"online\":1}]}}",
		 "GenericError"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct agent_set set;
		char *got = agent_ask(cases[i].line, strlen(cases[i].line), dir, &set);

		assert_non_null(got);
		assert_non_null(strstr(got, "{\"error\":{\"class\":\""));
		assert_non_null(strstr(got, cases[i].class));
		assert_string_equal(set.list, "");
		free(got);
	}
}

static void listed(void **state)
{
	answers("{\"execute\":\"guest-get-vcpus\"}",
		"{\"return\":[{\"logical-id\":0,\"online\":true,\"can-offline\":false},"
		"{\"logical-id\":1,\"online\":true,\"can-offline\":true},"
		"{\"logical-id\":2,\"online\":false,\"can-offline\":true},"
		"{\"logical-id\":10,\"online\":true,\"can-offline\":true}]}\n");
}

/* What a request comes to: the answer to it, once it was done. */
static char *done(const char *line)
{
	struct agent_set set;

	assert_null(agent_ask(line, strlen(line), dir, &set));
	assert_string_not_equal(set.list, "");
	return agent_done(&set, vcpus_set(dir, set.list));
}

#define SET(list)   "{\"execute\":\"guest-set-vcpus\",\"id\":9,\"arguments\":{\"vcpus\":[" list "]}}"
#define CPU(id, on) "{\"logical-id\":" #id ",\"online\":" #on "}"

static void changed(void **state)
{
	struct agent_set set;
	char *got;

	answers(SET(""), "{\"return\":0,\"id\":9}\n");
	got = done(SET(CPU(1, false) "," CPU(2, true) "," CPU(0, true)));
	assert_string_equal(got, "{\"return\":3,\"id\":9}\n");
	free(got);
	assert_int_equal(online(1), '0');
	assert_int_equal(online(2), '1');
	/* It goes as far as it can, and says how far; of the first it says why not. */
	got = done(SET(CPU(1, true) "," CPU(0, false) "," CPU(2, false)));
	assert_string_equal(got, "{\"return\":1,\"id\":9}\n");
	free(got);
	assert_int_equal(online(1), '1');
	assert_int_equal(online(2), '1');
	got = done(SET(CPU(0, false)));
	assert_non_null(strstr(got, "processor 0: No such file"));
	free(got);
	got = done(SET(CPU(77, true)));
	assert_non_null(strstr(got, "processor 77: "));
	free(got);
	assert_null(agent_ask(SET(CPU(1, true)), strlen(SET(CPU(1, true))), dir, &set));
	got = agent_done(&set, -1);
	assert_non_null(strstr(got, "did not end it in time"));
	free(got);
	assert_int_equal(vcpus_set(dir, "1"), VCPUS_FAILED + EINVAL);
	assert_int_equal(vcpus_set(dir, ""), 0);
}

/* All that there can be fit into one request. */
static void many(void **state)
{
	char line[8192];
	size_t n = (size_t)snprintf(line, sizeof(line),
				    "{\"execute\":\"guest-set-vcpus\",\"arguments\":{\"vcpus\":[");
	struct agent_set set;

	for (unsigned i = 0; i < VCPUS_MAX; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n,
				      "%s{\"logical-id\":%u,\"online\":true}", i ? "," : "",
				      9936 + i);
	snprintf(line + n, sizeof(line) - n, "]}}");
	assert_null(agent_ask(line, strlen(line), dir, &set));
	assert_non_null(strstr(set.list, "9936=1 "));
	assert_non_null(strstr(set.list, " 9999=1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked),   cmocka_unit_test(refused), cmocka_unit_test(listed),
		cmocka_unit_test(changed), cmocka_unit_test(many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("guest_agent", tests, set_up, tear_down);
}
