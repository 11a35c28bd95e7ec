// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv check cluster: whether the times of this cluster, and of one inside its
 * guests, fit to each other, and whether its domains' resources are set as they should be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/xpath.h>

#include "check_domains.h"
#include "check_sums.h"
#include "cib.h"
#include "cli.h"
#include "hv/command.h"

enum { DEFAULT_STONITH_MS = 60000, DEFAULT_DEVICE_MS = 60000, DEFAULT_ACTION_MS = 20000 };

/* The longest of the times that @xpath finds; @otherwise if there is none. */
static int64_t longest(xmlDocPtr doc, const char *xpath, int64_t otherwise)
{
	xmlXPathContextPtr ctx = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found = ctx ? xmlXPathEvalExpression((const xmlChar *)xpath, ctx) : NULL;
	int64_t most = -1;

	for (int i = 0; found && found->nodesetval && i < found->nodesetval->nodeNr; i++) {
		xmlChar *text = xmlNodeGetContent(found->nodesetval->nodeTab[i]);
		int64_t ms = text ? check_interval((const char *)text) : -1;

		most = ms > most ? ms : most;
		xmlFree(text);
	}
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(ctx);
	return most < 0 ? otherwise : most;
}

#define PROPERTY(name) "//crm_config//nvpair[@name='" name "']/@value"
#define DEVICE(name) \
	"//primitive[@class='stonith']/instance_attributes/nvpair[@name='" name "']/@value"
#define DOMAIN "//primitive[@provider='taiki'][@type='domain']"

static int64_t max2(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int count(xmlDocPtr doc, const char *xpath)
{
	xmlXPathContextPtr ctx = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found = ctx ? xmlXPathEvalExpression((const xmlChar *)xpath, ctx) : NULL;
	int n = found && found->nodesetval ? found->nodesetval->nodeNr : 0;

	xmlXPathFreeObject(found);
	xmlXPathFreeContext(ctx);
	return n;
}

static void read_cib(xmlDocPtr doc, struct check_times *t)
{
	bool one_unset = count(doc, "//primitive[@class='stonith']") >
			 count(doc, DEVICE("pcmk_off_timeout") "/..");
	int domains = count(doc, DOMAIN),
	    stops = count(doc, DOMAIN "/operations/op[@name='stop']/@timeout");

	t->stonith_timeout = longest(doc,
				     PROPERTY("stonith-timeout") "|" PROPERTY("fencing-timeout"),
				     DEFAULT_STONITH_MS);
	t->device_timeout = max2(longest(doc, DEVICE("pcmk_off_timeout"), 0),
				 longest(doc, DEVICE("pcmk_reboot_timeout"), 0));
	/* A device without one has stonith-timeout's default, which Pacemaker may cut to its own. */
	if (one_unset && count(doc, "//primitive[@class='stonith']"))
		t->device_timeout = max2(t->device_timeout, t->stonith_timeout < DEFAULT_DEVICE_MS
								    ? t->stonith_timeout
								    : DEFAULT_DEVICE_MS);
	t->device_delay = max2(longest(doc, DEVICE("pcmk_delay_max"), 0),
			       longest(doc, DEVICE("pcmk_delay_base"), 0));
	t->stonith_watchdog = longest(doc, PROPERTY("stonith-watchdog-timeout"), 0);
	if (count(doc, PROPERTY("stonith-watchdog-timeout") "[starts-with(., '-')]"))
		t->stonith_watchdog = -1;
	if (domains) {
		t->stop = longest(doc, DOMAIN "/operations/op[@name='stop']/@timeout", 0);
		if (stops < domains)
			t->stop = max2(t->stop, DEFAULT_ACTION_MS);
	}
}

/* "runtime.config.totem.token (u32) = 1000" */
static int64_t totem(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;
	const char *value = at ? strstr(at, "= ") : NULL;

	return value ? strtoll(value + 2, NULL, 10) : 0;
}

static int read_corosync(struct check_times *t, int timeout_ms, struct hv_error *err)
{
	static const char *const argv[] = {"corosync-cmapctl", "runtime.config.totem.", NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = timeout_ms};
	char *text = NULL;
	size_t len;
	int rc = hv_command(&cmd, &text, &len, err);

	if (!rc) {
		t->token = totem(text, "totem.token (");
		t->consensus = totem(text, "totem.consensus (");
	}
	free(text);
	if (!rc && t->token)
		return 0;
	return hv_err(
		err, -ENOTCONN,
		"corosync-cmapctl does not say what token and consensus are; start the cluster "
		"on this host");
}

static void read_sbd(struct check_times *t)
{
	FILE *f = fopen("/etc/default/sbd", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		char *value = strchr(line, '=');

		line[strcspn(line, "\n")] = '\0';
		if (value && !strncmp(line, "SBD_WATCHDOG_TIMEOUT", (size_t)(value - line)))
			t->sbd_watchdog = max2(check_interval(value + 1), 0);
	}
	if (f)
		fclose(f);
}

static const char *const verdict_name[] = {"fits", "wrong", "not given"};

static int show_json(const struct check_times *t, const struct check_sum *c, size_t n,
		     json_t *domains, int code)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "name",
						      c[i].name, "has_ms", (json_int_t)c[i].has,
						      "needs_ms", (json_int_t)c[i].needs, "verdict",
						      verdict_name[c[i].verdict], "sum", c[i].sum,
						      "why", c[i].why));
	return print_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
				    "token_ms", (json_int_t)t->token, "consensus_ms",
				    (json_int_t)t->consensus, "stonith_timeout_ms",
				    (json_int_t)t->stonith_timeout, "device_timeout_ms",
				    (json_int_t)t->device_timeout, "device_delay_ms",
				    (json_int_t)t->device_delay, "stonith_watchdog_timeout_ms",
				    (json_int_t)t->stonith_watchdog, "sbd_watchdog_timeout_ms",
				    (json_int_t)t->sbd_watchdog, "domain_stop_timeout_ms",
				    (json_int_t)t->stop, "sums", list, "domains", domains),
			  code);
}

static void show(const struct check_sum *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char given[32] = "not given";

		if (c[i].has)
			snprintf(given, sizeof(given), "%lld ms", (long long)c[i].has);
		printf("%-9s %-37s %-12s needs %lld ms: %s\n", verdict_name[c[i].verdict],
		       c[i].name, given, (long long)c[i].needs, c[i].sum);
		if (c[i].verdict == CHECK_WRONG)
			printf("          %s\n", c[i].why);
	}
}

int cmd_check(const struct options *o, int argc, char **argv)
{
	struct check_times t = {.guest = o->guest_stonith_ms};
	struct check_sum c[CHECK_SUMS_MAX];
	struct hv_error err = {""};
	int rc, found, code = HV_EXIT_OK;
	json_t *domains = NULL;
	xmlDocPtr doc;
	size_t n;

	if (strcmp(argv[0], "cluster"))
		return usage("hv check \"%s\": there is only: cluster", argv[0]);
	rc = cib_read(&doc, left(o), &err);
	if (rc)
		return fail(rc, &err);
	read_cib(doc, &t);
	xmlFreeDoc(doc);
	rc = read_corosync(&t, left(o), &err);
	if (rc)
		return fail(rc, &err);
	read_sbd(&t);
	n = check_sums(&t, c);
	for (size_t i = 0; i < n; i++)
		if (c[i].verdict == CHECK_WRONG)
			code = HV_EXIT_FAILED;
	if (o->given & OPT_JSON)
		domains = json_array();
	else
		show(c, n);
	found = check_domains(o, domains, &err);
	if (found < 0) {
		json_decref(domains);
		return fail(found, &err);
	}
	code = found ? HV_EXIT_FAILED : code;
	return domains ? show_json(&t, c, n, domains, code) : code;
}
