// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of a volume and the generation of its data: the one way that each changes.
 */
#include <errno.h>
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

/* suspend() - A Primary whose data nobody has waits for it. */
static void suspend(struct volume *v, struct drbd_state *next)
{
	bool was = v->state.suspended & SUSP_NO_DATA;
	bool is = next->role == ROLE_PRIMARY && !data_is_reachable(next);

	next->suspended &= ~(unsigned)SUSP_NO_DATA;
	if (is)
		next->suspended |= SUSP_NO_DATA;
	if (was != is)
		volume_say(v, is ? LOG_ERR : LOG_NOTICE, "%s",
			   !is ? "there is data again: clients go on"
			   : v->config.no_data_fails
				   ? "no data is within reach: requests fail"
				   : "no data is within reach: clients wait for it");
}

void listeners_tell(struct volume *v)
{
	for (struct list *l = v->listeners.next, *after; after = l->next, l != &v->listeners;
	     l = after) {
		struct volume_listener *w = list_entry(l, struct volume_listener, link);

		w->changed(w);
	}
}

void state_set(struct volume *v, struct drbd_state next, bool tell)
{
	uint32_t flags = keep_flags(v);
	bool same;

	suspend(v, &next);
	same = state_encode(&next) == state_encode(&v->state);
	log_change(v, &next);
	if (next.disk == DISK_UP_TO_DATE && v->state.disk != DISK_UP_TO_DATE)
		behind_forget(v);
	v->state = next;
	if (keep_flags(v) != flags)
		keep_super(v, NULL);
	if (tell && link_is_up(v))
		send_state(v);
	if (!same)
		listeners_tell(v);
	requests_tell(v);
	if (same)
		return;
	fence_look(v);
	loop_task(v->loop, &v->thaw);
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
	/* the peer was just told of the one before, and would take that for what it gets */
	if (v->link.phase == LINK_REPORT)
		link_end(v, false, -ECANCELED, "to greet the peer with the new generation");
	volume_say(v, LOG_NOTICE, "a new generation of data begins: %016llX",
		   (unsigned long long)v->gen.uuid[MD_CURRENT]);
}

void alone(struct volume *v)
{
	const struct drbd_state *s = &v->state;
	bool connected = s->conn >= CONN_CONNECTED;
	bool peer_has = connected && s->pdsk >= DISK_INCONSISTENT;

	if (s->disk != DISK_UP_TO_DATE || peer_has)
		return;
	if (s->role == ROLE_PRIMARY && !v->gen.uuid[MD_BITMAP]) {
		new_generation(v);
	} else if (s->peer == ROLE_PRIMARY && connected) {
		if (!v->gen.uuid[MD_BITMAP])
			new_generation(v);
		pwrites_hold(v);
	}
}
