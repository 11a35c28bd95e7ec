// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `hv plan --json` says.
 */
#include "plan.h"

static const char *const fates[] = {"full", "squeezed", "unknown", "not", "off"};
static const char *const hows[] = {"stays", "twin", "spare", "cold"};

static json_t *host_name(const struct plan_cluster *c, int h)
{
	return h < 0 ? json_null() : json_string(c->host[h].name);
}

static json_t *amounts(const struct plan_cluster *c, const int64_t *amount, unsigned n)
{
	json_t *o = json_object();

	for (unsigned k = 0; k < n; k++)
		json_object_set_new(o, c->kind[k],
				    amount[k] == HV_PLAN_UNKNOWN ? json_null()
								 : json_integer(amount[k]));
	return o;
}

static json_t *domain(const struct plan_cluster *c, unsigned i, const struct hv_plan_place *at)
{
	char why[256];
	json_t *o = json_pack("{s:s, s:o, s:o, s:s}", "domain", c->item[i].name, "from",
			      host_name(c, c->item[i].runs_on), "to", host_name(c, at->host),
			      "fate", fates[at->fate]);

	if (at->host >= 0) {
		json_object_set_new(o, "how", json_string(hows[at->how]));
		json_object_set_new(o, "given", amounts(c, at->given, HV_PLAN_OURS));
	} else if (*plan_why(c, i, at, why, sizeof(why))) {
		json_object_set_new(o, "why", json_string(why));
	}
	return o;
}

/* Of domains that stay as they are there is nothing to say. */
static json_t *loss(const struct plan_answer *a, const struct hv_plan_loss *l)
{
	json_t *o = json_object(), *lost = json_array(), *domains = json_array();
	struct hv_plan_loss again;

	hv_plan_lose(&a->c->plan, a->work, l->lost, l->nlost, a->place, &again);
	for (unsigned n = 0; n < l->nlost; n++)
		json_array_append_new(lost, json_string(a->c->host[l->lost[n]].name));
	for (unsigned i = 0; i < a->c->plan.nitems; i++) {
		const struct hv_plan_place *at = &a->place[i];

		if (a->c->item[i].what == HV_PLAN_DOMAIN && at->fate != HV_PLAN_OFF &&
		    (at->fate != HV_PLAN_FULL || at->host != a->c->item[i].runs_on))
			json_array_append_new(domains, domain(a->c, i, at));
	}
	json_object_set_new(o, "lost", lost);
	json_object_set_new(o, "domains", domains);
	json_object_set_new(o, "ran", json_integer(l->displaced));
	json_object_set_new(o, "circle", json_boolean(l->circle));
	json_object_set_new(o, "pushed", json_integer(l->pushed));
	for (unsigned f = 0; f < HV_PLAN_OFF; f++)
		json_object_set_new(o, fates[f], json_integer(l->count[f]));
	for (unsigned h = HV_PLAN_TWIN; h <= HV_PLAN_COLD; h++)
		json_object_set_new(o, hows[h], json_integer(l->how[h]));
	return o;
}

static json_t *hosts(const struct plan_cluster *c)
{
	json_t *list = json_array();

	for (unsigned h = 0; h < c->plan.nhosts; h++)
		json_array_append_new(list,
				      json_pack("{s:s, s:b, s:o, s:i}", "host", c->host[h].name,
						"up", (int)c->host[h].up, "capacity",
						amounts(c, c->host[h].capacity, c->plan.nkinds),
						"spares", (int)c->host[h].spares));
	return list;
}

static json_t *twins(const struct plan_cluster *c, unsigned i)
{
	json_t *list = json_array();

	for (unsigned h = 0; h < c->plan.nhosts; h++)
		if (c->item[i].twin && c->item[i].twin[h])
			json_array_append_new(list, json_string(c->host[h].name));
	return list;
}

static json_t *domains(const struct plan_cluster *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->plan.nitems; i++) {
		const struct hv_plan_item *it = &c->item[i];

		if (it->what == HV_PLAN_DOMAIN)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:o, s:i, s:i, s:o, s:o, s:o, s:o}",
						"domain", it->name, "resource", it->resource,
						"runs-on", host_name(c, it->runs_on), "priority",
						it->priority, "shrink", it->shrink, "booked",
						amounts(c, it->book, c->plan.nkinds), "full",
						amounts(c, it->full, HV_PLAN_OURS), "least",
						amounts(c, it->least, HV_PLAN_OURS), "twins",
						twins(c, i)));
	}
	return list;
}

json_t *plan_json(const struct plan_answer *a)
{
	static const char *const verdicts[] = {[HV_EXIT_OK] = "full",
					       [HV_EXIT_SQUEEZED] = "squeezed",
					       [HV_EXIT_UNCOVERED] = "not",
					       [HV_EXIT_UNKNOWN] = "unknown"};
	json_t *losses = json_array(), *notes = json_array();

	for (size_t n = 0; n < a->n; n++)
		json_array_append_new(losses, loss(a, &a->loss[n]));
	for (size_t n = 0; n < a->c->nnotes; n++)
		json_array_append_new(notes, json_string(a->c->note[n]));
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "covered", verdicts[plan_code(a)], "hosts",
			 hosts(a->c), "domains", domains(a->c), "losses", losses, "notes", notes);
}
