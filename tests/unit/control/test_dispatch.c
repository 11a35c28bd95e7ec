// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hvcore/vmm/control/command.h"

#include "fakes.h"

static json_t *ask(struct session *s, const char *text)
{
	json_t *reply = dispatch(s, text, strlen(text));

	assert_non_null(reply);
	return reply;
}

static struct session negotiated(void)
{
	struct session s = {.negotiated = true};

	fakes_reset();
	return s;
}

/* expect_error() - @text is refused with @class and exactly @desc. */
static void expect_error(struct session *s, const char *text, const char *class, const char *desc)
{
	json_t *reply = ask(s, text);
	json_t *error = json_object_get(reply, "error");

	assert_non_null(error);
	assert_string_equal(json_string_value(json_object_get(error, "class")), class);
	assert_string_equal(json_string_value(json_object_get(error, "desc")), desc);
	json_decref(reply);
}

static void expect_return(struct session *s, const char *text, const char *want)
{
	json_t *reply = ask(s, text);
	char *got = json_dumps(json_object_get(reply, "return"),
			       JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
	json_decref(reply);
}

static void test_negotiation(void **state)
{
	struct session s = {0};

	expect_error(&s, "{\"execute\": \"query-status\"}", "CommandNotFound",
		     "Expecting capabilities negotiation with 'qmp_capabilities'");
	expect_error(&s, "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": 1}}",
		     "GenericError", "Invalid parameter type for 'enable', expected: array");
	expect_error(&s,
		     "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}}",
		     "GenericError", "this server offers no capabilities to enable");
	assert_false(s.negotiated);
	expect_return(&s, "{\"execute\": \"qmp_capabilities\"}", "{}");
	assert_true(s.negotiated);
	expect_error(&s, "{\"execute\": \"qmp_capabilities\"}", "CommandNotFound",
		     "The command qmp_capabilities has not been found");
}

static void test_envelope(void **state)
{
	struct session s = negotiated();

	expect_error(&s, "{}", "GenericError", "QMP input lacks member 'execute'");
	expect_error(&s, "{\"execute\": 1}", "GenericError",
		     "QMP input member 'execute' must be a string");
	expect_error(&s, "{\"execute\": \"stop\", \"arguments\": []}", "GenericError",
		     "QMP input member 'arguments' must be an object");
	expect_error(&s, "{\"execute\": \"stop\", \"extra\": 1}", "GenericError",
		     "QMP input member 'extra' is unexpected");
	expect_error(&s, "{\"execute\": \"human-monitor-command\"}", "CommandNotFound",
		     "The command human-monitor-command has not been found");

	json_t *reply = ask(&s, "{\"execute\": \"nothing\", \"id\": [1, {\"a\": null}]}");
	json_t *id = json_pack("[i, {s:n}]", 1, "a");

	assert_true(json_equal(json_object_get(reply, "id"), id));
	json_decref(id);
	json_decref(reply);
}

static void test_not_json(void **state)
{
	static const char *const texts[] = {
		"{]",          "{\"a\"}",          "{\"execute\": \"stop\", \"execute\": \"cont\"}",
		"{\"a\":nan}", "{\"\\ud800\": 1}", "{\"execute\": 99999999999999999999}",
	};
	struct session s = negotiated();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *reply = ask(&s, texts[i]);
		const char *desc =
			json_string_value(json_object_get(json_object_get(reply, "error"), "desc"));

		assert_non_null(desc);
		assert_ptr_equal(strstr(desc, "JSON parse error"), desc);
		json_decref(reply);
	}
	assert_int_equal(fakes.state, MACHINE_RUNNING);
}

static void test_arguments(void **state)
{
	struct session s = negotiated();

	expect_error(&s, "{\"execute\": \"balloon\"}", "GenericError",
		     "Parameter 'value' is missing");
	expect_error(&s, "{\"execute\": \"balloon\", \"arguments\": {\"value\": \"1\"}}",
		     "GenericError", "Invalid parameter type for 'value', expected: integer");
	expect_error(&s, "{\"execute\": \"balloon\", \"arguments\": {\"value\": 1, \"x\": 1}}",
		     "GenericError", "Parameter 'x' is unexpected");
	expect_error(&s, "{\"execute\": \"balloon\", \"arguments\": {\"value\": -1}}",
		     "GenericError", "Parameter 'value' expects a size in bytes");
	expect_error(&s, "{\"execute\": \"stop\", \"arguments\": {\"x\": 1}}", "GenericError",
		     "Parameter 'x' is unexpected");
	expect_error(&s,
		     "{\"execute\": \"set_link\", \"arguments\": {\"name\": \"net@0\", \"up\": 1}}",
		     "GenericError", "Invalid parameter type for 'up', expected: boolean");
	expect_error(&s,
		     "{\"execute\": \"block_resize\", \"arguments\": "
		     "{\"device\": \"vdz\", \"size\": 512}}",
		     "GenericError", "Cannot find device=\"vdz\"");
	assert_int_equal(fakes.balloon, 64 << 20);
	assert_int_equal(fakes.disk_size, 1 << 20);
}

static void test_machine(void **state)
{
	struct session s = negotiated();

	expect_return(&s, "{\"execute\": \"query-status\"}",
		      "{\"running\":true,\"singlestep\":false,\"status\":\"running\"}");
	expect_return(&s, "{\"execute\": \"stop\"}", "{}");
	expect_return(&s, "{\"execute\": \"query-status\"}",
		      "{\"running\":false,\"singlestep\":false,\"status\":\"paused\"}");
	fakes.io_error_ms = 1500;
	expect_return(&s, "{\"execute\": \"query-status\"}",
		      "{\"running\":false,\"singlestep\":false,\"status\":\"paused\","
		      "\"x-taiki-io-error-ms\":1500,\"x-taiki-io-grace-ms\":0}");
	fakes.io_error_ms = 0;
	fakes.owing_ms = 1000;
	expect_return(&s, "{\"execute\": \"query-status\"}",
		      "{\"running\":false,\"singlestep\":false,\"status\":\"paused\","
		      "\"x-taiki-owing-disk\":\"vda\",\"x-taiki-owing-ms\":1000}");
	expect_return(&s, "{\"execute\": \"cont\"}", "{}");
	assert_int_equal(fakes.state, MACHINE_RUNNING);
	fakes.state = MACHINE_PANICKED;
	expect_error(&s, "{\"execute\": \"cont\"}", "GenericError",
		     "the guest has ended; reset it first");
	fakes.powerdown_rc = -ENOTSUP;
	expect_error(&s, "{\"execute\": \"system_powerdown\"}", "GenericError",
		     "Operation not supported");
	expect_return(&s, "{\"execute\": \"inject-nmi\"}", "{}");
	assert_int_equal(fakes.nmis, 1);
	expect_return(
		&s,
		"{\"execute\": \"watchdog-set-action\", \"arguments\": {\"action\": \"pause\"}}",
		"{}");
	assert_string_equal(fakes.watchdog, "pause");
	expect_error(&s,
		     "{\"execute\": \"watchdog-set-action\", \"arguments\": {\"action\": \"bad\"}}",
		     "GenericError", "no such action");
	expect_return(&s, "{\"execute\": \"system_reset\"}", "{}");
	expect_return(&s, "{\"execute\": \"quit\"}", "{}");
	assert_int_equal(fakes.resets, 1);
	assert_int_equal(fakes.powerdowns, 1);
	assert_int_equal(fakes.quits, 1);
}

static void test_devices(void **state)
{
	struct session s = negotiated();

	expect_return(&s, "{\"execute\": \"query-block\"}",
		      "[{\"device\":\"vda\",\"size\":1048576}]");
	expect_return(
		&s,
		"{\"execute\": \"block_resize\", \"arguments\": {\"device\": \"vda\", \"size\": 4096}}",
		"{}");
	assert_int_equal(fakes.disk_size, 4096);
	expect_return(&s, "{\"execute\": \"balloon\", \"arguments\": {\"value\": 1048576}}", "{}");
	expect_return(&s, "{\"execute\": \"query-balloon\"}", "{\"actual\":1048576}");
	fakes.balloon = 0;
	expect_error(&s, "{\"execute\": \"query-balloon\"}", "GenericError",
		     "No balloon device has been activated");
	expect_return(
		&s,
		"{\"execute\": \"set_link\", \"arguments\": {\"name\": \"net@0\", \"up\": false}}",
		"{}");
	assert_false(fakes.link_up);
}

#define ZEROES \
	"\"bps\": 0, \"bps_rd\": 0, \"bps_wr\": 0, \"iops\": 0, \"iops_rd\": 0, \"iops_wr\": "

static void test_limits(void **state)
{
	struct session s = negotiated();

	expect_return(
		&s,
		"{\"execute\": \"block_set_io_throttle\", \"arguments\": {\"device\": \"vda\", "
		"\"bps_max\": 200, \"bps_max_length\": 7, \"iops_size\": 4096, "
		"\"bps\": 100, \"bps_rd\": 0, \"bps_wr\": 0, \"iops\": 0, \"iops_rd\": 0, "
		"\"iops_wr\": 5}}",
		"{}");
	assert_int_equal(fakes.limits.rate[HV_BPS].avg, 100);
	assert_int_equal(fakes.limits.rate[HV_BPS].max, 200);
	assert_int_equal(fakes.limits.rate[HV_BPS].burst, 1400);
	assert_int_equal(fakes.limits.rate[HV_IOPS_WR].avg, 5);
	assert_int_equal(fakes.limits.iops_size, 4096);
	/* All at once: what is not said is lifted. */
	expect_return(
		&s,
		"{\"execute\": \"block_set_io_throttle\", \"arguments\": {\"id\": \"vda\", " ZEROES
		"0}}",
		"{}");
	assert_false(hv_limits_any(&fakes.limits));
	expect_error(
		&s,
		"{\"execute\": \"block_set_io_throttle\", \"arguments\": {\"device\": \"vda\"}}",
		"GenericError", "Parameter 'bps' is missing");
	expect_error(&s, "{\"execute\": \"block_set_io_throttle\", \"arguments\": {" ZEROES "0}}",
		     "GenericError", "Need exactly one of 'device' and 'id'");
	expect_error(&s,
		     "{\"execute\": \"block_set_io_throttle\", \"arguments\": {\"device\": "
		     "\"vda\", " ZEROES "-1}}",
		     "GenericError", "Parameter 'iops_wr' expects a number from 0 on");
	expect_error(&s,
		     "{\"execute\": \"block_set_io_throttle\", \"arguments\": {\"device\": "
		     "\"vdz\", " ZEROES "0}}",
		     "GenericError", "there is no disk vdz");
	expect_return(&s,
		      "{\"execute\": \"x-taiki-net-throttle\", \"arguments\": {\"name\": \"net0\", "
		      "\"rx-bps\": 1000, \"rx-bps-burst\": 5000, \"tx-pps\": 9}}",
		      "{}");
	assert_int_equal(fakes.limits.rate[HV_BPS_RD].avg, 1000);
	assert_int_equal(fakes.limits.rate[HV_BPS_RD].burst, 5000);
	assert_int_equal(fakes.limits.rate[HV_IOPS_WR].avg, 9);
	expect_error(&s,
		     "{\"execute\": \"x-taiki-net-throttle\", \"arguments\": {\"name\": \"net0\", "
		     "\"bps\": 1}}",
		     "GenericError", "Parameter 'bps' is unexpected");
	expect_return(&s, "{\"execute\": \"x-taiki-query-memory\"}", "{\"asked\":67108864}");
}

/* Every command of the tables can be found, is listed once, and answers {} or refuses. */
static void test_tables(void **state)
{
	struct session s = negotiated();
	json_t *reply = ask(&s, "{\"execute\": \"query-commands\"}");
	json_t *names = json_object_get(reply, "return"), *seen = json_object(), *entry;
	size_t i;

	assert_true(json_array_size(names) > 15);
	json_array_foreach (names, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		assert_non_null(name);
		assert_null(json_object_get(seen, name));
		json_object_set_new(seen, name, json_true());

		json_t *request = json_pack("{s:s}", "execute", name);
		char *text = json_dumps(request, 0);
		json_t *answer = ask(&s, text);

		assert_true(json_object_get(answer, "return") || json_object_get(answer, "error"));
		free(text);
		json_decref(request);
		json_decref(answer);
	}
	json_decref(seen);
	json_decref(reply);
}

static void test_info(void **state)
{
	struct session s = negotiated();
	json_t *reply = ask(&s, "{\"execute\": \"x-taiki-info\"}");
	json_t *info = json_object_get(reply, "return");

	assert_string_equal(json_string_value(json_object_get(info, "engine")), "soft");
	assert_string_equal(json_string_value(json_object_get(info, "name")), "web");
	assert_true(json_is_null(json_object_get(info, "resource")));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(info, "counters"),
							    "guest-faults")),
			 7);
	json_decref(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_negotiation), cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_not_json),    cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_machine),     cmocka_unit_test(test_devices),
		cmocka_unit_test(test_limits),      cmocka_unit_test(test_tables),
		cmocka_unit_test(test_info),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
