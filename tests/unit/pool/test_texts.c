// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the pool reads: its settings, and where crm_mon says that domains run.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "resource-agents/poold/active.h"
#include "resource-agents/poold/settings.h"

static void settings_survive_their_file(void **state)
{
	struct pool_settings a = {.resource = strdup("pool"),
				  .spares = 2,
				  .template = strdup("/etc/taiki/spare.xml"),
				  .directory = strdup("/srv"),
				  .boot_timeout_ms = 300000,
				  .ready_after_ms = 1500,
				  .boots = 3,
				  .assume_fencing = true},
			     b;
	struct hv_error err;
	char *text, *again;

	assert_int_equal(pool_settings_domains(&a, " web,db  mail\n", &err), 0);
	assert_int_equal(a.ndomains, 3);
	assert_int_equal(pool_settings_check(&a, &err), 0);
	text = pool_settings_print(&a);
	assert_int_equal(pool_settings_parse(&b, text, strlen(text), &err), 0);
	assert_string_equal(b.domain[2], "mail");
	assert_true(b.assume_fencing);
	again = pool_settings_print(&b);
	assert_string_equal(text, again);
	free(text);
	free(again);
	pool_settings_free(&a);
	pool_settings_free(&b);
}

static void settings_that_make_no_sense_are_refused(void **state)
{
	static const char *const table[] = {
		"",
		"{",
		"[]",
		"7",
		"{}",
		"{\"resource\":\"pool\",\"boots\":1,\"boot-timeout\":5000}",
		"{\"resource\":\"pool\",\"boots\":1,\"boot-timeout\":5000,\"domains\":[]}",
		"{\"resource\":\"pool\",\"boots\":1,\"boot-timeout\":5000,\"domains\":[7,null]}",
		"{\"resource\":\"pool\",\"boots\":0,\"boot-timeout\":5000,\"domains\":[\"web\"]}",
		"{\"resource\":\"pool\",\"boots\":1,\"boot-timeout\":-1,\"domains\":[\"web\"]}",
		"{\"resource\":\"pool\",\"boots\":1,\"boot-timeout\":5000,\"domains\":[\"a b\"]}",
		"{\"resource\":\"pool\",\"boots\":1,\"boot-timeout\":5000,\"spares\":1000,\"template\":\"/t\"}",
		"{\"resource\":\"pool\",\"boots\":1,\"boot-timeout\":5000,\"spares\":1,\"template\":\"t\"}",
		"{\"resource\":\"\",\"boots\":1,\"boot-timeout\":5000,\"domains\":[\"web\"]}",
	};
	struct pool_settings s;
	struct hv_error err;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		err.text[0] = '\0';
		if (pool_settings_parse(&s, table[i], strlen(table[i]), &err) != -EINVAL)
			fail_msg("taken: %s", table[i]);
		assert_string_not_equal(err.text, "");
		pool_settings_free(&s); /* there is nothing in it */
	}
}

static void where_a_resource_runs(void **state)
{
	static const char text[] =
		"<resources>\n"
		"<resource id=\"web\" resource_agent=\"ocf:taiki:domain\" role=\"Started\" active=\"true\">\n"
		" <node name=\"node1\" id=\"1\" cached=\"true\"/>\n</resource>\n"
		"<clone id=\"pool-clone\"><resource id=\"pool\" role=\"Started\"><node name=\"node2\"/></resource>"
		"<resource id=\"pool\" role=\"Started\"><node name=\"node3\"/></resource></clone>\n"
		"<resource id=\"off\" role=\"Stopped\" active=\"false\"/>\n"
		"<resource id=\"comes\" role=\"Starting\"><node name=\"node1\"/></resource>\n"
		"<resource id=\"moves\" role=\"Started\"><node name=\"node1\"/><node name=\"node2\"/></resource>\n"
		"<resource id=\"web2\" role=\"Started\">\n <node id=\"2\" name=\"node2\"/>\n</resource>\n"
		"<resource id=\"cut\" role=\"Started\"><node name=\"nod";
	static const struct {
		const char *resource, *host;
	} table[] = {{"web", "node1"}, {"web2", "node2"}, {"off", ""}, {"comes", ""},
		     {"moves", ""},    {"cut", ""},       {"we", ""},  {"", ""}};
	char host[16];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		active_on(text, table[i].resource, host, sizeof(host));
		assert_string_equal(host, table[i].host);
	}
	active_on(
		"<resource id=\"web\" role=\"Started\"><node name=\"a-name-that-is-too-long\"/></resource>",
		"web", host, sizeof(host));
	assert_string_equal(host, "");
	active_on("", "web", host, sizeof(host));
	assert_string_equal(host, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_survive_their_file),
		cmocka_unit_test(settings_that_make_no_sense_are_refused),
		cmocka_unit_test(where_a_resource_runs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("what the pool reads", tests, NULL, NULL);
}
