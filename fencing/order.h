/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the taiki-fenced of all hosts know and decide together.
 *
 * Every host receives the same messages in the same order (libcpg, agreed order) and
 * applies them to the same state; so each knows what was decided without asking
 * anybody.  Nothing here waits, looks at a clock or at this host: order_apply() changes the
 * state, and order_duty() says what a host has to do next about a request.
 *
 * A request that is to change something goes through phases:
 *
 *	             resource?                    all instances proven
 *	OFF  ──► MARK ────────► KILL ──────────► [SETTLE] ──► DOWN ──► done
 *	REBOOT ───────────────► KILL ──────────► done
 *	ON   ──► MARK ────────► UP ──► done
 *
 * MARK: the coordinator (the host whose client asked) writes or lifts the owner's mark in
 * the host cluster's configuration.  KILL: each host that runs an instance ends it, with proof;
 * one that is gone must be confirmed dead.  SETTLE: an instance was found ended already, so the
 * cluster may have begun to start another before it saw the mark: the coordinator waits
 * until the cluster is idle.  DOWN, UP: until the table says so.
 *
 * At its place in the order a request fixes the incarnations it means, and condemns
 * them: a request of a condemned incarnation that comes later is void.
 */
#ifndef TAIKI_FENCE_ORDER_H
#define TAIKI_FENCE_ORDER_H

#include "fencing/message.h"

enum {
	ORDER_ID = 16,
	ORDER_NAME = FENCE_NAME_MAX + 1,
	ORDER_UUID = 37, /* with NUL */
	ORDER_RESOURCE = 128,
	ORDER_TEXT = FENCE_TEXT_MAX + 1,
	ORDER_HOSTS_MAX = 128,
	ORDER_DOMAINS_MAX = 1024, /* the oldest that does not run makes room */
	ORDER_PENDING_MAX = 128,
	ORDER_INSTANCES_MAX = 4,
	ORDER_OUTCOMES_MAX = 512,
	ORDER_CONDEMNED_MAX = 1024,
	ORDER_OUTCOME_AGE_S = 24 * 3600,
};

struct order_host {
	uint32_t nodeid;
	char name[ORDER_NAME];
	char boot[ORDER_UUID];
	bool present; /* its taiki-fenced is a member */
	bool dead;    /* not present, and its end is confirmed: nothing of that boot runs */
};

/* What a host said of a domain; several hosts may have an entry of one name. */
struct order_domain {
	char name[ORDER_NAME];
	char incarnation[ORDER_UUID];
	char group[ORDER_NAME];
	char resource[ORDER_RESOURCE]; /* "" for one that was started by hand */
	uint32_t host;
	char boot[ORDER_UUID];
	bool up;
	uint64_t seq; /* when it was last said */
};

enum order_proof {
	ORDER_UNPROVEN = 0,
	ORDER_KILLED,    /* it ran, and was killed */
	ORDER_FOUND,     /* it had ended already */
	ORDER_HOST_DEAD, /* the end of its host was confirmed */
};

struct order_instance {
	uint32_t host;
	char boot[ORDER_UUID];
	char incarnation[ORDER_UUID];
	uint8_t proof; /* enum order_proof */
};

enum order_phase { ORDER_MARK = 1, ORDER_KILL, ORDER_SETTLE, ORDER_DOWN, ORDER_UP };

struct order_pending {
	uint8_t id[ORDER_ID];
	uint16_t op; /* enum fence_op: OFF, ON, REBOOT */
	uint8_t phase;
	uint32_t timeout_ms;
	uint32_t coordinator;
	uint64_t seq;
	char target[ORDER_NAME];
	char resource[ORDER_RESOURCE];
	char sender[ORDER_NAME]; /* a domain, or "" */
	char sender_name[ORDER_TEXT];
	uint8_t ninstances;
	struct order_instance instance[ORDER_INSTANCES_MAX];
};

struct order_outcome {
	uint8_t id[ORDER_ID];
	uint16_t op;
	uint16_t result; /* enum fence_result */
	uint64_t seq;
	uint64_t time_ms; /* CLOCK_REALTIME of who reported it */
	char target[ORDER_NAME];
	char incarnation[ORDER_UUID]; /* the first of those it meant */
	char sender_name[ORDER_TEXT];
	char text[ORDER_TEXT];
};

struct order_condemned {
	char incarnation[ORDER_UUID];
	uint8_t by[ORDER_ID];
};

struct order_state {
	uint64_t seq;     /* messages applied */
	uint64_t time_ms; /* newest time in any message, in bounded steps: ages outcomes */
	uint32_t nhosts, ndomains, npending, noutcomes, ncondemned;
	struct order_host host[ORDER_HOSTS_MAX];
	struct order_domain domain[ORDER_DOMAINS_MAX];
	struct order_pending pending[ORDER_PENDING_MAX]; /* in order */
	struct order_outcome outcome[ORDER_OUTCOMES_MAX];
	struct order_condemned condemned[ORDER_CONDEMNED_MAX];
};

enum order_kind {
	ORDER_MSG_HELLO = 1, /* sync.h */
	ORDER_MSG_SNAPSHOT,  /* sync.h */
	ORDER_MSG_RESYNC,    /* sync.h */
	ORDER_MSG_ANNOUNCE,  /* every domain of the sender, in `blob` (order_domains_*) */
	ORDER_MSG_UP,        /* a domain has started on the sender */
	ORDER_MSG_DOWN,      /* it has ended there, with proof */
	ORDER_MSG_REQUEST,
	ORDER_MSG_MARKED,  /* the coordinator wrote or lifted the mark, or could not */
	ORDER_MSG_PROOF,   /* the sender ended an instance, or could not */
	ORDER_MSG_SETTLED, /* the cluster was idle after the mark, or is not in time */
	ORDER_MSG_GIVE_UP, /* the deadline has passed */
	ORDER_MSG_HOST_DEAD,
	ORDER_MSG_KINDS
};

/* One message; which members count, order_message.c says by kind. */
struct order_message {
	uint16_t kind;
	uint64_t time_ms; /* CLOCK_REALTIME of the sender */
	/* HELLO, SNAPSHOT */
	uint64_t view, digest, applied;
	bool stale;
	char host[ORDER_NAME];
	char boot[ORDER_UUID];
	/* UP, DOWN */
	char name[ORDER_NAME];
	char incarnation[ORDER_UUID];
	char group[ORDER_NAME];
	char resource[ORDER_RESOURCE];
	/* REQUEST and what follows it */
	uint8_t id[ORDER_ID];
	uint16_t op;
	uint16_t result; /* enum fence_result: 0 done */
	bool alive;      /* PROOF: it ran until we killed it */
	uint32_t timeout_ms;
	uint32_t nodeid; /* HOST_DEAD */
	char target[ORDER_NAME];
	char sender[ORDER_NAME];             /* the domain that asks, or "" */
	char sender_incarnation[ORDER_UUID]; /* what ran when it asked, or "" */
	char sender_group[ORDER_NAME];       /* of a stranger */
	char sender_name[ORDER_TEXT];        /* for messages */
	char text[ORDER_TEXT];
	/* SNAPSHOT, ANNOUNCE: points into what was decoded, or to the sender's bytes */
	const uint8_t *blob;
	uint32_t blob_len;
};

enum { ORDER_WIRE_MAX = 1000 << 10 }; /* below what libcpg carries in one message */

/* Bytes written, or -ENOSPC, -EINVAL.  order_decode(): 0 or -EINVAL; m->blob points into @data. */
int order_encode(uint8_t *out, size_t size, const struct order_message *m);
int order_decode(const uint8_t *data, size_t len, struct order_message *m);

/* The list in an ANNOUNCE: name, incarnation, group, resource of each. */
int order_domains_encode(uint8_t *out, size_t size, const struct order_domain *d, uint32_t n);
int order_domains_decode(const uint8_t *in, size_t len, struct order_domain *d, uint32_t max);

/* The whole state.  order_state_decode() leaves @s untouched unless it returns 0. */
int order_state_encode(uint8_t *out, size_t size, const struct order_state *s);
int order_state_decode(const uint8_t *in, size_t len, struct order_state *s);
/* order_state_digest() - Equal for equal states. */
uint64_t order_state_digest(const struct order_state *s);

/* order_apply() - @m was delivered, sent by host @from. */
void order_apply(struct order_state *s, uint32_t from, const struct order_message *m);

/*
 * order_member() - Host @nodeid is a member, called @name, booted as @boot: what ran there
 * before another boot is gone.  order_absent() - Every host not in @present[@n] has left;
 * the lowest of @present takes over what hosts that left were coordinating.
 */
void order_member(struct order_state *s, uint32_t nodeid, const char *name, const char *boot);
void order_absent(struct order_state *s, const uint32_t *present, size_t n);

enum order_duty_kind { ORDER_NOTHING = 0, ORDER_DO_MARK, ORDER_DO_KILL, ORDER_DO_SETTLE };

/*
 * order_duty() - What host @me has to do for @p now, and for which instance (ORDER_DO_KILL).
 * Only the first of the requests for one target is worked on.
 */
enum order_duty_kind order_duty(const struct order_state *s, const struct order_pending *p,
				uint32_t me, unsigned *instance);

/* What the state says.  The pointers are valid until the next change. */
const struct order_pending *order_find_pending(const struct order_state *s, const uint8_t *id);
const struct order_outcome *order_find_outcome(const struct order_state *s, const uint8_t *id);
const struct order_host *order_find_host(const struct order_state *s, uint32_t nodeid);
/* order_find_domain() - The newest entry of that name, one that is up before all others; or NULL. */
const struct order_domain *order_find_domain(const struct order_state *s, const char *name);
/* order_power() - enum fence_power: unknown where an entry is up on a host that has left. */
enum fence_power order_power(const struct order_state *s, const char *name);
/* order_waits_for() - What a request waits for, for a person. */
void order_waits_for(const struct order_state *s, const struct order_pending *p, char *out,
		     size_t size);

#endif
