// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands by which a standby becomes the domain, up to the devices that do it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/control/control.h"

#include "fakes.h"
#include "talk.h"

#define NAMED "{\"return\":{\"name\":\"web\"}}\r\n"

/* give() - Hand over a descriptor as "image"; and ask for the gate of @device with it, as request 7. */
static void give(int client, const char *device)
{
	char text[256];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	talk_tell_fds(client, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"image\"}}",
		      &null, 1);
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	snprintf(text, sizeof(text),
		 "{\"execute\": \"x-taiki-open-gate\", \"id\": 7, \"arguments\": "
		 "{\"device\": \"%s\", \"fdname\": \"image\"}}",
		 device);
	talk_tell(client, text);
	close(null);
}

static void test_the_answer_comes_when_the_gate_is_open(void **state)
{
	int client = talk_connect_negotiated(), other = talk_connect_negotiated();
	struct hv_error err;

	give(client, "vdb");
	assert_string_equal(talk_said(client), "");
	assert_int_not_equal(fakes.gate_ticket, 0);
	/* One thing at a time for this client; everybody else is served. */
	talk_tell(client, "{\"execute\": \"query-name\", \"id\": 8}");
	const char *got = talk_said(client);
	assert_non_null(strstr(got, "still under way"));
	assert_non_null(strstr(got, "\"id\":8"));
	talk_tell(other, "{\"execute\": \"query-name\"}");
	assert_string_equal(talk_said(other), NAMED);
	control_answer(fakes.gate_ticket, 0, NULL, NULL);
	assert_string_equal(talk_said(client), "{\"return\":{},\"id\":7}\r\n");
	talk_tell(client, "{\"execute\": \"query-name\"}");
	assert_string_equal(talk_said(client), NAMED);

	give(client, "vdb");
	hv_err(&err, -EIO, "no");
	control_answer(fakes.gate_ticket, -EIO, NULL, &err);
	assert_string_equal(talk_said(client),
			    "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"},"
			    "\"id\":7}\r\n");
	close(client);
	close(other);
	talk_turn();
}

static void test_a_gate_is_opened_with_an_export(void **state)
{
	int client = talk_connect_negotiated(), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	talk_tell_fds(client, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"image\"}}",
		      &null, 1);
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	talk_tell(client,
		  "{\"execute\": \"x-taiki-open-gate\", \"arguments\": {\"device\": \"vdb\", "
		  "\"fdname\": \"image\", \"nbd-size\": 4096, \"nbd-flags\": 5, "
		  "\"nbd-min\": 512, \"nbd-max\": 8192}}");
	assert_int_equal(fakes.gate_nbd, 4096);
	assert_int_equal(fakes.gate_vhost, 0);
	control_answer(fakes.gate_ticket, 0, NULL, NULL);
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	talk_tell_fds(client, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"image\"}}",
		      &null, 1);
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	talk_tell(client,
		  "{\"execute\": \"x-taiki-open-gate\", \"arguments\": {\"device\": \"vdb\", "
		  "\"fdname\": \"image\", \"vhost-size\": 8192, \"vhost-features\": 5368709632, "
		  "\"vhost-protocol\": 520, \"vhost-block\": 512, \"vhost-segments\": 126}}");
	assert_int_equal(fakes.gate_nbd, 0);
	assert_int_equal(fakes.gate_vhost, 8192);
	control_answer(fakes.gate_ticket, 0, NULL, NULL);
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	close(null);
	close(client);
	talk_turn();
}

static void test_who_has_gone_gets_no_answer(void **state)
{
	int client = talk_connect_negotiated();
	uint64_t ticket;

	give(client, "vdb");
	ticket = fakes.gate_ticket;
	close(client);
	talk_turn();
	client = talk_connect_negotiated(); /* in the same place */
	control_answer(ticket, 0, json_pack("{s:i}", "a", 1), NULL);
	assert_string_equal(talk_said(client), "");
	talk_tell(client, "{\"execute\": \"query-name\"}");
	assert_string_equal(talk_said(client), NAMED);
	close(client);
	talk_turn();
}

static void test_a_refusal_uses_the_descriptor_up(void **state)
{
	int client = talk_connect_negotiated();

	give(client, "vdz");
	assert_non_null(strstr(talk_said(client), "Cannot find device"));
	give(client, "vdz"); /* the same name is free again */
	assert_non_null(strstr(talk_said(client), "Cannot find device"));
	talk_tell(client,
		  "{\"execute\": \"x-taiki-open-gate\", \"arguments\": {\"device\": \"vdb\", "
		  "\"fdname\": \"image\"}}");
	assert_non_null(strstr(talk_said(client), "named 'image' not found"));
	close(client);
	talk_turn();
}

static void test_adopt(void **state)
{
	int client = talk_connect_negotiated();

	talk_tell(client, "{\"execute\": \"x-taiki-adopt\", \"arguments\": {\"name\": \"a\", "
			  "\"resource\": \"b\", \"incarnation\": \"c\"}}");
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	assert_string_equal(fakes.adopted, "a/b/c");
	talk_tell(client, "{\"execute\": \"x-taiki-adopt\", \"arguments\": {\"name\": \"\", "
			  "\"resource\": \"b\", \"incarnation\": \"c\"}}");
	assert_non_null(strstr(talk_said(client), "no name"));
	close(client);
	talk_turn();
}

static void test_role(void **state)
{
	int client = talk_connect_negotiated();

	talk_tell(client, "{\"execute\": \"x-taiki-query-role\"}");
	assert_non_null(strstr(talk_said(client), "no port org.taiki.role.0"));
	talk_tell(client, "{\"execute\": \"x-taiki-role\", \"arguments\": {\"text\": \"TR1 x\"}}");
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	assert_string_equal(fakes.role, "TR1 x");
	talk_tell(client, "{\"execute\": \"x-taiki-role\", \"arguments\": {\"text\": \"TR1 y\", "
			  "\"keep\": true}}");
	assert_string_equal(talk_said(client), "{\"return\":{}}\r\n");
	assert_string_equal(fakes.role, "TR1 y+");
	talk_tell(client, "{\"execute\": \"x-taiki-query-role\"}");
	assert_string_equal(talk_said(client), "{\"return\":{\"last\":\"TR1 y+\"}}\r\n");
	close(client);
	talk_turn();
}

#define standby_test(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		standby_test(test_the_answer_comes_when_the_gate_is_open),
		standby_test(test_a_gate_is_opened_with_an_export),
		standby_test(test_who_has_gone_gets_no_answer),
		standby_test(test_a_refusal_uses_the_descriptor_up),
		standby_test(test_adopt),
		standby_test(test_role),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, talk_remove);
}
