// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Other options for a volume that is up.  What both sides have to agree on waits for the next connection; what
 * the metadata was opened with, and what a handler is needed for, for the next start.
 */
#include <string.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

/* keep_identity() - What a volume is does not change while it is up. */
static unsigned keep_identity(struct volume_config *next, const struct volume_config *now)
{
	unsigned later = 0;

	memcpy(next->name, now->name, sizeof(next->name));
	next->disk = now->disk;
	next->meta = now->meta;
	next->behind = now->behind;
	next->meta_kind = now->meta_kind;
	next->meta_index = now->meta_index;
	next->local = now->local;
	next->peer = now->peer;
	if (next->al_extents != now->al_extents)
		later |= LATER_AL_EXTENTS;
	next->al_extents = now->al_extents;
	/* with it come a handler and quorum, or they go */
	if ((next->fencing == FENCING_DONT_CARE) != (now->fencing == FENCING_DONT_CARE)) {
		later |= LATER_FENCING;
		next->fencing = now->fencing;
	}
	return later;
}

/* keep_agreed() - What was agreed on with the peer holds as long as the connection. */
static unsigned keep_agreed(struct volume_config *next, const struct volume_config *now)
{
	unsigned later = 0;

	if (next->protocol != now->protocol)
		later |= LATER_PROTOCOL;
	if (strcmp(next->secret, now->secret) || strcmp(next->cram_alg, now->cram_alg))
		later |= LATER_SECRET;
	if (strcmp(next->csums_alg, now->csums_alg) || strcmp(next->verify_alg, now->verify_alg))
		later |= LATER_DIGESTS;
	if (memcmp(&next->tls, &now->tls, sizeof(next->tls)))
		later |= LATER_TLS;
	next->tls = now->tls;
	next->protocol = now->protocol;
	memcpy(next->csums_alg, now->csums_alg, sizeof(next->csums_alg));
	memcpy(next->verify_alg, now->verify_alg, sizeof(next->verify_alg));
	memcpy(next->secret, now->secret, sizeof(next->secret));
	memcpy(next->cram_alg, now->cram_alg, sizeof(next->cram_alg));
	return later;
}

static void take(struct volume *v, const struct volume_config *c)
{
	v->config = *c;
	detach_timeout(v);
	if (c->secret[0])
		digest_find(&v->link.auth, c->cram_alg); /* its name was looked up before */
	sync_digests(v);
}

void reconfigure_connection(struct volume *v)
{
	if (!v->has_next)
		return;
	v->has_next = false;
	take(v, &v->next);
}

unsigned volume_reconfigure(struct volume *v, const struct volume_config *c)
{
	struct volume_config next = *c;
	unsigned later = keep_identity(&next, &v->config);

	v->next = next;
	v->has_next = true;
	if (v->link.phase <= LINK_SEEK) {
		reconfigure_connection(v);
	} else {
		later |= keep_agreed(&next, &v->config);
		take(v, &next);
	}
	volume_say(v, LOG_NOTICE, "other options%s",
		   later ? ", some of them from the next connection or start on" : "");
	return later;
}
