// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From bytes to requests and back: what is the same for every door.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fencing/audit.h"
#include "fencing/door_private.h"
#include "hvcore/lib/probe.h"

static struct qb_loop *main_loop;
static const struct door_ops *callee;

void door_open(struct qb_loop *loop, const struct door_ops *ops)
{
	main_loop = loop;
	callee = ops;
}

void door_close(void)
{
	door_tls_close();
	door_channel_close();
}

struct qb_loop *door_loop(void)
{
	return main_loop;
}

const struct door_ops *door_callee(void)
{
	return callee;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void set_name(struct door_client *c, const char *from)
{
	snprintf(c->name, sizeof(c->name), "%s%s (%s%s%s)", c->domain[0] ? "domain " : "",
		 c->identity, c->door, from ? ", " : "", from ? from : "");
}

struct door_client *door_client_new(const char *door, const char *identity, const char *domain,
				    const char *group)
{
	struct door_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->door = door;
	c->seen_ms = hv_clock_ms();
	snprintf(c->identity, sizeof(c->identity), "%s", identity);
	snprintf(c->domain, sizeof(c->domain), "%s", domain);
	door_client_set_group(c, group);
	set_name(c, NULL);
	return c;
}

void door_client_set_group(struct door_client *c, const char *group)
{
	snprintf(c->group, sizeof(c->group), "%s", group);
}

void door_client_free(struct door_client *c)
{
	if (!c)
		return;
	callee->gone(c);
	free(c);
}

const char *door_domain(const struct door_client *who)
{
	return who->domain;
}

const char *door_group(const struct door_client *who)
{
	return who->group;
}

const char *door_name(const struct door_client *who)
{
	return who->name;
}

static void audit(const struct door_client *c, enum audit_event event,
		  const struct fence_request *asked, int result, const char *text)
{
	audit_write(&(struct audit_line){.event = event,
					 .door = c->door,
					 .who = c->name,
					 .asked = asked,
					 .result = result,
					 .text = text,
					 .us = -1});
}

/* audit_refusal() - At a limited rate: who floods the door must not fill the disk. */
static void audit_refusal(struct door_client *c, const struct fence_request *asked, int result,
			  const char *text)
{
	if (!policy_take(&c->refusals, &policy_refusals, hv_clock_ms())) {
		c->untold++;
		return;
	}
	audit_write(&(struct audit_line){.event = AUDIT_REFUSED,
					 .door = c->door,
					 .who = c->name,
					 .asked = asked,
					 .result = result,
					 .text = text,
					 .us = -1,
					 .untold = c->untold});
	c->untold = 0;
}

static void send_reply(struct door_route *route, const struct fence_reply *r)
{
	static uint8_t out[FENCE_HEADER + FENCE_BODY_MAX];
	int n = fence_reply_encode(out, sizeof(out), r);

	if (n > 0)
		route->send(route, out, (size_t)n);
}

static void refuse(struct door_client *c, struct door_route *route, const struct fence_request *r,
		   enum fence_result result, const char *text)
{
	struct fence_reply reply = {.result = (uint16_t)result};

	memcpy(reply.id, r->id, sizeof(reply.id));
	snprintf(reply.text, sizeof(reply.text), "%s", text);
	send_reply(route, &reply);
	audit_refusal(c, r, result, text);
}

/* repeat() - It was answered before: the same again. */
static void repeat(struct door_client *c, struct door_route *route, const struct replay_entry *e)
{
	struct fence_reply reply = {.result = e->result, .power = e->power};

	memcpy(reply.id, e->asked.id, sizeof(reply.id));
	snprintf(reply.text, sizeof(reply.text), "%s", e->text);
	send_reply(route, &reply);
	audit(c, AUDIT_REPEAT, &e->asked, e->result, "answered again");
}

/* forget_lapsed() - What nobody answered must not keep its place for ever. */
static void forget_lapsed(struct door_client *c, int64_t now_ms)
{
	struct fence_reply none = {.result = FENCE_FAILED,
				   .text = "no answer was found in time; nothing was proven"};
	struct replay_entry *e;

	while ((e = replay_lapsed(&c->replay, now_ms))) {
		audit(c, AUDIT_OUTCOME, &e->asked, FENCE_FAILED, none.text);
		replay_close(e, &none, now_ms);
	}
}

static void ask(struct door_client *c, struct door_route *route, const struct fence_request *r)
{
	int64_t now = hv_clock_ms();
	struct replay_entry *e;

	switch (replay_ask(&c->replay, r, now, &e)) {
	case REPLAY_IS_ANSWERED: repeat(c, route, e); return;
	case REPLAY_IS_OPEN:
		e->route = route;
		audit(c, AUDIT_REPEAT, r, -1, "still being done");
		return;
	case REPLAY_IS_ANOTHER:
		refuse(c, route, r, FENCE_REPLAYED, "the id was used for another request");
		return;
	case REPLAY_IS_FULL:
		refuse(c, route, r, FENCE_TOO_OFTEN, "too many requests are waiting already");
		return;
	case REPLAY_IS_NEW: break;
	}
	if (policy_changes_power(r->op) && !policy_take(&c->power, &policy_power, now)) {
		e->state = REPLAY_FREE;
		refuse(c, route, r, FENCE_TOO_OFTEN,
		       "too many requests that change power: ten at once, then one a second");
		return;
	}
	e->route = route;
	e->began_us = now_us();
	audit(c, AUDIT_REQUEST, r, -1, NULL);
	callee->request(c, r);
}

static void on_message(struct door_client *c, struct door_route *route, const uint8_t *body,
		       size_t len)
{
	int64_t now = hv_clock_ms();
	struct fence_request r;
	const char *wrong = "its body is not a request's";

	if (!fence_request_decode(body, len, &r))
		wrong = policy_malformed(&r);
	forget_lapsed(c, now);
	if (!policy_take(&c->messages, &policy_messages, now))
		refuse(c, route, &r, FENCE_TOO_OFTEN, "too many messages");
	else if (wrong)
		refuse(c, route, &r, FENCE_MALFORMED, wrong);
	else
		ask(c, route, &r);
}

int door_input(struct door_client *c, struct door_route *route, struct fence_framer *f,
	       const uint8_t *data, size_t len)
{
	uint64_t bad = f->bad;
	const uint8_t *body;
	size_t body_len;
	uint16_t kind;
	int rc;

	set_name(c, route->from);
	c->seen_ms = hv_clock_ms();
	f->want = FENCE_REQUEST;
	rc = fence_feed(f, data, len);
	if (rc)
		return rc;
	while (fence_next(f, &kind, &body, &body_len) == 1)
		on_message(c, route, body, body_len);
	if (f->bad == bad)
		return 0;
	c->bad += f->bad - bad;
	audit_refusal(c, NULL, FENCE_MALFORMED, "bytes that are no request");
	return -EPROTO;
}

void door_hangup(struct door_client *c, const struct door_route *route)
{
	replay_unroute(&c->replay, route);
}

void door_answer(struct door_client *who, const struct fence_reply *r, const char *incarnation)
{
	struct replay_entry *e = replay_open(&who->replay, r->id);
	struct door_route *route;

	if (!e)
		return;
	route = e->route;
	audit_write(&(struct audit_line){.event = AUDIT_OUTCOME,
					 .door = who->door,
					 .who = who->name,
					 .asked = &e->asked,
					 .result = r->result,
					 .incarnation = incarnation,
					 .text = r->text,
					 .us = now_us() - e->began_us});
	replay_close(e, r, hv_clock_ms());
	if (route)
		send_reply(route, r);
}
