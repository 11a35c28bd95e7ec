// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which domains of this host are this resource's, and how they are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/adopt.h"
#include "hv/qmp.h"

#include "domain.h"

enum { NAME_TIMEOUT_MS = 5000 };

/* add() - Those that run come first, so that a stop frees disks before it asks about them. */
static void add(struct domain_list *l, const char *name, bool runs)
{
	unsigned at = runs ? l->running++ : l->n;

	memmove(&l->name[at + 1], &l->name[at], (l->n - at) * sizeof(*l->name));
	l->name[at] = name;
	l->n++;
}

/* definition_name() - The domain's name from the definition, or else the resource's. */
static void definition_name(char name[HV_NAME_MAX + 1])
{
	struct hv_error err;
	struct hv_config c;

	if (domain_config(&c, NULL, &err) == OCF_SUCCESS) {
		snprintf(name, HV_NAME_MAX + 1, "%s", c.name);
		hv_config_free(&c);
		return;
	}
	ocf_log("WARNING", "%s; a domain named as the resource is taken for it", err.text);
	snprintf(name, HV_NAME_MAX + 1, "%s", ocf_instance());
}

int domain_find(struct domain_list *l)
{
	char name[HV_NAME_MAX + 1] = "";
	unsigned n = 0;

	memset(l, 0, sizeof(*l));
	l->all = hv_run_list(&l->err);
	if (!l->all)
		return -EIO;
	while (l->all[n])
		n++;
	l->name = calloc(n + 1, sizeof(*l->name));
	if (!l->name)
		return hv_err(&l->err, -ENOMEM, "out of memory");
	for (char **p = l->all; *p; p++) {
		char *resource = hv_run_read(*p, "resource");
		struct domain_seen s = {*p, resource, hv_presence(*p, NULL, NULL)};
		enum domain_owner owner = domain_owner(&s, ocf_instance());

		free(resource);
		if (owner == OWNER_UNSAID && !name[0])
			definition_name(name);
		if (owner == OWNER_US || (owner == OWNER_UNSAID && !strcmp(name, *p)))
			add(l, *p, s.presence != HV_ABSENT);
	}
	return 0;
}

void domain_list_free(struct domain_list *l)
{
	free(l->name);
	free(l->all);
	memset(l, 0, sizeof(*l));
}

/* role() - A domain without the port for it refuses the question. */
static enum domain_role role(struct hv_qmp *q, int timeout_ms)
{
	enum domain_role r = ROLE_FINE;
	json_t *ret = NULL;

	if (timeout_ms > 0 && !hv_qmp_call(q, "x-taiki-query-role", NULL, timeout_ms, &ret, NULL))
		r = domain_role(json_string_value(json_object_get(ret, "kept")),
				json_string_value(json_object_get(ret, "last")),
				json_integer_value(json_object_get(ret, "told-ms")),
				ocf_param_ms("role_timeout"));
	json_decref(ret);
	return r;
}

void domain_look(const char *name, int timeout_ms, struct domain_view *v)
{
	int64_t until = ocf_now_ms() + timeout_ms;
	struct hv_qmp *q = NULL;
	json_t *ret = NULL;
	const char *status;

	memset(v, 0, sizeof(*v));
	v->presence = hv_presence(name, NULL, &v->err);
	if (v->presence != HV_PRESENT)
		return;
	v->qmp = hv_qmp_open_domain(name, timeout_ms, &q, &v->err);
	if (!v->qmp)
		v->qmp = hv_qmp_call(q, "query-status", NULL, (int)(until - ocf_now_ms()), &ret,
				     &v->err);
	status = json_string_value(json_object_get(ret, "status"));
	if (!v->qmp && !status)
		v->qmp = hv_err(&v->err, -EPROTO, "query-status has no status");
	if (!v->qmp)
		snprintf(v->status, sizeof(v->status), "%s", status);
	v->io_error_ms = json_integer_value(json_object_get(ret, "x-taiki-io-error-ms"));
	v->io_grace_ms = json_integer_value(json_object_get(ret, "x-taiki-io-grace-ms"));
	v->owing_ms = json_integer_value(json_object_get(ret, "x-taiki-owing-ms"));
	json_decref(ret);
	if (!v->qmp)
		v->role = role(q, (int)(until - ocf_now_ms()));
	hv_qmp_close(q);
	v->failed = hv_verdict_failed(name);
	v->adopting = hv_adopting(name);
	/* It may just have ended, which is an answer. */
	if (v->qmp && hv_presence(name, NULL, NULL) == HV_ABSENT)
		v->presence = HV_ABSENT;
}
