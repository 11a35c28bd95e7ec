// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many processors a guest uses, by its agent: the protocol, with an agent that
 * is as slow, late, partial or wrong as a guest can be.
 */
#include "util.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv/live.h"

enum { LONG_MS = 60000 };

/* What the guest is like. */
struct guest {
	unsigned vcpus, online;
	unsigned at_once;  /* that it changes in one call; 0: all */
	bool refuses;      /* guest-set-vcpus is an error */
	bool backwards;    /* lists the last one first, as qemu-ga may */
	bool first_asked;  /* to put off the first one, which Linux cannot */
	bool fixed;        /* it says yes and does nothing */
	bool noise;        /* late answers to somebody else, and bytes that are no JSON */
	unsigned deaf;     /* bit mask: does not answer the nth request */
	unsigned requests; /* seen */
};

static struct guest guest;
static int listener = -1;
static pthread_t thread;
static char path[128];
static struct hv_config config;

static json_t *vcpu_list(void)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < guest.vcpus; n++) {
		unsigned i = guest.backwards ? guest.vcpus - 1 - n : n;

		json_array_append_new(list,
				      json_pack("{s:i, s:b, s:b}", "logical-id", (int)i, "online",
						i<guest.online, "can-offline", i> 0));
	}
	return list;
}

/* guest-set-vcpus, of a list that is a run at the end of what is online. */
static json_t *set_vcpus(const json_t *args)
{
	json_t *list = json_object_get(args, "vcpus"), *v;
	unsigned done = 0;
	size_t i;

	json_array_foreach (list, i, v) {
		if (!json_integer_value(json_object_get(v, "logical-id")))
			guest.first_asked = true;
		if (guest.fixed || (guest.at_once && done == guest.at_once))
			break;
		guest.online += json_is_true(json_object_get(v, "online")) ? 1 : -1;
		done++;
	}
	return json_integer(done);
}

static json_t *answer(const json_t *request)
{
	const char *what = json_string_value(json_object_get(request, "execute"));
	json_t *args = json_object_get(request, "arguments");

	if (!strcmp(what, "guest-sync"))
		return json_pack("{s:O}", "return", json_object_get(args, "id"));
	if (!strcmp(what, "guest-get-vcpus"))
		return json_pack("{s:o}", "return", vcpu_list());
	if (guest.refuses)
		return json_pack("{s:{s:s, s:s}}", "error", "class", "CommandNotFound", "desc",
				 "The command guest-set-vcpus has been disabled");
	return json_pack("{s:o}", "return", set_vcpus(args));
}

static void *agent(void *arg)
{
	int fd = accept(listener, NULL, NULL);
	FILE *f = fdopen(fd, "r+");
	char line[4096];

	if (guest.noise)
		dprintf(fd, "{\"return\": 77}\n\xff not JSON\n{\"return\": {}}\n");
	while (f && fgets(line, sizeof(line), f)) {
		json_t *request = json_loads(line, 0, NULL), *reply;
		char *text;

		if (!request || guest.deaf & 1u << guest.requests++ % 32) {
			json_decref(request);
			continue;
		}
		reply = answer(request);
		text = json_dumps(reply, JSON_COMPACT);
		/* In two pieces, as a port may hand it over. */
		dprintf(fd, "%.5s", text);
		dprintf(fd, "%s\n", text + 5);
		free(text);
		json_decref(reply);
		json_decref(request);
	}
	if (f)
		fclose(f);
	return NULL;
}

static int setup(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	guest = (struct guest){.vcpus = 4, .online = 4};
	snprintf(path, sizeof(path), "%s/agent.sock", scratch());
	strcpy(un.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&un, sizeof(un)) || listen(listener, 4))
		return -1;
	sample(&config);
	free(config.channel[0].socket);
	config.channel[0].socket = strdup(path);
	return 0;
}

static int teardown(void **state)
{
	close(listener);
	hv_config_free(&config);
	scratch_remove();
	return 0;
}

static int set(unsigned n, int timeout_ms, struct hv_error *err)
{
	int rc;

	err->text[0] = '\0';
	pthread_create(&thread, NULL, agent, NULL);
	rc = hv_guest_vcpus(&config, n, timeout_ms, err);
	pthread_join(thread, NULL);
	return rc;
}

static void fewer_and_more(void **state)
{
	struct hv_error err;

	guest.noise = true;
	assert_int_equal(set(2, LONG_MS, &err), 0);
	assert_int_equal(guest.online, 2);
	assert_int_equal(set(4, LONG_MS, &err), 0);
	assert_int_equal(guest.online, 4);
	/* It has them already: nothing is set. */
	guest.requests = 0;
	assert_int_equal(set(4, LONG_MS, &err), 0);
	assert_int_equal(guest.requests, 2);
}

static void in_any_order(void **state)
{
	struct hv_error err;

	guest.backwards = true;
	assert_int_equal(set(1, LONG_MS, &err), 0);
	assert_int_equal(guest.online, 1);
	assert_int_equal(set(3, LONG_MS, &err), 0);
	assert_int_equal(guest.online, 3);
	assert_false(guest.first_asked);
}

static void one_at_a_time(void **state)
{
	struct hv_error err;

	guest.vcpus = guest.online = 40;
	guest.at_once = 1;
	assert_int_equal(set(1, LONG_MS, &err), 0);
	assert_int_equal(guest.online, 1);
}

static void what_it_cannot(void **state)
{
	struct hv_error err;

	guest.refuses = true;
	assert_int_equal(set(2, LONG_MS, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "has been disabled"));
	guest.refuses = false;
	guest.fixed = true;
	assert_int_equal(set(2, LONG_MS, &err), -EIO);
	assert_non_null(strstr(err.text, "uses 4 processors, and was asked to use 2"));
}

static void nobody_answers(void **state)
{
	struct hv_error err;

	for (unsigned deaf = 1; deaf <= 4; deaf <<= 1) {
		guest.deaf = deaf;
		guest.requests = 0;
		assert_int_equal(set(2, 200, &err), -ETIMEDOUT);
		assert_non_null(strstr(err.text, "no agent answers"));
	}
}

static void no_channel(void **state)
{
	struct hv_error err;

	config.channel[0].name[0] = 'x';
	assert_int_equal(hv_guest_vcpus(&config, 2, 1000, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "no channel org.qemu.guest_agent.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fewer_and_more, setup, teardown),
		cmocka_unit_test_setup_teardown(in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(one_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(what_it_cannot, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(no_channel, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN); /* an agent that is late answers somebody who has gone */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
