// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The owner's mark: what stands in the configuration, and what is done about it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include "fencing/mark.h"

#define OURS(role)                                                     \
	"<meta_attributes id='web-taiki-fenced' score='INFINITY'>"     \
	"<nvpair id='web-taiki-fenced-target-role' name='target-role'" \
	" value='" role "'/></meta_attributes>"
#define THEIRS(role)                        \
	"<meta_attributes id='web-meta'>"   \
	"<nvpair id='x' name='target-role'" \
	" value='" role "'/></meta_attributes>"
#define WEB(inside) "<primitive id='web' class='ocf' type='domain'>" inside "</primitive>"

static const struct {
	const char *xml;
	struct mark_facts facts;
	enum mark_act off, on;
} cases[] = {
	{WEB(""), {.exists = true}, MARK_WRITE, MARK_NOTHING},
	{WEB(OURS("Stopped")),
	 {.exists = true, .ours = true, .stopped = true},
	 MARK_NOTHING,
	 MARK_LIFT},
	{WEB(OURS("Started")), {.exists = true, .ours = true}, MARK_WRITE, MARK_LIFT},
	{WEB(THEIRS("Stopped")), {.exists = true, .admin = true}, MARK_WRITE, MARK_REFUSE},
	{WEB(THEIRS("stopped")), {.exists = true, .admin = true}, MARK_WRITE, MARK_REFUSE},
	{WEB(THEIRS("Started")), {.exists = true}, MARK_WRITE, MARK_NOTHING},
	{WEB(THEIRS("Started") OURS("Stopped")),
	 {.exists = true, .ours = true, .stopped = true},
	 MARK_NOTHING,
	 MARK_LIFT},
	{WEB(THEIRS("Stopped") OURS("Stopped")),
	 {.exists = true, .ours = true, .stopped = true, .admin = true},
	 MARK_NOTHING,
	 MARK_LIFT},
	{"<group id='g'>" WEB("") "</group>", {.exists = true}, MARK_WRITE, MARK_NOTHING},
	{"<group id='g'>" THEIRS("Stopped") WEB("") "</group>",
	 {.exists = true, .admin = true},
	 MARK_WRITE,
	 MARK_REFUSE},
	{"<primitive id='web2'/>", {.exists = false}, MARK_NOTHING, MARK_REFUSE},
	{"<group id='web'/>", {.exists = false}, MARK_NOTHING, MARK_REFUSE},
	{"", {.exists = false}, MARK_NOTHING, MARK_REFUSE},
};

static void test_decide(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[2048];
		struct mark_facts f;
		const char *why;
		xmlDocPtr doc;

		snprintf(text, sizeof(text), "<resources>%s</resources>", cases[i].xml);
		doc = xmlReadMemory(text, (int)strlen(text), "t", NULL, 0);
		assert_non_null(doc);
		f = mark_read(xmlDocGetRootElement(doc), "web");
		xmlFreeDoc(doc);
		assert_int_equal(f.exists, cases[i].facts.exists);
		assert_int_equal(f.ours, cases[i].facts.ours);
		assert_int_equal(f.stopped, cases[i].facts.stopped);
		assert_int_equal(f.admin, cases[i].facts.admin);
		assert_int_equal(mark_decide(&f, true, &why), cases[i].off);
		assert_int_equal(mark_decide(&f, false, &why), cases[i].on);
		assert_int_equal(why != NULL, cases[i].on == MARK_REFUSE);
	}
}

/* What is written is read back as ours. */
static void test_written(void **state)
{
	xmlDocPtr doc = mark_xml("web", "domain \"db1\" <channel>");
	struct mark_facts f;

	assert_non_null(doc);
	f = mark_read(xmlDocGetRootElement(doc), "web");
	assert_true(f.exists && f.ours && f.stopped && !f.admin);
	xmlFreeDoc(doc);
}

static void test_ids(void **state)
{
	assert_true(mark_id_ok("web"));
	assert_true(mark_id_ok("web-1.example_x"));
	assert_false(mark_id_ok(""));
	assert_false(mark_id_ok("web' or '1'='1"));
	assert_false(mark_id_ok("a/b"));
	assert_false(mark_id_ok("a]b"));
}

static void test_devices(void **state)
{
	static const char text[] =
		"<resources><primitive id='s' class='stonith' type='fence_scsi'/>"
		"<clone id='c'><primitive id='p' class='stonith' type='fence_ipmilan'/></clone>"
		"<primitive id='o' class='ocf' type='fence_mpath'/></resources>";
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), "t", NULL, 0);
	xmlNodePtr root = xmlDocGetRootElement(doc);

	assert_true(mark_has_type(root, "fence_scsi"));
	assert_true(mark_has_type(root, "fence_ipmilan"));
	assert_false(mark_has_type(root, "fence_mpath"));
	xmlFreeDoc(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_devices),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
