// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the parameters say, and whether there is a daemon and whose.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/rundir.h"
#include "hv/standby.h"

#include "pool.h"

const struct hv_daemon pool_daemon = {
	.name = "poold",
	.program = "taiki-poold",
	.variable = "TAIKI_POOLD",
	.path = "/usr/sbin/taiki-poold",
	.group = ".poold",
	.oom_score = -500,
};

void pool_look(struct pool_view *v, const char *question, int64_t deadline)
{
	char *answer = NULL;
	const char *resource;
	pid_t written;
	int held = hv_daemon_holder(&pool_daemon, &written);

	*v = (struct pool_view){0};
	if (held <= 0) {
		v->presence = held ? POOL_UNKNOWN : POOL_ABSENT;
		v->error = held;
		return;
	}
	v->error = hv_daemon_ask(&pool_daemon, question, deadline, &answer, &v->pid);
	if (v->error == -ESRCH) {
		*v = (struct pool_view){.presence = POOL_ABSENT};
		return;
	}
	if (!v->pid)
		v->pid = written;
	if (!v->error)
		v->said = json_loads(answer, 0, NULL);
	free(answer);
	resource = json_string_value(json_object_get(v->said, "resource"));
	if (!v->error && !resource)
		v->error = -EPROTO;
	if (v->error)
		v->presence = POOL_SILENT;
	else
		v->presence = strcmp(resource, ocf_instance()) ? POOL_FOREIGN : POOL_ANSWERS;
}

static bool meta_is(const char *name, const char *value)
{
	char key[64];
	const char *is;

	snprintf(key, sizeof(key), "OCF_RESKEY_CRM_meta_%s", name);
	is = getenv(key);
	return is && !strcmp(is, value);
}

/* kind() - An anonymous clone, one a host, or a primitive. */
static enum ocf_rc kind(void)
{
	static const struct {
		const char *meta, *value, *is;
	} refused[] = {
		{"globally_unique", "true", "a globally unique clone"},
		{"promotable", "true", "a promotable clone"},
		{"master_max", "1", "a promotable clone"},
	};
	const char *per_node = getenv("OCF_RESKEY_CRM_meta_clone_node_max");

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (meta_is(refused[i].meta, refused[i].value))
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "%s is %s; a pool is an anonymous clone",
					       ocf_instance(), refused[i].is);
	if (per_node && atoi(per_node) > 1)
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "%s has clone-node-max=%s; there is one pool a host",
				       ocf_instance(), per_node);
	return OCF_SUCCESS;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static unsigned number(const char *name)
{
	const char *text = ocf_param(name);
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *text < '0' || *text > '9' || *end || n > 1000000 ? 1000000 : (unsigned)n;
}

enum ocf_rc pool_settings(struct pool_settings *s)
{
	const char *domains = ocf_param("domains"), *logfile = ocf_param("logfile");
	struct hv_error err;
	enum ocf_rc rc = kind();

	if (rc)
		return rc;
	if (*logfile != '/')
		return ocf_exit_reason(OCF_ERR_CONFIGURED, "logfile '%s' is not an absolute path",
				       logfile);
	*s = (struct pool_settings){
		.resource = copy(ocf_instance()),
		.spares = number("spares"),
		.template = copy(ocf_param("template")),
		.directory = copy(ocf_param("directory")),
		.boot_timeout_ms = ocf_param_ms("boot_timeout"),
		.ready_after_ms = ocf_param_ms("ready_after"),
		.boots = number("boots"),
		.assume_fencing = ocf_param_true("assume_fencing"),
	};
	if ((domains && pool_settings_domains(s, domains, &err)) || pool_settings_check(s, &err)) {
		pool_settings_free(s);
		return ocf_exit_reason(OCF_ERR_CONFIGURED, "%s", err.text);
	}
	return OCF_SUCCESS;
}

unsigned pool_standbys(void)
{
	char **names = hv_run_list(NULL);
	unsigned n = 0;

	for (char **at = names; at && *at; at++)
		n += hv_name_kind(*at) != HV_KIND_DOMAIN &&
		     hv_presence(*at, NULL, NULL) != HV_ABSENT;
	free(names);
	return n;
}
