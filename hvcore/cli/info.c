// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * info: everything about one domain.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "hv/adopt.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "info.h"

static const char *text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static void line(const char *key, const char *value)
{
	printf("%-15s %s\n", key, value);
}

static void print_live(json_t *info)
{
	const char *engine = text_of(info, "engine"), *why = text_of(info, "engine-why");
	size_t n = strlen(engine);
	json_int_t up = json_integer_value(json_object_get(info, "uptime-ns")) / 1000000000;

	line("state:", text_of(info, "status"));
	if (!strncmp(why, engine, n) && !strncmp(why + n, ": ", 2))
		why += n + 2; /* "kvm: because" needs no "kvm" before it */
	printf("%-15s %s, %s\n", "engine:", engine, why);
	line("incarnation:", text_of(info, "incarnation"));
	printf("%-15s %lld\n", "pid:", (long long)json_integer_value(json_object_get(info, "pid")));
	printf("%-15s %lld s\n", "up for:", (long long)up);
	line("rights:", text_of(info, "jail"));
}

static void print_config(const struct hv_config *c)
{
	static const char *const guards[] = {"fencing", "lease", "mirror", "scsi-pr"};

	line("uuid:", c->uuid);
	printf("%-15s %llu MiB\n", "memory:", (unsigned long long)(c->memory >> 20));
	printf("%-15s %u of %u\n", "vcpus:", c->vcpus_current, c->vcpus);
	line(c->kernel ? "kernel:" : "loader:", c->kernel ? c->kernel : c->loader);
	for (unsigned i = 0; i < c->ndisks; i++) {
		const struct hv_disk *d = &c->disk[i];

		printf("%-15s %s, %s", i ? "" : "disks:", d->target, d->path);
		if (d->readonly)
			puts(", read-only");
		else
			printf(", guard %s\n", guards[d->guard]);
	}
	for (unsigned i = 0; i < c->nnics; i++) {
		const struct hv_nic *n = &c->nic[i];

		printf("%-15s %02x:%02x:%02x:%02x:%02x:%02x, %s %s%s\n",
		       i ? "" : "interfaces:", n->mac[0], n->mac[1], n->mac[2], n->mac[3],
		       n->mac[4], n->mac[5], n->direct ? "the host's" : "bridge",
		       n->direct ? n->direct : n->bridge, n->link_down ? ", link down" : "");
	}
	for (unsigned i = 0; i < c->nchannels; i++)
		line(i ? "" : "channels:", c->channel[i].name);
}

/* What it waits for, or what waits for it. */
static void print_standby(const char *name, const struct hv_config *c)
{
	char of[HV_NAME_MAX + 1];

	if (hv_adopting(name))
		line("standby:", "becomes a domain; that is under way, or was not completed");
	else if (!hv_twin_of(of, name))
		printf("%-15s the twin of %s: its active-only disks and interfaces are closed\n",
		       "standby:", of);
	else if (hv_spare_number(name))
		line("standby:", "a spare: its active-only disks and interfaces are closed");
	else if (c->standby.wanted && !hv_twin_name(of, name))
		printf("%-15s %s%s\n", "waits for it:", of, c->standby.spare ? ", or a spare" : "");
}

static int print(const char *name, const struct hv_config *c, json_t *info, json_t *resources)
{
	char *resource = info ? hv_run_read(name, "resource") : NULL;

	line("name:", name);
	if (info)
		print_live(info);
	else
		line("state:", "off");
	line("resource:", resource ? resource : "-");
	print_standby(name, c);
	print_config(c);
	if (resources)
		print_resources(resources);
	print_watch(name, c, info);
	free(resource);
	return HV_EXIT_OK;
}

static int print_as_json(const char *name, const struct hv_config *c, json_t *info, json_t *balloon,
			 json_t *resources)
{
	char *text = hv_config_to_json(c), *resource = info ? hv_run_read(name, "resource") : NULL;
	char *verdict = hv_run_read(name, "verdict");
	json_t *o = json_pack("{s:s, s:b, s:s*, s:s*}", "name", name, "running", info != NULL,
			      "resource", resource, "verdict", verdict);

	json_object_set_new(o, "config", text ? json_loads(text, 0, NULL) : json_null());
	if (info)
		json_object_set(o, "live", info);
	if (balloon)
		json_object_set(o, "balloon", balloon);
	if (resources)
		json_object_set(o, "resources", resources);
	free(text);
	free(resource);
	free(verdict);
	return print_json(o, HV_EXIT_OK);
}

/* A domain that runs is described by what it was started with, another by its file. */
static int load(const char *name, bool runs, struct hv_config *c, struct hv_error *err)
{
	struct hv_definition d;
	int rc;

	if (runs)
		return config_of(name, c, err);
	rc = definition_of(name, &d, err);
	*c = d.config;
	memset(&d.config, 0, sizeof(d.config));
	hv_definition_free(&d);
	return rc;
}

int cmd_info(const struct options *o, int argc, char **argv)
{
	json_t *info = NULL, *balloon = NULL, *resources = NULL;
	enum hv_presence p = HV_ABSENT;
	struct hv_error err = {""};
	const char *name = argv[0];
	struct hv_config c;
	int rc, code;

	if (hv_name_ok(name))
		p = hv_presence(name, NULL, &err);
	if (p == HV_UNKNOWN)
		return fail(-EIO, &err) ? HV_EXIT_UNKNOWN : 0;
	rc = load(name, p == HV_PRESENT, &c, &err);
	if (!rc && p == HV_PRESENT) {
		rc = ask(name, "x-taiki-info", NULL, left(o), &info, &err);
		if (!rc && c.balloon)
			(void)ask(name, "query-balloon", NULL, left(o), &balloon, NULL);
		if (!rc)
			resources = resources_of(o, name);
	}
	if (rc)
		code = fail(rc, &err);
	else if (o->given & OPT_JSON)
		code = print_as_json(name, &c, info, balloon, resources);
	else
		code = print(name, &c, info, resources);
	json_decref(info);
	json_decref(balloon);
	json_decref(resources);
	hv_config_free(&c);
	return code;
}
