// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of a volume and the generation of its data: the one way that each changes.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

static void log_change(struct volume *v, const struct drbd_state *next)
{
	const struct drbd_state *s = &v->state;
	char text[200] = "";
	size_t n = 0;

#define CHANGED(field_, name_)                                                                 \
	do {                                                                                   \
		if (s->field_ != next->field_ && n < sizeof(text))                             \
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %s %s -> %s;",     \
					      #field_, name_(s->field_), name_(next->field_)); \
	} while (0)
	CHANGED(role, role_name);
	CHANGED(peer, role_name);
	CHANGED(conn, conn_name);
	CHANGED(disk, disk_name);
	CHANGED(pdsk, disk_name);
#undef CHANGED
	if (n)
		volume_say(v, LOG_INFO, "%s", text + 1);
}

void state_set(struct volume *v, struct drbd_state next, bool tell)
{
	bool same = state_encode(&next) == state_encode(&v->state);
	uint32_t flags = keep_flags(v);

	log_change(v, &next);
	v->state = next;
	if (keep_flags(v) != flags)
		keep_super(v, NULL);
	if (tell && link_is_up(v))
		send_state(v);
	for (struct list *l = v->listeners.next, *after;
	     after = l->next, l != &v->listeners && !same; l = after) {
		struct volume_listener *w = list_entry(l, struct volume_listener, link);

		w->changed(w);
	}
	requests_tell(v);
	if (!same)
		fence_look(v);
}

void volume_listen(struct volume *v, struct volume_listener *l)
{
	list_append(&v->listeners, &l->link);
}

static uint64_t random_uuid(void)
{
	uint64_t u = 0;

	/* 0 and what is just created mean something else */
	while (u >> 8 == 0)
		if (getrandom(&u, sizeof(u), 0) != sizeof(u))
			u = loop_clock() * UINT64_C(0x9e3779b97f4a7c15);
	return u;
}

void new_generation(struct volume *v)
{
	gen_new(&v->gen, random_uuid(), v->state.role);
	v->tell_at = keep_super(v, NULL);
	volume_say(v, LOG_NOTICE, "a new generation of data begins: %016llX",
		   (unsigned long long)v->gen.uuid[MD_CURRENT]);
}

void alone(struct volume *v)
{
	bool peer_has = v->state.conn >= CONN_CONNECTED && v->state.pdsk >= DISK_INCONSISTENT;

	if (v->state.role == ROLE_PRIMARY && v->state.disk == DISK_UP_TO_DATE && !peer_has &&
	    !v->gen.uuid[MD_BITMAP])
		new_generation(v);
}
