// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * door_server: taiki-fenced's doors over a table of domains in memory, so that the agent's
 * whole contract can be tried without a cluster.
 *
 *   door_server [--delay MS] [--listen ADDRESS --keys FILE] [--real] DOMAIN=STATE:GROUP...
 *
 * STATE is on, off, unknown, or stuck (nothing that is asked about it is answered).  Each domain
 * has its channel in $TAIKI_RUN_DIR as hv-domain has it, and the guest's port: a Unix
 * socket RUN/DOMAIN/port that one agent at a time can be connected to (relay.c).  With
 * --real there is neither: they are domains of hv-domain.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <qb/qbdefs.h>
#include <qb/qblog.h>
#include <qb/qbloop.h>

#include "fencing/audit.h"
#include "fencing/door.h"
#include "relay.h"

enum { DOMAINS_MAX = 16 };

static struct domain {
	char name[FENCE_NAME_MAX + 1];
	char group[FENCE_NAME_MAX + 1];
	uint8_t power;
	bool stuck;
} domain[DOMAINS_MAX];
static unsigned ndomains;
static unsigned delay_ms;
static bool real;
static struct qb_loop *loop;

struct pending {
	struct door_client *who;
	struct fence_request request;
};

static struct domain *find(const char *name)
{
	for (unsigned i = 0; i < ndomains; i++)
		if (!strcmp(domain[i].name, name))
			return &domain[i];
	return NULL;
}

static void list(const char *group, struct fence_reply *r)
{
	static struct fence_listed listed[DOMAINS_MAX];

	r->listed = listed;
	for (unsigned i = 0; i < ndomains; i++) {
		if (strcmp(domain[i].group, group) != 0)
			continue;
		strcpy(listed[r->nlisted].name, domain[i].name);
		listed[r->nlisted++].power = domain[i].power;
	}
}

static void act(const struct door_client *who, const struct fence_request *q, struct fence_reply *r)
{
	struct domain *d = find(q->target);

	snprintf(r->text, sizeof(r->text), "%s %s", fence_op_name(q->op), q->target);
	if (q->op == FENCE_OP_LIST) {
		list(door_group(who), r);
	} else if (q->op == FENCE_OP_MONITOR) {
		return;
	} else if (!d) {
		r->result = FENCE_NO_TARGET;
	} else if (strcmp(d->group, door_group(who)) != 0) {
		r->result = FENCE_DENIED;
	} else {
		if (q->op == FENCE_OP_OFF)
			d->power = FENCE_POWER_OFF;
		if (q->op == FENCE_OP_ON || q->op == FENCE_OP_REBOOT)
			d->power = FENCE_POWER_ON;
		r->power = d->power;
	}
}

static void finish(void *data)
{
	struct pending *p = data;
	struct fence_reply r = {.result = FENCE_DONE};

	memcpy(r.id, p->request.id, sizeof(r.id));
	act(p->who, &p->request, &r);
	printf("%s %s %s\n", fence_op_name(p->request.op), p->request.target,
	       fence_result_name(r.result));
	fflush(stdout);
	door_answer(p->who, &r, "incarnation");
	free(p);
}

static void on_request(struct door_client *who, const struct fence_request *r)
{
	struct domain *d = find(r->target);
	struct pending *p = calloc(1, sizeof(*p));
	qb_loop_timer_handle h;

	if (!p)
		abort();
	p->who = who;
	p->request = *r;
	if (d && d->stuck)
		free(p);
	else if (delay_ms)
		qb_loop_timer_add(loop, QB_LOOP_MED, delay_ms * QB_TIME_NS_IN_MSEC, p, finish, &h);
	else
		finish(p);
}

static void on_gone(struct door_client *who)
{
}

static const char *group_of(const char *name)
{
	struct domain *d = find(name);

	return d ? d->group : NULL;
}

static int32_t on_signal(int32_t sig, void *data)
{
	qb_loop_stop(loop);
	return -1;
}

/* add() - "DOMAIN=STATE:GROUP". */
static bool add(char *text)
{
	struct domain *d = &domain[ndomains];
	char *state = strchr(text, '='), *group = state ? strchr(state, ':') : NULL;

	if (!group || ndomains == DOMAINS_MAX)
		return false;
	*state++ = *group++ = '\0';
	snprintf(d->name, sizeof(d->name), "%s", text);
	snprintf(d->group, sizeof(d->group), "%s", group);
	d->stuck = !strcmp(state, "stuck");
	d->power = !strcmp(state, "on")    ? FENCE_POWER_ON
		   : !strcmp(state, "off") ? FENCE_POWER_OFF
					   : FENCE_POWER_UNKNOWN;
	ndomains++;
	return (real || relay_open(loop, d->name)) && !door_channel_add(d->name, d->group);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"delay", required_argument, NULL, 'd'},
		{"listen", required_argument, NULL, 'l'},
		{"keys", required_argument, NULL, 'k'},
		{"real", no_argument, NULL, 'r'},
		{0},
	};
	static const struct door_ops ops = {
		.request = on_request,
		.gone = on_gone,
		.group_of = group_of,
	};
	const char *address = NULL, *keys = "";
	char err[256];
	int c;

	qb_log_init("door_server", LOG_DAEMON, LOG_DEBUG);
	qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
	loop = qb_loop_create();
	door_open(loop, &ops);
	audit_open(NULL);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd': delay_ms = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'l': address = optarg; break;
		case 'k': keys = optarg; break;
		case 'r': real = true; break;
		default: return 2;
		}
	}
	for (; optind < argc; optind++)
		if (!add(argv[optind]))
			return 2;
	if (address && door_tls_listen(address, keys, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	qb_loop_signal_add(loop, QB_LOOP_HIGH, SIGTERM, NULL, on_signal, NULL);
	printf("ready\n");
	fflush(stdout);
	qb_loop_run(loop);
	door_close();
	audit_close();
	qb_log_fini();
	return 0;
}
