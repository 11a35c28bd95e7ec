/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doors of taiki-fenced: who comes in, and who they are.
 *
 *   channel  the fence channel of each domain of this host that has a group
 *            (hv/config.h fence_group); the host itself vouches for who it is
 *   tls      TCP and TLS 1.3 with a pre-shared key; the key's identity is the
 *            name of a domain, or of a stranger that the table of keys gives a group
 *
 * A door hands over requests that are well-formed, not replayed and not too
 * frequent (door_policy.h); everything else it answers itself.  Every request and every
 * outcome is written to the audit log (audit.h) by the doors, and by nobody else.
 * All of it runs on taiki-fenced's main loop and never waits.
 *
 * A client is somebody, not a connection: it may lose its connection, come back
 * and ask again with the same id.  While its request is with the callee, the door
 * only remembers where the answer is to go; afterwards it repeats the answer, for
 * DOOR_REMEMBER_S.  What was asked before this daemon started the door cannot know:
 * the callee must tell by the id, or by what it finds, that it was done already.
 */
#ifndef TAIKI_FENCE_DOOR_H
#define TAIKI_FENCE_DOOR_H

#include "fencing/message.h"

enum { DOOR_REMEMBER_S = 600 };

struct qb_loop;
struct door_client; /* lives until gone() was called */

struct door_ops {
	/*
	 * request() - @who asks for @r (valid during the call).  The callee answers once,
	 * now or later, with door_answer(); by r->timeout_ms at the latest.  LIST and
	 * MONITOR have an empty target, all others a domain's name that hv_name_ok().  It must
	 * not remove a channel or close the doors in here; it may answer.
	 */
	void (*request)(struct door_client *who, const struct fence_request *r);
	/* gone() - It has gone, with what it asked; it must not be answered any more. */
	void (*gone)(struct door_client *who);
	/*
	 * group_of() - The fence group in the definition of @domain, which need not run
	 * here; NULL: it has none, or nobody knows it (its key then opens nothing).
	 * Asked at each request that comes over TLS; valid until the next call.
	 */
	const char *(*group_of)(const char *domain);
};

/* door_domain() - The domain that asks, "" for a stranger; door_group() - its fence group. */
const char *door_domain(const struct door_client *who);
const char *door_group(const struct door_client *who);
/* door_name() - For messages: "domain db1 (channel)", "db2 (tls, 10.0.0.7)". */
const char *door_name(const struct door_client *who);

/*
 * door_answer() - The answer to the request of @who whose id is r->id; one that is not
 * open is ignored.  @incarnation is the target's that was found (for the audit log), or NULL.
 */
void door_answer(struct door_client *who, const struct fence_reply *r, const char *incarnation);

/* door_open() - Remember loop and callee.  Before all else here. */
void door_open(struct qb_loop *loop, const struct door_ops *ops);
void door_close(void);

/*
 * door_channel_add() - Connect to RUN/@domain/channel/org.taiki.fence.0.sock and
 * stay connected (again after each loss) until door_channel_remove().  0, -EINVAL
 * (a bad name), -EEXIST (it is there, and has @group now), -ENOMEM.
 */
int door_channel_add(const char *domain, const char *group);
void door_channel_remove(const char *domain);

/*
 * door_tls_listen() - Serve TLS on @address ("[::]:1230" or "10.0.0.1:1230"; may be called
 * for several) with the table of keys @path: lines "IDENTITY HEXKEY [group=GROUP]", mode
 * 0600, read anew when it changes.  An identity without group= is a domain, and its group
 * is what its definition says.  0, or -errno with a message for a person in @err.
 */
int door_tls_listen(const char *address, const char *path, char *err, size_t err_size);

#endif
