/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-fence-peer: has Pacemaker promote a mirror nowhere else than here, until it is lifted.
 *
 *   facts.c   what the cluster's XML says     decide.c  what follows from it (pure)
 *   main.c    asking, placing, waiting
 */
#ifndef MIRROR_FENCE_FENCE_H
#define MIRROR_FENCE_FENCE_H

#include <stdbool.h>
#include <stddef.h>

enum { FENCE_NAME = 256 };

/* How the peer's host is, to Pacemaker. */
enum peer_host {
	PEER_ABSENT,  /* it names none */
	PEER_ONLINE,  /* a member */
	PEER_UNCLEAN, /* lost, and not fenced yet; or it comes or goes */
	PEER_DOWN,    /* it has left in order, or was fenced */
};

struct fence_facts {
	bool quorate;
	char clone[FENCE_NAME]; /* the promotable clone of the volume; empty: there is none */
	char peer[FENCE_NAME];  /* the other node of its parameter `hosts`; empty: not ours */
	char only[FENCE_NAME];  /* who may be promoted by the constraint; empty: no constraint */
	enum peer_host host;
	bool peer_has_it;      /* the peer's own copy of the configuration has our constraint */
	char conf[FENCE_NAME]; /* in place of `hosts`: the drbd.conf of the parameter `config` */
};

enum fence_step {
	FENCE_WAIT,             /* look again */
	FENCE_PLACE,            /* place the constraint, look again */
	FENCE_ASK,              /* look whether the peer's copy has it, look again */
	FENCE_SAY_OUTDATED,     /* exit 4 */
	FENCE_SAY_PRIMARY,      /* exit 6 */
	FENCE_SAY_DOWN,         /* exit 7 */
	FENCE_SAY_UNCONFIGURED, /* exit 1 */
};

/* fence_decide() - The next step for node @me.  Pure. */
enum fence_step fence_decide(const struct fence_facts *f, const char *me);

/* fence_constraint_id() - Of volume @resource's constraint. */
void fence_constraint_id(char out[FENCE_NAME], const char *resource);

/*
 * fence_read_cib() - Clone, peer and constraint of volume @resource from a CIB, or its configuration.
 * 0, or -EINVAL: that is no XML.
 */
int fence_read_cib(struct fence_facts *f, const char *text, size_t len, const char *resource,
		   const char *me);

/*
 * fence_read_conf() - f->peer from what drbdadm dump-xml says of the volume: the host that is not @me, where two
 * are named and @me is one of them.  0 or -EINVAL.
 */
int fence_read_conf(struct fence_facts *f, const char *text, size_t len, const char *me);

/* fence_read_status() - Quorum and f->peer's host from what crm_mon --output-as=xml says.  0 or -EINVAL. */
int fence_read_status(struct fence_facts *f, const char *text, size_t len);

#endif
