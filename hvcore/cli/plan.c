// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv plan: what becomes of every domain when hosts are lost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cib.h"
#include "hv/command.h"
#include "plan.h"
#include "plan_apply.h"

enum { ASK_MS = 10000 };

/* All of a file, or of standard input. */
static int read_file(const char *name, char **text, size_t *len, struct hv_error *err)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "re") : stdin;
	size_t room = 0, n = 1;
	int rc = 0;

	while (f && n && !rc) {
		char *more = *len < room ? *text : realloc(*text, room = room ? 2 * room : 65536);

		if (!more || *len > HV_COMMAND_OUTPUT_MAX) {
			rc = more ? -EFBIG : -ENOMEM;
			break;
		}
		*text = more;
		n = fread(*text + *len, 1, room - *len, f);
		*len += n;
	}
	if (!f || ferror(f))
		rc = hv_err(err, -EIO, "%s: cannot be read: %s", name, strerror(errno));
	if (f && f != stdin)
		fclose(f);
	return rc;
}

int plan_text(const struct options *o, char **text, size_t *len, struct hv_error *err)
{
	return o->given & OPT_CIB ? read_file(o->cib, text, len, err)
				  : cib_text(text, len, left(o), err);
}

int plan_ask(struct plan_cluster *c, struct hv_error *err)
{
	char *text = NULL;
	size_t len = 0;
	int rc = cib_text(&text, &len, ASK_MS, err);

	if (!rc && !(c->doc = plan_parse(text, len)))
		rc = hv_err(err, -EIO, "cibadmin's answer is not XML");
	free(text);
	return rc ? rc : plan_read(c, err);
}

int plan_load(struct plan_cluster *c, const struct options *o, struct hv_error *err)
{
	char *text = NULL;
	size_t len = 0;
	int rc = plan_text(o, &text, &len, err);

	if (!rc && !(c->doc = plan_parse(text, len)))
		rc = hv_err(err, -EIO, "%s: it is not XML",
			    o->given & OPT_CIB ? o->cib : "cibadmin's answer");
	free(text);
	return rc ? rc : plan_read(c, err);
}

static int parse_loss(const struct plan_cluster *c, const char *text, struct hv_plan_loss *l,
		      struct hv_error *err)
{
	char *copy = strdup(text), *save = NULL;
	int rc = copy ? 0 : -ENOMEM;

	for (char *name = copy ? strtok_r(copy, ", ", &save) : NULL; name && !rc;
	     name = strtok_r(NULL, ", ", &save)) {
		int h = plan_host(c, name);

		if (h < 0)
			rc = hv_err(err, -EINVAL, "--loss %s: the cluster has no host %s", text,
				    name);
		else if (l->nlost == HV_PLAN_LOST_MAX)
			rc = hv_err(err, -EINVAL, "--loss %s: at most %d hosts", text,
				    HV_PLAN_LOST_MAX);
		else
			l->lost[l->nlost++] = (unsigned)h;
	}
	free(copy);
	return rc;
}

/* The losses asked for, and before them how things are, where that is no good already. */
static int find_losses(struct plan_answer *a, const struct options *o, struct hv_plan_loss **loss,
		       struct hv_error *err)
{
	const struct hv_plan *p = &a->c->plan;
	struct hv_plan_loss now, *more;
	int rc = 0;

	if (o->given & OPT_LOSS) {
		*loss = calloc(1, sizeof(**loss));
		a->n = 1;
		rc = *loss ? parse_loss(a->c, o->loss, *loss, err) : -ENOMEM;
		if (!rc) {
			struct hv_plan_loss asked = **loss;

			hv_plan_lose(p, a->work, asked.lost, asked.nlost, NULL, *loss);
		}
	} else {
		rc = hv_plan_losses(p, o->losses, loss, &a->n);
		hv_plan_lose(p, a->work, NULL, 0, NULL, &now);
		more = rc ? NULL : realloc(*loss, (a->n + 1) * sizeof(*more));
		if (more && (now.count[HV_PLAN_NOT] || now.count[HV_PLAN_DOUBT] || now.pushed)) {
			memmove(more + 1, more, a->n++ * sizeof(*more));
			more[0] = now;
		}
		*loss = more ? more : *loss;
	}
	a->loss = *loss;
	return rc;
}

int cmd_plan(const struct options *o, int argc, char **argv)
{
	struct plan_cluster c = {0};
	struct hv_error err = {""};
	struct hv_plan_loss *loss = NULL;
	struct plan_answer a = {.c = &c, .every = (o->given & OPT_LOSS) != 0};
	int rc, code;

	if (o->given & OPT_PUBLISH)
		return plan_publish(o);
	if (o->given & OPT_APPLY)
		return plan_apply(o);
	if (o->given & (OPT_DRY_RUN | OPT_REHOME))
		return usage("--dry-run and --rehome go with --apply");
	rc = plan_load(&c, o, &err);
	if (!rc) {
		a.work = hv_plan_work_new(&c.plan);
		a.place = calloc(c.plan.nitems + 1, sizeof(*a.place));
		rc = a.work && a.place ? find_losses(&a, o, &loss, &err) : -ENOMEM;
		if (!rc)
			plan_notes(&c, a.work, a.place, o->losses);
	}
	if (rc)
		code = fail(rc == -ENOENT ? -EIO : rc, &err);
	else if (o->given & OPT_JSON)
		code = print_json(plan_json(&a), plan_code(&a));
	else {
		plan_print(&a);
		code = plan_code(&a);
	}
	free(loss);
	free(a.place);
	hv_plan_work_free(a.work);
	plan_free(&c);
	return code;
}
