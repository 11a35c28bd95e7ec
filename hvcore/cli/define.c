// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * define: check a definition, and keep it on this host.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "hv/replace.h"
#include "hv/rundir.h"

static const char *const kinds[] = {"understood", "passed over", "refused"};

static json_t *verdicts_json(const struct hv_definition *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->nverdicts; i++) {
		const struct hv_verdict *v = &d->verdict[i];

		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s*}", "line", v->line,
						      "path", v->path, "verdict", kinds[v->kind],
						      "reason", v->reason));
	}
	return list;
}

static int check_json(const struct hv_definition *d, const char *file, int rc,
		      const struct hv_error *err)
{
	char *config = rc ? NULL : hv_config_to_json(&d->config);
	json_t *o = json_pack("{s:s, s:o, s:i}", "file", file, "verdicts", verdicts_json(d),
			      "refused", (int)d->refused);

	if (rc)
		json_object_set_new(o, "error", json_string(err->text));
	else if (config)
		json_object_set_new(o, "config", json_loads(config, 0, NULL));
	free(config);
	return print_json(o, rc ? HV_EXIT_REFUSED : HV_EXIT_OK);
}

/* Given or derived, this is what it gets. */
static void print_addresses(const struct hv_config *c)
{
	printf("Its UUID is %s.\n", c->uuid);
	for (unsigned i = 0; i < c->nnics; i++) {
		const uint8_t *m = c->nic[i].mac;

		printf("Its interface %u on %s has the MAC address %02x:%02x:%02x:%02x:%02x:%02x.\n",
		       i, c->nic[i].direct ? c->nic[i].direct : c->nic[i].bridge, m[0], m[1], m[2],
		       m[3], m[4], m[5]);
	}
}

static int check_text(const struct hv_definition *d, const char *file, int rc,
		      const struct hv_error *err)
{
	size_t count[3] = {0};

	for (size_t i = 0; i < d->nverdicts; i++) {
		const struct hv_verdict *v = &d->verdict[i];

		count[v->kind]++;
		printf("%s:%d: %-11s  %s%s%s\n", file, v->line, kinds[v->kind], v->path,
		       v->reason ? ": " : "", v->reason ? v->reason : "");
	}
	if (rc && !d->refused)
		fprintf(stderr, "hv: %s\n", err->text);
	printf("%s: %zu understood, %zu passed over, %zu refused: %s\n", file, count[HV_UNDERSTOOD],
	       count[HV_PASSED_OVER], count[HV_REFUSED], rc ? "it cannot be run" : "it can be run");
	if (!rc)
		print_addresses(&d->config);
	return rc ? HV_EXIT_REFUSED : HV_EXIT_OK;
}

/* hv_definition_resolve()'s other end: the configuration, or a line and exit code 4. */
static int resolve(const struct hv_definition *d, int rc, const struct hv_error *err)
{
	char *config = rc ? NULL : hv_config_to_json(&d->config);

	puts(rc ? err->text : config ? config : "not enough memory");
	rc = rc || !config ? HV_EXIT_REFUSED : HV_EXIT_OK;
	free(config);
	return rc;
}

static int make_directory(const char *path, struct hv_error *err)
{
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *at = strchr(dir + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST)
			return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", dir,
				      strerror(errno));
		*at = '/';
	}
	return 0;
}

/* Either the old file or the new one, also after a power cut. */
static int store(const struct hv_definition *d, const char *path, struct hv_error *err)
{
	int rc = make_directory(path, err);

	if (rc)
		return rc;
	rc = hv_replace(path, d->text, d->len, 0600, true);
	return rc ? hv_err(err, rc, "%s: cannot be written: %s; run as root?", path, strerror(-rc))
		  : 0;
}

static int keep(const struct options *o, const struct hv_definition *d)
{
	const struct hv_config *c = &d->config;
	struct hv_error err = {""};
	char path[4096];
	int rc, code = owner_allows(o, c->name, "define");

	if (code)
		return code;
	rc = hv_domain_path(path, sizeof(path), c->name);
	if (rc)
		return fail(rc, &(struct hv_error){
					"the path below the configuration directory is too long"});
	rc = store(d, path, &err);
	if (rc)
		return fail(rc, &err);
	printf("Domain %s is defined in %s.\n", c->name, path);
	print_addresses(c);
	if (hv_presence(c->name, NULL, NULL) == HV_PRESENT)
		puts("It runs; what has changed counts from its next start.");
	else
		printf("Next: hv start %s\n", c->name);
	return HV_EXIT_OK;
}

static int remove_domain(const struct options *o, const char *name)
{
	struct hv_error err = {""};
	char path[4096];
	int code;

	if (hv_domain_path(path, sizeof(path), name))
		return usage("\"%s\" cannot name a domain", name);
	code = owner_allows(o, name, "removal");
	if (code)
		return code;
	if (unlink(path))
		return fail(-errno,
			    (hv_err(&err, 0, "%s: cannot be removed: %s", path, strerror(errno)),
			     &err));
	printf("Domain %s is no longer defined on this host%s.\n", name,
	       hv_presence(name, NULL, NULL) == HV_PRESENT ? "; it runs on" : "");
	return HV_EXIT_OK;
}

int cmd_define(const struct options *o, int argc, char **argv)
{
	const char *file = o->as ? o->as : strcmp(argv[0], "-") ? argv[0] : "stdin";
	struct hv_definition d = {0};
	struct hv_error err = {""};
	char *text = NULL;
	size_t len;
	int rc, code;

	if (o->given & OPT_REMOVE)
		return remove_domain(o, argv[0]);
	rc = hv_definition_read(argv[0], &text, &len, &err);
	if (rc)
		return fail(rc == -ENOENT ? -EIO : rc, &err);
	rc = hv_definition_parse(&d, text, len, file, &err);
	if (o->given & OPT_RESOLVE)
		code = resolve(&d, rc, &err);
	else if (o->given & OPT_JSON)
		code = check_json(&d, file, rc, &err);
	else if (o->given & OPT_CHECK)
		code = check_text(&d, file, rc, &err);
	else
		code = rc ? fail(rc, &err) : keep(o, &d);
	hv_definition_free(&d);
	free(text);
	return code;
}
