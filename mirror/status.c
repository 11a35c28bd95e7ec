// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "mirror/mirrord.h"

static json_t *uuids(const struct generation *g)
{
	json_t *a = json_array();
	char text[20];

	for (int i = 0; i < MD_UUIDS; i++) {
		snprintf(text, sizeof(text), "%016" PRIX64, g->uuid[i]);
		json_array_append_new(a, json_string(text));
	}
	return a;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* What has clients wait. */
static json_t *suspended_by(const struct volume_status *s)
{
	json_t *a = json_array();

	if (s->state.suspended & SUSP_FENCING)
		json_array_append_new(a, json_string("fencing"));
	if (s->state.suspended & SUSP_NO_DATA)
		json_array_append_new(a, json_string("data"));
	if (s->no_quorum)
		json_array_append_new(a, json_string("quorum"));
	return a;
}

static json_t *split(const struct volume_split *s)
{
	return json_pack("{s:b s:{s:o s:o} s:{s:o s:o}}", "exact", s->exact, "mine", "generations",
			 uuids(&s->mine), "written", number(s->mine_written * 512), "peer",
			 "generations", uuids(&s->peer), "written", number(s->peer_written * 512));
}

json_t *status_json(struct mirrord *m)
{
	struct volume_status s;
	json_t *o;

	volume_status(m->volume, &s);
	o = json_pack("{s:s s:s s:s s:s s:s s:s}", "name", s.name, "role", role_name(s.state.role),
		      "peer-role", role_name(s.state.peer), "connection", conn_name(s.state.conn),
		      "disk", disk_name(s.state.disk), "peer-disk", disk_name(s.state.pdsk));
	json_object_set_new(o, "suspended", json_boolean(s.state.suspended || s.no_quorum));
	json_object_set_new(o, "suspended-by", suspended_by(&s));
	json_object_set_new(o, "tls", json_boolean(s.tls));
	json_object_set_new(o, "size", number(s.sectors * 512));
	json_object_set_new(o, "out-of-sync", number(s.out_of_sync * 512));
	if (s.sync_total) {
		json_object_set_new(o, "resync-total", number(s.sync_total * 512));
		json_object_set_new(o, "resync-left", number(s.sync_left * 512));
		json_object_set_new(o, "resync-equal", number(s.sync_same * 512));
		json_object_set_new(o, "resync-ms", number(s.sync_ms));
	}
	json_object_set_new(o, "verify-found", number(s.verify_found * 512));
	json_object_set_new(o, "generations", uuids(&s.gen));
	json_object_set_new(o, "flags", number(s.flags));
	json_object_set_new(o, "written", number(s.written));
	json_object_set_new(o, "read", number(s.read));
	json_object_set_new(o, "sent", number(s.sent));
	json_object_set_new(o, "received", number(s.received));
	json_object_set_new(o, "in-flight", number(s.in_flight));
	json_object_set_new(o, "epochs", number(s.epochs));
	json_object_set_new(o, "al-transactions", number(s.al_transactions));
	json_object_set_new(o, "metadata-writes", number(s.md_writes));
	json_object_set_new(o, "nbd-clients", number(m->nbd ? nbd_clients(m->nbd) : 0));
	if (s.split.is)
		json_object_set_new(o, "split-brain", split(&s.split));
	json_object_set_new(o, "vhost-user-clients",
			    number(m->vhost ? vhost_clients(m->vhost) : 0));
	if (s.why)
		json_object_set_new(o, "last-disconnect", json_string(s.why));
	return o;
}

static void add_line(void *arg, const struct history_line *l)
{
	json_array_append_new(arg, json_pack("{s:f s:i s:s}", "time",
					     (double)l->at.tv_sec + (double)l->at.tv_nsec / 1e9,
					     "level", l->level, "text", l->text));
}

json_t *history_json(struct mirrord *m)
{
	json_t *a = json_array();

	volume_history(m->volume, add_line, a);
	return a;
}
