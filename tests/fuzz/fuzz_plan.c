// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration's bytes, read as `hv plan` reads them, and planned.  Whatever they are,
 * the answer is an error with words in it, or a plan in which every domain has one fate and
 * whoever runs has a host that is there.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"
#include "hvcore/cli/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOSSES = 40 };

static void must(int holds)
{
	if (!holds)
		abort();
}

/* Files that a configuration names are not there. */
int hv_definition_read(const char *path, char **text, size_t *len, struct hv_error *err)
{
	*text = NULL;
	*len = 0;
	return hv_err(err, -ENOENT, "%s: is not read here", path);
}

static void check(const struct hv_plan *p, const struct hv_plan_place *place,
		  const struct hv_plan_loss *sum)
{
	unsigned fates = 0, domains = 0;

	for (unsigned f = 0; f <= HV_PLAN_OFF; f++)
		fates += sum->count[f];
	for (unsigned i = 0; i < p->nitems; i++) {
		const struct hv_plan_place *at = &place[i];
		bool lost = false;

		if (p->item[i].what != HV_PLAN_DOMAIN)
			continue;
		domains++;
		must(at->fate <= HV_PLAN_OFF && at->host < (int)p->nhosts);
		must((at->fate == HV_PLAN_NOT || at->fate == HV_PLAN_OFF) == (at->host < 0));
		must(at->fate != HV_PLAN_NOT || at->why != HV_PLAN_FINE);
		for (unsigned n = 0; n < sum->nlost; n++)
			lost = lost || at->host == (int)sum->lost[n];
		must(!lost && (at->host < 0 || p->host[at->host].up));
		for (unsigned k = 0; k < HV_PLAN_OURS && at->host >= 0; k++)
			must(at->given[k] >= p->item[i].least[k] &&
			     at->given[k] <= p->item[i].full[k]);
	}
	must(fates == domains);
}

static void plan(const struct hv_plan *p)
{
	struct hv_plan_work *w = hv_plan_work_new(p);
	struct hv_plan_place *place = calloc(p->nitems + 1, sizeof(*place));
	struct hv_plan_loss sum;

	must(w && place);
	hv_plan_lose(p, w, NULL, 0, place, &sum);
	check(p, place, &sum);
	for (unsigned h = 0; h < p->nhosts && h < LOSSES; h++) {
		hv_plan_lose(p, w, &h, 1, place, &sum);
		check(p, place, &sum);
	}
	free(place);
	hv_plan_work_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan_cluster c = {.doc = plan_parse((const char *)data, size)};
	struct hv_error err = {""};
	int rc = c.doc ? plan_read(&c, &err) : -EIO;

	must(rc == 0 || rc == -EIO || rc == -EINVAL);
	must(rc != -EINVAL || err.text[0]);
	if (!rc)
		plan(&c.plan);
	plan_free(&c);
	return 0;
}
