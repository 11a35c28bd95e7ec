// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moving one domain: a constraint that ends by itself draws it over, and is taken
 * away again when it runs there, when it failed, when the time is over and when
 * somebody interrupts.  Only if this program is killed outright does it stay, and then
 * the cluster stops believing it by the date in it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cib.h"
#include "failback.h"

enum { POLL_MS = 300, ASK_MS = 10000, REMOVE_MS = 20000, MARGIN_S = 60 };
static const char prefix[] = "taiki-failback-";

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static void listen_to(bool on, struct sigaction old[3])
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction sa = {.sa_handler = on_signal};

	for (int i = 0; i < 3; i++)
		sigaction(signals[i], on ? &sa : &old[i], on ? &old[i] : NULL);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

xmlNodePtr failback_constraint(const struct plan_cluster *c, const char *resource)
{
	char id[sizeof(prefix) + 256];

	snprintf(id, sizeof(id), "%s%s", prefix, resource);
	for (xmlNodePtr l = c->constraints ? c->constraints->children : NULL; l; l = l->next) {
		const char *is = plan_is(l, "rsc_location") ? plan_attr(l, "id") : NULL;

		if (is && !strcmp(is, id))
			return l;
	}
	return NULL;
}

bool failback_expired(struct plan_cluster *c, xmlNodePtr constraint)
{
	const char *id = plan_attr(constraint, "id");
	xmlNodePtr rule = plan_child(constraint, "rule");

	if (!id || strncmp(id, prefix, sizeof(prefix) - 1) != 0 || !rule)
		return false;
	for (unsigned h = 0; h < c->plan.nhosts; h++)
		if (plan_rule(c, rule, h))
			return false;
	return true;
}

static int place_constraint(const struct failback *f, struct hv_error *err)
{
	time_t end = time(NULL) + f->o->timeout_ms / 1000 + MARGIN_S;
	xmlDocPtr doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNodePtr l = xmlNewNode(NULL, (const xmlChar *)"rsc_location"), rule, x;
	xmlBufferPtr buf = xmlBufferCreate();
	char id[sizeof(prefix) + 300], date[40];
	struct tm tm;
	int rc = -ENOMEM;

#define SET(node, name, value) xmlSetProp(node, (const xmlChar *)(name), (const xmlChar *)(value))
#define ID(suffix)             (snprintf(id, sizeof(id), "%s%s" suffix, prefix, f->resource), id)
	xmlDocSetRootElement(doc, l);
	SET(l, "id", ID(""));
	SET(l, "rsc", f->resource);
	rule = xmlNewChild(l, NULL, (const xmlChar *)"rule", NULL);
	SET(rule, "id", ID("-rule"));
	SET(rule, "score", "INFINITY");
	SET(rule, "boolean-op", "and");
	x = xmlNewChild(rule, NULL, (const xmlChar *)"expression", NULL);
	SET(x, "id", ID("-host"));
	SET(x, "attribute", "#uname");
	SET(x, "operation", "eq");
	SET(x, "value", f->to);
	x = xmlNewChild(rule, NULL, (const xmlChar *)"date_expression", NULL);
	SET(x, "id", ID("-until"));
	SET(x, "operation", "lt");
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%SZ", gmtime_r(&end, &tm));
	SET(x, "end", date);
	if (buf && xmlNodeDump(buf, doc, l, 0, 0) > 0) {
		const char *text = (const char *)xmlBufferContent(buf);

		rc = cib_constraint("--create", text, ASK_MS, err);
		if (rc == -EEXIST) /* an expired one, or --force */
			rc = cib_constraint("--replace", text, ASK_MS, err);
	}
	xmlBufferFree(buf);
	xmlFreeDoc(doc);
	return rc;
}

/* Signals reach cibadmin as well, so one that was in the way is tried again. */
static int remove_constraint(const struct failback *f, struct hv_error *err)
{
	int64_t deadline = now_ms() + REMOVE_MS;
	char xml[sizeof(prefix) + 300];
	int rc;

	snprintf(xml, sizeof(xml), "<rsc_location id=\"%s%s\"/>", prefix, f->resource);
	do {
		rc = cib_constraint("--delete", xml, ASK_MS, err);
	} while (rc && now_ms() < deadline && !usleep(POLL_MS * 1000));
	return rc;
}

enum outcome { WAITING, ARRIVED, FAILED, ELSEWHERE };

/* What the cluster has recorded; a line whenever that is something new. */
static enum outcome watch(struct plan_cluster *c, const struct failback *f, char *said, size_t size,
			  int64_t began)
{
	char line[600] = "is stopped";
	int to = plan_host(c, f->to), i = plan_item(c, f->resource);
	unsigned active = 0;
	enum plan_state there = PLAN_STOPPED;

	for (unsigned h = 0; h < c->plan.nhosts; h++) {
		enum plan_state is = plan_state(c, h, f->resource);

		if (is == PLAN_STOPPED || !c->hosts[h].online)
			continue;
		active++;
		there = (int)h == to ? is : there;
		snprintf(line, sizeof(line), "%s on %s", is == PLAN_STARTED ? "runs" : "is started",
			 c->host[h].name);
	}
	if (strcmp(line, said) != 0) {
		snprintf(said, size, "%s", line);
		printf("%6.1f s  %s %s\n", (double)(now_ms() - began) / 1000, f->domain, line);
		fflush(stdout);
	}
	if (i < 0 || to < 0)
		return FAILED;
	if (there == PLAN_STARTED && active == 1)
		return ARRIVED;
	if (c->item[i].score[to] < 0)
		return there == PLAN_STOPPED && active == 1 ? ELSEWHERE : WAITING;
	return WAITING;
}

static int wait_for(const struct failback *f, struct hv_error *err)
{
	int64_t began = now_ms(), deadline = began + f->o->timeout_ms;
	char said[600] = "";

	snprintf(said, sizeof(said), "runs on %s", f->from);
	while (!interrupted && now_ms() < deadline) {
		int64_t asked = now_ms(), took;
		struct plan_cluster c = {0};
		struct hv_error why = {""};
		enum outcome is = WAITING;

		/* While the cluster cannot be asked, it is waited for. */
		if (!plan_ask(&c, &why))
			is = watch(&c, f, said, sizeof(said), began);
		plan_free(&c);
		if (is == ARRIVED)
			return 0;
		if (is == FAILED || is == ELSEWHERE)
			return hv_err(err, -EIO, "%s could not be started on %s; it %s", f->domain,
				      f->to, said);
		took = now_ms() - asked;
		usleep((useconds_t)(took * 2 > POLL_MS ? took * 2 : POLL_MS) * 1000);
	}
	if (interrupted)
		return hv_err(err, -EINTR, "interrupted; %s %s", f->domain, said);
	return hv_err(err, -ETIMEDOUT, "%s is not on %s within %d s; it %s", f->domain, f->to,
		      f->o->timeout_ms / 1000, said);
}

int failback_move(const struct failback *f)
{
	struct hv_error err = {""}, gone = {""};
	struct sigaction old[3];
	int rc, left_behind, code;

	interrupted = 0;
	listen_to(true, old);
	rc = place_constraint(f, &err);
	rc = rc ? rc : wait_for(f, &err);
	left_behind = remove_constraint(f, &gone);
	listen_to(false, old);
	code = rc ? fail(rc, &err) : HV_EXIT_OK;
	if (left_behind)
		fprintf(stderr,
			"hv: the constraint %s%s could not be removed (%s): it ends by itself, or: cibadmin --delete --scope constraints --xml-text '<rsc_location id=\"%s%s\"/>'\n",
			prefix, f->resource, gone.text, prefix, f->resource);
	if (interrupted)
		return 128 + interrupted;
	if (left_behind && !code)
		return HV_EXIT_FAILED;
	if (!code)
		printf("%s is on %s.\n", f->domain, f->to);
	return code;
}
