// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The actions, and what their exit status says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/agent.h"

struct action {
	const char *name;
	unsigned op; /* enum fence_op; 0: nobody is asked */
	bool needs_plug;
	bool delayed;
	bool power;                  /* power_timeout, else shell_timeout */
	const char *done;            /* said when it is done */
	enum fence_power afterwards; /* to be verified; unknown: not */
	int (*show)(const struct options *o, const struct fence_reply *r);
	int (*alone)(const struct options *o);
};

static int show_status(const struct options *o, const struct fence_reply *r);
static int show_list(const struct options *o, const struct fence_reply *r);
static int show_list_status(const struct options *o, const struct fence_reply *r);
static int do_metadata(const struct options *o);
static int do_manual(const struct options *o);
static int do_validate(const struct options *o);

static const struct action actions[] = {
	{"off", FENCE_OP_OFF, true, true, true, "Success: Powered OFF", FENCE_POWER_OFF},
	{"on", FENCE_OP_ON, true, false, true, "Success: Powered ON", FENCE_POWER_ON},
	/* Its success is that of its first half: whether it starts again is the cluster's affair. */
	{"reboot", FENCE_OP_REBOOT, true, true, true, "Success: Rebooted"},
	{"status", FENCE_OP_STATUS, .needs_plug = true, .show = show_status},
	{"list", FENCE_OP_LIST, .show = show_list},
	{"list-status", FENCE_OP_LIST, .show = show_list_status},
	{"monitor", FENCE_OP_MONITOR},
	{"metadata", .alone = do_metadata},
	{"manpage", .alone = do_manual},
	{"validate-all", .alone = do_validate},
};

static const struct action *find(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].name, name))
			return &actions[i];
	return NULL;
}

static int show_status(const struct options *o, const struct fence_reply *r)
{
	switch (r->power) {
	case FENCE_POWER_ON: printf("Status: ON\n"); return AGENT_OK;
	case FENCE_POWER_OFF: printf("Status: OFF\n"); return AGENT_OFF;
	default: agent_say("Failed: its state is not known: %s", r->text); return AGENT_FAILED;
	}
}

static int show_list(const struct options *o, const struct fence_reply *r)
{
	for (unsigned i = 0; i < r->nlisted; i++)
		printf("%s%s\n", r->listed[i].name, options_get(o, OPT_SEPARATOR));
	return AGENT_OK;
}

static int show_list_status(const struct options *o, const struct fence_reply *r)
{
	static const char *const states[] = {"UNKNOWN", "ON", "OFF"};
	const char *separator = options_get(o, OPT_SEPARATOR);

	for (unsigned i = 0; i < r->nlisted; i++)
		printf("%s%s%s%s\n", r->listed[i].name, separator, separator,
		       states[r->listed[i].power]);
	return AGENT_OK;
}

static int do_metadata(const struct options *o)
{
	agent_metadata(stdout);
	return AGENT_OK;
}

static int do_manual(const struct options *o)
{
	agent_manual(stdout);
	return AGENT_OK;
}

static int do_validate(const struct options *o)
{
	char wrong[512];

	if (!options_wrong(o, "validate-all", false, wrong, sizeof(wrong)))
		return AGENT_OK;
	agent_say("Failed: %s", wrong);
	return AGENT_FAILED;
}

/* ask() - @op; 0 with the reply of a request that was done; else it was said why not. */
static int ask(struct agent_link *link, unsigned op, bool power, struct fence_reply *reply)
{
	const struct options *o = link->options;
	const char *plug = options_get(o, OPT_PLUG);
	struct fence_request r = {.op = (uint16_t)op};
	int rc;

	if (op != FENCE_OP_LIST && op != FENCE_OP_MONITOR)
		snprintf(r.target, sizeof(r.target), "%s", plug);
	rc = agent_ask(link, &r, options_ms(o, power ? OPT_POWER_TIMEOUT : OPT_SHELL_TIMEOUT),
		       reply);
	if (rc)
		return rc;
	agent_detail("%s %s: %s: %s", fence_op_name(op), r.target, fence_result_name(reply->result),
		     reply->text);
	if (reply->result == FENCE_DONE)
		return 0;
	agent_say("Failed: %s%s%s: %s (%s)", fence_op_name(op), r.target[0] ? " " : "", r.target,
		  reply->text, fence_result_name(reply->result));
	fence_reply_free(reply);
	return -EREMOTEIO;
}

/*
 * verify() - The answer was a proof already; a state that contradicts it is a failure
 * (somebody has switched it on again), one that cannot be had now is not.
 */
static int verify(struct agent_link *link, const struct action *a)
{
	struct fence_reply reply;
	int power;

	if (a->afterwards == FENCE_POWER_UNKNOWN)
		return AGENT_OK;
	agent_sleep_ms(options_ms(link->options, OPT_POWER_WAIT));
	if (ask(link, FENCE_OP_STATUS, false, &reply)) {
		agent_say("its state could not be asked for again; it was proven to be %s",
			  fence_power_name(a->afterwards));
		return AGENT_OK;
	}
	power = reply.power;
	fence_reply_free(&reply);
	if (power == (int)a->afterwards || power == FENCE_POWER_UNKNOWN)
		return AGENT_OK;
	agent_say("Failed: it was proven to be %s, but now it is %s",
		  fence_power_name(a->afterwards), fence_power_name((unsigned)power));
	return AGENT_FAILED;
}

static int run(const struct options *o, const struct action *a)
{
	struct agent_link link = {.options = o, .fd = -1};
	struct fence_reply reply;
	int rc = AGENT_FAILED;

	if (a->delayed)
		agent_sleep_ms(options_ms(o, OPT_DELAY));
	if (!ask(&link, a->op, a->power, &reply)) {
		rc = a->show ? a->show(o, &reply) : AGENT_OK;
		fence_reply_free(&reply);
		if (a->power && !rc)
			rc = verify(&link, a);
	}
	link_close(&link);
	if (a->done && !rc)
		printf("%s\n", a->done);
	return rc;
}

int agent_act(const struct options *o)
{
	const char *name = options_get(o, OPT_ACTION);
	const struct action *a = find(name);
	char wrong[512];

	if (!a) {
		agent_say("Failed: action=%s: there is no such action", name);
		return AGENT_FAILED;
	}
	if (a->alone)
		return a->alone(o);
	if (options_wrong(o, name, a->needs_plug, wrong, sizeof(wrong))) {
		agent_say("Failed: %s", wrong);
		return AGENT_FAILED;
	}
	return run(o, a);
}
