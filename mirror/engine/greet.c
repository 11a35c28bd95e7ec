// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The greeting: what both can do, who they are, and whether they are configured alike.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

/* Why not, and not again: only an administrator can change it. */
#define REFUSE(v_, ...) (link_end(v_, true, -EACCES, __VA_ARGS__), -EACCES)

void greet_begin(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_FEATURES};

	p.features = (struct wire_features){WIRE_VERSION_MIN, WIRE_FEATURES_OURS, WIRE_VERSION_MAX};
	send_data(v, &p, NULL, NULL);
}

static int challenge(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_AUTH_CHALLENGE, .bulk = WIRE_CHALLENGE};
	struct link *l = &v->link;

	if (getrandom(l->challenge, sizeof(l->challenge), 0) != sizeof(l->challenge))
		return -EIO;
	link_phase(v, LINK_CHALLENGE);
	send_data(v, &p, l->challenge, NULL);
	return 0;
}

/*
 * A kernel that is the target takes over what its resync is controlled by: a window that a fast network
 * needs, and no other limit than one that is set here.
 */
static void send_sync_param(struct volume *v)
{
	enum {
		PLAN_AHEAD = 20,
		DELAY_TARGET = 10,
		FILL_TARGET = 16384,
		MAX_RATE = 4 << 20,
		RATE = 40960
	};
	const struct volume_rates *r = &v->config.rates;
	struct wire_packet p = {.command = WIRE_SYNC_PARAM89};

	p.sync_param = (struct wire_sync_param){
		.rate = RATE,
		.plan_ahead = PLAN_AHEAD,
		.delay_target = r->delay_target ? r->delay_target : DELAY_TARGET,
		.fill_target = r->fill_target ? r->fill_target : FILL_TARGET,
		.max_rate = r->max ? r->max : MAX_RATE,
	};
	strcpy(p.sync_param.verify, v->config.verify_alg);
	strcpy(p.sync_param.csums, v->config.csums_alg);
	send_data(v, &p, NULL, NULL);
}

/* introduce() - Everything that the peer has to know; it does the same meanwhile. */
static void introduce(struct volume *v)
{
	struct wire_packet p = {.command = WIRE_PROTOCOL};

	link_phase(v, LINK_PROTOCOL);
	p.protocol = (struct wire_protocol){
		.protocol = (uint32_t)v->config.protocol,
		.flags = v->link.discard ? WIRE_CF_DISCARD_MY_DATA : 0,
	};
	send_data(v, &p, NULL, NULL);
	send_sync_param(v);
	send_sizes(v);
	if (v->state.disk >= DISK_INCONSISTENT)
		send_uuids(v);
	send_state(v);
}

int greet_features(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_features *f = &p->features;
	uint32_t max = f->max ? f->max : f->min;
	struct link *l = &v->link;

	if (max < WIRE_VERSION_MIN || f->min > WIRE_VERSION_MAX)
		return REFUSE(v, "the peer speaks protocol %u to %u, not %d to %d", f->min, max,
			      WIRE_VERSION_MIN, WIRE_VERSION_MAX);
	l->agreed.version = max < WIRE_VERSION_MAX ? max : WIRE_VERSION_MAX;
	l->agreed.features = f->flags & WIRE_FEATURES_OURS;
	stream_pause(&l->meta, false);
	if (v->config.secret[0])
		return challenge(v);
	introduce(v);
	return 0;
}

int greet_challenge(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct wire_packet answer = {.command = WIRE_AUTH_RESPONSE};
	struct link *l = &v->link;
	uint8_t response[DIGEST_MAX];
	int n;

	if (!v->config.secret[0])
		return REFUSE(v, "the peer wants a shared secret, and none is configured");
	if (l->phase != LINK_CHALLENGE)
		return -EPROTO;
	/* our own challenge as a question would have us answer it */
	if (p->bulk == WIRE_CHALLENGE && digest_equal(bulk, l->challenge, WIRE_CHALLENGE))
		return REFUSE(v, "the peer sent our own challenge back");
	n = digest_response(&l->auth, v->config.secret, bulk, p->bulk, response);
	if (n < 0)
		return n;
	answer.bulk = (uint32_t)n;
	link_phase(v, LINK_RESPONSE);
	send_data(v, &answer, response, NULL);
	return 0;
}

int greet_response(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct link *l = &v->link;
	uint8_t expected[DIGEST_MAX];
	int n = digest_response(&l->auth, v->config.secret, l->challenge, WIRE_CHALLENGE, expected);

	if (n < 0)
		return n;
	if (p->bulk != (uint32_t)n || !digest_equal(bulk, expected, (size_t)n))
		return REFUSE(v, "the peer does not have our shared secret");
	introduce(v);
	return 0;
}

int greet_protocol(struct volume *v, const struct wire_packet *p, void *bulk)
{
	const struct wire_protocol *q = &p->protocol;

	if (q->protocol != (uint32_t)v->config.protocol)
		return REFUSE(v, "the peer is configured for protocol %c, we for %c",
			      q->protocol - 1 < 3 ? 'A' + (int)q->protocol - 1 : '?',
			      'A' + v->config.protocol - 1);
	if (q->two_primaries)
		return REFUSE(v, "the peer allows two Primaries, which is not done here");
	if (q->after_sb[0] || q->after_sb[1] || q->after_sb[2])
		return REFUSE(
			v,
			"the peer resolves split brains on its own (after-sb-*); only disconnect "
			"is done here");
	if (q->integrity[0])
		return REFUSE(v,
			      "the peer wants data-integrity-alg %s, which is not configured here",
			      q->integrity);
	if (v->link.discard && q->flags & WIRE_CF_DISCARD_MY_DATA)
		return REFUSE(v, "both sides are to discard their data");
	v->link.dry_run = q->flags & WIRE_CF_DRY_RUN;
	link_phase(v, LINK_REPORT);
	return 0;
}

/* agree() - The peer's @theirs is what is configured here as @ours, of option @name. */
static int agree(struct volume *v, const char *name, const char *ours, const char *theirs)
{
	if (!strcmp(ours, theirs))
		return 0;
	return REFUSE(v, "the peer is configured for %s %s, we for %s", name,
		      theirs[0] ? theirs : "none", ours[0] ? ours : "none");
}

int meet_sync_param(struct volume *v, const struct wire_packet *p, void *bulk)
{
	int r = agree(v, "verify-alg", v->config.verify_alg, p->sync_param.verify);

	return r ? r : agree(v, "csums-alg", v->config.csums_alg, p->sync_param.csums);
}
