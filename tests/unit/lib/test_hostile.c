// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Definitions that somebody made to hurt: each gets an error that names the
 * file, and nothing else happens.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/definition.h"

static void refuse(const char *text, size_t len, const char *says)
{
	struct hv_definition d;
	struct hv_error err = {""};
	int rc = hv_definition_parse(&d, text, len, "evil.xml", &err);

	if (rc != -EINVAL || !strstr(err.text, "evil.xml") || !strstr(err.text, says))
		fail_msg("\"%.60s\": %d \"%s\"", text, rc, err.text);
	assert_null(d.config.name);
	hv_definition_free(&d);
}

static const struct {
	const char *text, *says;
} documents[] = {
	{"", "empty"},
	{"hello", "not well-formed"},
	{"<domain", "not well-formed"},
	{"<domain></domian>", "not well-formed"},
	{"<domain/><domain/>", "not well-formed"},
	{"<domain a='1' a='2'/>", "not well-formed"},
	{"<domain>&nothing;</domain>", "not well-formed"},
	{"<domain>\xff\xfe</domain>", "not well-formed"},
	{"<?xml version='1.0' encoding='none-such'?><domain/>", "not well-formed"},
	{"<network/>", "must be <domain>"},
	{"<x:domain xmlns:x='urn:x'/>", "must be <domain>"},
	{"<domain xmlns='urn:x'/>", "must be <domain>"},
	{"<!DOCTYPE domain><domain/>", "document type"},
	{"<!DOCTYPE domain SYSTEM 'http://192.0.2.1/x.dtd'><domain/>", "document type"},
	{"<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain>&a;</domain>",
	 "document type"},
	{"<!DOCTYPE d [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><domain>&a;</domain>", "document type"},
	{"<!DOCTYPE d [<!ENTITY % p SYSTEM 'file:///dev/zero'>%p;]><domain/>", "document type"},
	{"<domain type='kvm'><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' "
	 "href='/etc/passwd'/></domain>",
	 "domain/xi:include"},
	{"<domain type='kvm'></domain>", "firmware boot"},
	{"<domain type='kvm'><os><kernel>/k</kernel></os></domain>",
	 "domain/name: refused: it is missing"},
	{"<domain><name>a</name><os><kernel>/k</kernel></os></domain>",
	 "domain/memory: refused: it is missing"},
	{"<domain><name>../../etc/cron.d/x</name></domain>", "cannot name a domain"},
	{"<domain><name>a/b</name></domain>", "cannot name a domain"},
	{"<domain><name>web@twin</name></domain>", "cannot name a domain"},
	{"<domain><name>1@spare</name></domain>", "cannot name a domain"},
	{"<domain><name/></domain>", "cannot name a domain"},
};

static void documents_refused(void **state)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		refuse(documents[i].text, strlen(documents[i].text), documents[i].says);
	refuse("<domain>\0</domain>", 18, "NUL byte");
}

/* Ten levels of ten: ten thousand million copies, were they expanded. */
static void billion_laughs(void **state)
{
	char text[4096] = "<?xml version='1.0'?><!DOCTYPE d [<!ENTITY e0 'ha'>";

	for (int i = 1; i <= 10; i++) {
		char e[128];

		snprintf(e, sizeof(e), "<!ENTITY e%d '", i);
		strcat(text, e);
		for (int j = 0; j < 10; j++) {
			snprintf(e, sizeof(e), "&e%d;", i - 1);
			strcat(text, e);
		}
		strcat(text, "'>");
	}
	strcat(text, "]><domain><name>&e10;</name></domain>");
	refuse(text, strlen(text), "document type");
}

static char *repeated(const char *head, const char *part, size_t times, const char *tail)
{
	size_t h = strlen(head), p = strlen(part);
	char *text = malloc(h + times * p + strlen(tail) + 1), *at = text;

	memcpy(at, head, h);
	at += h;
	for (size_t i = 0; i < times; i++, at += p)
		memcpy(at, part, p);
	strcpy(at, tail);
	return text;
}

static void refuse_free(char *text, const char *says)
{
	refuse(text, strlen(text), says);
	free(text);
}

static void huge(void **state)
{
	refuse_free(repeated("<domain><!--", "x", HV_DEFINITION_MAX, "--></domain>"),
		    "larger than");
	refuse_free(repeated("", "<domain>", 30000, ""), "not well-formed");
	refuse_free(repeated("<domain>", "<a/>", 60000, "</domain>"), "");
	refuse_free(repeated("<domain><devices>", "<disk/>", 30000, "</devices></domain>"), "");
	refuse_free(repeated("<domain><name>", "x", 200000, "</name></domain>"), "cannot name");
	refuse_free(repeated("<domain><", "x", 40000, "/></domain>"), "");
	refuse_free(repeated("<domain ", "x", 40000, "='1'/>"), "");
	refuse_free(repeated("<domain><memory>", "9", 100000, "</memory></domain>"),
		    "not a number");
}

/* A file that breaks off anywhere is refused; from the last byte on it is whole. */
static void cut_at_every_byte(void **state)
{
	size_t len, end;
	char *text = slurp("tests/unit/lib/data/everything.xml", &len);
	struct hv_definition d;

	end = (size_t)(strstr(text, "</domain>\n") - text) + strlen("</domain>");
	for (size_t n = 0; n < end; n++) {
		char *copy = malloc(n + 1); /* of its own, so that reading past it is seen */

		memcpy(copy, text, n);
		if (hv_definition_parse(&d, copy, n, "cut.xml", NULL) != -EINVAL)
			fail_msg("whole after %zu of %zu bytes", n, end);
		hv_definition_free(&d);
		free(copy);
	}
	assert_int_equal(hv_definition_parse(&d, text, end, "whole.xml", NULL), 0);
	hv_definition_free(&d);
	free(text);
}

/* One byte changed, at every place: refused or understood, but never worse. */
static void changed_at_every_byte(void **state)
{
	static const char changes[] = {'<', '&', '"', '\'', '/', 'A', '0', '\xff', '\n'};
	size_t len;
	char *text = slurp("tests/unit/lib/data/minimal.xml", &len);

	for (size_t n = 0; n < len; n++)
		for (size_t c = 0; c < sizeof(changes); c++) {
			char kept = text[n];
			struct hv_definition d;
			struct hv_error err = {""};
			int rc;

			text[n] = changes[c];
			rc = hv_definition_parse(&d, text, len, "changed.xml", &err);
			if (rc)
				assert_int_equal(rc, -EINVAL);
			else
				assert_int_equal(hv_config_check(&d.config, NULL), 0);
			assert_true(!rc || strstr(err.text, "changed.xml"));
			hv_definition_free(&d);
			text[n] = kept;
		}
	free(text);
}

static void files(void **state)
{
	struct hv_definition d;
	struct hv_error err = {""};
	char path[4096];
	const char *dir = scratch();

	assert_int_equal(hv_definition_load(&d, "/no/such/file.xml", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/file.xml"));
	assert_int_equal(hv_definition_load(&d, dir, &err), -EISDIR);
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(hv_definition_load(&d, path, &err), -EINVAL); /* and does not wait */
	hv_definition_free(&d);
	snprintf(path, sizeof(path), "%s/sparse", dir);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(truncate(path, 1LL << 40), 0);
	assert_int_equal(hv_definition_load(&d, path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "larger than"));
	assert_int_equal(hv_domain_path(path, sizeof(path), "../x"), -EINVAL);
	assert_int_equal(hv_domain_path(path, 10, "web1"), -ENAMETOOLONG);
	scratch_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_refused),
		cmocka_unit_test(billion_laughs),
		cmocka_unit_test(huge),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(changed_at_every_byte),
		cmocka_unit_test(files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
