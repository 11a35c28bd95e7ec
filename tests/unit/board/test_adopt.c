// SPDX-License-Identifier: GPL-2.0-or-later
/* A standby's new name: what is checked, what changes, and what a reader of the page sees meanwhile. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hv/rundir.h"
#include "hvcore/vmm/board.h"
#include "hvcore/vmm/chardev.h"
#include "hvcore/vmm/control/control.h"
#include "hvcore/vmm/log.h"
#include "hvcore/vmm/machine.h"
#include "hvcore/vmm/moved.h"
#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/devices.h"

#define OLD "11111111-1111-4111-8111-111111111111"
#define NEW "22222222-2222-4222-8222-222222222222"

struct board board;
struct control_identity control_identity;
static struct hv_config config;
static struct hv_progress page;
static json_t *told;
static unsigned events;
static char moved[256], log_name[64];

void event_emit(const char *name, json_t *data)
{
	assert_string_equal(name, "X_TAIKI_ADOPTED");
	json_decref(told);
	told = data;
	events++;
}

void chardev_moved_all(const char *from, const char *to)
{
	snprintf(moved, sizeof(moved), "%s>%s", from, to);
}

void virtio_console_moved(const char *from, const char *to)
{
}

void log_line(enum log_level level, const char *fmt, ...)
{
}

void log_rename(const char *name)
{
	snprintf(log_name, sizeof(log_name), "%s", name);
}

static int setup(void **state)
{
	free(config.name);
	free(control_identity.incarnation);
	free(control_identity.resource);
	config = (struct hv_config){.name = strdup("web@twin"), .standby.waiting = true};
	control_identity = (struct control_identity){.incarnation = strdup(OLD),
						     .resource = strdup("pool")};
	memset(&page, 0, sizeof(page));
	strcpy(page.incarnation, OLD);
	board.config = &config;
	board.progress = &page;
	machine_own(&config);
	events = 0;
	moved[0] = log_name[0] = '\0';
	return 0;
}

static int adopt(const char *name, const char *resource, const char *incarnation)
{
	struct adoption a = {.name = name, .resource = resource, .incarnation = incarnation};
	struct hv_error err = {""};
	int rc = machine_adopt(&a, &err);

	assert_int_equal(rc != 0, err.text[0] != '\0');
	return rc;
}

static void the_new_name_everywhere(void **state)
{
	char want[256];

	snprintf(want, sizeof(want), "%s/web@twin>%s/web", hv_run_root(), hv_run_root());
	assert_int_equal(adopt("web", "rsc-web", NEW), 0);
	assert_string_equal(board.config->name, "web");
	assert_false(board.config->standby.waiting);
	assert_string_equal(control_identity.incarnation, NEW);
	assert_string_equal(control_identity.resource, "rsc-web");
	assert_string_equal(page.incarnation, NEW);
	assert_int_equal(page.identity, 2);
	assert_string_equal(log_name, "web");
	assert_string_equal(moved, want);
	assert_int_equal(events, 1);
	assert_string_equal(json_string_value(json_object_get(told, "was")), "web@twin");
	assert_string_equal(json_string_value(json_object_get(told, "name")), "web");
	/* Who did not hear the answer may ask again; nobody else may. */
	assert_int_equal(adopt("web", "rsc-web", NEW), 0);
	assert_int_equal(events, 1);
	assert_int_equal(adopt("db", "rsc-web", NEW), -EALREADY);
	assert_int_equal(adopt("web", "rsc-web", OLD), -EALREADY);
	assert_string_equal(board.config->name, "web");
}

static void without_a_resource(void **state)
{
	assert_int_equal(adopt("web", "", NEW), 0);
	assert_null(control_identity.resource);
	assert_int_equal(adopt("web", "", NEW), 0);
	assert_int_equal(events, 1);
}

static void no_standby(void **state)
{
	config.standby.waiting = false;
	assert_int_equal(adopt("web", "rsc", NEW), -EALREADY);
	assert_string_equal(config.name, "web@twin");
}

static void what_is_refused(void **state)
{
	static const char *const names[] = {"", "a/b", "web@twin", "3@spare", ".", "we b"};
	static const char *const uuids[] = {
		"",
		"22222222-2222-4222-8222-22222222222",
		NEW "2",
		NEW "\n",
		"22222222-2222-4222-8222-22222222222G",
		"22222222-2222-4222-8222-22222222222A",
		"222222222222242228222222222222222222",
	};
	char longest[300];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(adopt(names[i], "rsc", NEW), -EINVAL);
	for (size_t i = 0; i < sizeof(uuids) / sizeof(uuids[0]); i++)
		assert_int_equal(adopt("web", "rsc", uuids[i]), -EINVAL);
	memset(longest, 'r', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(adopt("web", longest, NEW), -EINVAL);
	assert_int_equal(adopt("web", "two words", NEW), -EINVAL);
	assert_int_equal(adopt("web", "new\nline", NEW), -EINVAL);
	assert_int_equal(events, 0);
	assert_string_equal(config.name, "web@twin");
	assert_string_equal(page.incarnation, OLD);
	longest[255] = '\0';
	assert_int_equal(adopt("web", longest, NEW), 0);
}

static void paths(void **state)
{
	char *p = path_moved(strdup("/run/taiki/web@twin/channel/a.sock"), "/run/taiki/web@twin",
			     "/run/taiki/web");

	assert_string_equal(p, "/run/taiki/web/channel/a.sock");
	p = path_moved(p, "/run/taiki/we", "/elsewhere");
	assert_string_equal(p, "/run/taiki/web/channel/a.sock");
	p = path_moved(p, "/run/taiki/web/channel/a.sock", "/elsewhere");
	assert_string_equal(p, "/run/taiki/web/channel/a.sock");
	free(p);
	assert_null(path_moved(NULL, "/a", "/b"));
}

static void *change(void *arg)
{
	bool *stop = arg;

	for (unsigned i = 0; !__atomic_load_n(stop, __ATOMIC_RELAXED); i++)
		progress_adopt(i % 2 ? OLD : NEW);
	return NULL;
}

static void a_reader_sees_one_or_the_other(void **state)
{
	bool stop = false, saw_old = false, saw_new = false;
	unsigned looks = 0;
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, change, &stop), 0);
	while (looks < 20000 || !saw_old || !saw_new) {
		struct hv_progress look;

		hv_progress_look(&page, &look);
		looks++;
		/* It changes for ever here: a reader may give up, but never sees half of it. */
		if (!strcmp(look.incarnation, OLD))
			saw_old = true;
		else if (!strcmp(look.incarnation, NEW))
			saw_new = true;
		else if (look.incarnation[0])
			break;
	}
	stop = true;
	pthread_join(t, NULL);
	assert_true(looks >= 20000);
}

static void a_writer_that_died_in_the_middle(void **state)
{
	struct hv_progress look;

	page.identity = 7;
	hv_progress_look(&page, &look);
	assert_string_equal(look.incarnation, "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(the_new_name_everywhere),
		TEST(without_a_resource),
		TEST(no_standby),
		TEST(what_is_refused),
		cmocka_unit_test(paths),
		TEST(a_reader_sees_one_or_the_other),
		TEST(a_writer_that_died_in_the_middle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
