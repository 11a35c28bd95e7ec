// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cluster define|update|show: a definition as a cluster resource (design 5.1).
 * Each is one change of the CIB, so that no host ever sees half of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cib.h"
#include "cli.h"
#include "cluster_macs.h"
#include "hv/rundir.h"

/* What a primitive's XML is built of. */
struct values {
	const char *id;             /* the resource's */
	const char *set;            /* its instance_attributes' id */
	const char *what, *what_id; /* "definition" or "config", and its nvpair's id */
	const char *value;
	const char *digest, *digest_id;
};

static void text_attr(xmlNodePtr node, const char *name, const char *value)
{
	xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

static xmlNodePtr child(xmlNodePtr parent, const char *name, const char *id)
{
	xmlNodePtr n = xmlNewChild(parent, NULL, (const xmlChar *)name, NULL);

	text_attr(n, "id", id);
	return n;
}

static void nvpair(xmlNodePtr set, const char *id, const char *name, const char *value)
{
	xmlNodePtr n = child(set, "nvpair", id);

	text_attr(n, "name", name);
	text_attr(n, "value", value);
}

static void operation(xmlNodePtr ops, const char *id, const char *name, const char *interval,
		      const char *timeout)
{
	char op_id[256];
	xmlNodePtr n;

	snprintf(op_id, sizeof(op_id), "%s-%s-interval-%s", id, name, interval);
	n = child(ops, "op", op_id);
	text_attr(n, "name", name);
	text_attr(n, "interval", interval);
	text_attr(n, "timeout", timeout);
}

/* The text of a primitive with @v; also operations and meta attributes where it is new. */
static char *primitive(const struct values *v, bool new)
{
	xmlDocPtr doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNodePtr root = xmlNewNode(NULL, (const xmlChar *)"primitive"), set, ops, meta;
	xmlBufferPtr buf = xmlBufferCreate();
	char id[256], *text = NULL;

	xmlDocSetRootElement(doc, root);
	text_attr(root, "id", v->id);
	text_attr(root, "class", "ocf");
	text_attr(root, "provider", "taiki");
	text_attr(root, "type", "domain");
	set = child(root, "instance_attributes", v->set);
	nvpair(set, v->what_id, v->what, v->value);
	nvpair(set, v->digest_id, "digest", v->digest);
	if (new) {
		ops = xmlNewChild(root, NULL, (const xmlChar *)"operations", NULL);
		operation(ops, v->id, "start", "0s", "90s");
		operation(ops, v->id, "stop", "0s", "90s");
		operation(ops, v->id, "monitor", "10s", "20s");
		snprintf(id, sizeof(id), "%s-meta_attributes", v->id);
		meta = child(root, "meta_attributes", id);
		snprintf(id, sizeof(id), "%s-meta_attributes-migration-threshold", v->id);
		nvpair(meta, id, "migration-threshold", "1");
	}
	if (buf && xmlNodeDump(buf, doc, root, 0, 0) > 0)
		text = strdup((const char *)xmlBufferContent(buf));
	xmlBufferFree(buf);
	xmlFreeDoc(doc);
	return text;
}

/* A definition, or with --config the name of its file, as a parameter's value. */
static int value_of(const struct options *o, const struct hv_definition *d, char **value,
		    struct hv_error *err)
{
	if (!(o->given & OPT_CONFIG))
		return hv_definition_encode(d->text, d->len, value, err);
	if (*o->config != '/')
		return hv_err(err, -EINVAL,
			      "--config %s: give the absolute path that every host has", o->config);
	*value = strdup(o->config);
	return *value ? 0 : -ENOMEM;
}

static int cluster_define(const struct options *o, const struct hv_definition *d, xmlDocPtr cib,
			  struct hv_error *err)
{
	const char *id = d->config.name;
	const char *what = o->given & OPT_CONFIG ? "config" : "definition";
	char digest[HV_DIGEST_SIZE], set[128], what_id[192], digest_id[192], *value = NULL,
									     *xml = NULL;
	struct values v = {id, set, what, what_id, NULL, digest, digest_id};
	int rc;

	/* The cluster would start it a second time, perhaps on another host. */
	switch (hv_presence(id, NULL, err)) {
	case HV_ABSENT: break;
	case HV_UNKNOWN: return -EIO;
	case HV_PRESENT:
		return hv_err(err, -EBUSY,
			      "domain %s runs on this host, started by hand; shut it down "
			      "first: the cluster starts it anew",
			      id);
	}
	if (cib_domain(cib, id) || cib_resource(cib, id))
		return hv_err(err, -EEXIST,
			      "the cluster has the resource %s already; "
			      "`hv cluster update` changes its definition",
			      id);
	rc = value_of(o, d, &value, err);
	if (rc)
		return rc;
	v.value = value;
	hv_definition_digest(d->text, d->len, digest);
	snprintf(set, sizeof(set), "%s-instance_attributes", id);
	snprintf(what_id, sizeof(what_id), "%s-%s", set, what);
	snprintf(digest_id, sizeof(digest_id), "%s-digest", set);
	xml = primitive(&v, true);
	rc = xml ? cib_write("--create", xml, left(o), err) : -ENOMEM;
	free(value);
	free(xml);
	if (rc)
		return rc;
	printf("The resource %s (ocf:taiki:domain) is in the cluster, which starts it now.\n", id);
	if (o->given & OPT_CONFIG)
		printf("Copy the same file to %s on every host.\n", o->config);
	if (!cib_fencing(cib))
		puts("Fencing is off (stonith-enabled): disks with the guard fencing will be refused.");
	printf("Next: crm_mon -1; crm configure location ... or pcs constraint ... say where it may run;\n"
	       "`hv cluster show %s` shows its definition, `hv cluster update FILE` changes it.\n",
	       id);
	return 0;
}

/* The ids stay what they are: a change is a merge by id. */
static char *id_or(xmlNodePtr pair, const char *set, const char *name)
{
	char *id = pair ? cib_attr(pair, "id") : NULL, fresh[192];

	if (id)
		return id;
	snprintf(fresh, sizeof(fresh), "%s-%s", set, name);
	return (char *)xmlStrdup((const xmlChar *)fresh);
}

static int write_update(const struct options *o, const struct hv_definition *d, xmlNodePtr resource,
			struct hv_error *err)
{
	xmlNodePtr config = cib_nvpair(resource, "instance_attributes", "config");
	const char *what = config ? "config" : "definition";
	xmlNodePtr pair = cib_nvpair(resource, "instance_attributes", what);
	char digest[HV_DIGEST_SIZE], *value = NULL, *xml = NULL;
	char *id = cib_attr(resource, "id"), *set = pair ? cib_attr(pair->parent, "id") : NULL;
	char *what_id = NULL, *digest_id = NULL;
	int rc;

	if (!pair || !id || !set) {
		rc = hv_err(err, -EINVAL, "the resource %s has neither definition nor config",
			    id ? id : "");
		goto out;
	}
	rc = config ? 0 : hv_definition_encode(d->text, d->len, &value, err);
	if (rc)
		goto out;
	if (config) {
		char *path = cib_attr(config, "value");

		value = path ? strdup(path) : NULL;
		xmlFree(path);
	}
	hv_definition_digest(d->text, d->len, digest);
	what_id = id_or(pair, set, what);
	digest_id = id_or(cib_nvpair(resource, "instance_attributes", "digest"), set, "digest");
	struct values v = {id, set, what, what_id, value, digest, digest_id};

	xml = value ? primitive(&v, false) : NULL;
	rc = xml ? cib_write("--modify", xml, left(o), err) : -ENOMEM;
	if (!rc && config)
		printf("The digest of %s is updated.  Copy the file to %s on every host: one whose file\n"
		       "differs is taken for \"not installed\".\n",
		       id, value);
	else if (!rc)
		printf("The definition of %s is updated.  If it runs and is managed, Pacemaker restarts it.\n",
		       id);
out:
	xmlFree(id);
	xmlFree(set);
	xmlFree(what_id);
	xmlFree(digest_id);
	free(value);
	free(xml);
	return rc;
}

static int cluster_update(const struct options *o, const struct hv_definition *d, xmlDocPtr cib,
			  struct hv_error *err)
{
	xmlNodePtr resource = cib_domain(cib, d->config.name);

	if (!resource)
		return hv_err(err, -ENOENT,
			      "the cluster has no resource for domain %s; "
			      "`hv cluster define` makes it",
			      d->config.name);
	return write_update(o, d, resource, err);
}

static int cluster_show(const struct options *o, const char *name, xmlDocPtr cib,
			struct hv_error *err)
{
	xmlNodePtr resource = cib_domain(cib, name), packed, config, pair;
	char *value = NULL, *want = NULL, *id = NULL, *text = NULL, digest[HV_DIGEST_SIZE];
	size_t len;
	int rc;

	if (!resource)
		return hv_err(err, -ENOENT, "the cluster has no resource for domain %s", name);
	packed = cib_nvpair(resource, "instance_attributes", "definition");
	config = cib_nvpair(resource, "instance_attributes", "config");
	pair = cib_nvpair(resource, "instance_attributes", "digest");
	id = cib_attr(resource, "id");
	want = pair ? cib_attr(pair, "value") : NULL;
	if (packed)
		value = cib_attr(packed, "value");
	else if (config)
		value = cib_attr(config, "value");
	if (!value)
		rc = hv_err(err, -EINVAL, "the resource %s has neither definition nor config", id);
	else
		rc = packed ? hv_definition_decode(value, &text, &len, err)
			    : hv_definition_read(value, &text, &len, err);
	if (rc)
		goto out;
	hv_definition_digest(text, len, digest);
	if (want && strcasecmp(want, digest))
		rc = hv_err(err, -EINVAL,
			    "the definition of %s does not have the digest that the resource "
			    "names; `hv cluster update FILE` sets both",
			    id);
	else if (o->given & OPT_JSON)
		print_json(json_pack("{s:s, s:s, s:s, s:s*}", "resource", id, "digest", digest,
				     "definition", text, "config", packed ? NULL : value),
			   0);
	else
		fputs(text, stdout);
out:
	free(text);
	xmlFree(value);
	xmlFree(want);
	xmlFree(id);
	return rc;
}

int cmd_cluster(const struct options *o, int argc, char **argv)
{
	bool define = !strcmp(argv[0], "define"), update = !strcmp(argv[0], "update");
	struct hv_definition d = {0};
	struct hv_error err = {""};
	xmlDocPtr cib = NULL;
	int rc = 0;

	if (!define && !update && strcmp(argv[0], "show"))
		return usage("cluster %s: give define, update or show", argv[0]);
	if (define || update)
		rc = load_file(argv[1], &d, &err);
	if (!rc) {
		rc = cib_read(&cib, left(o), &err);
		if (rc == -ENOENT)
			rc = hv_err(&err, -ENOTCONN,
				    "there is no cluster on this host; set up Corosync and "
				    "Pacemaker first");
	}
	if (!rc && (define || update))
		rc = cluster_macs(cib, &d.config, &err);
	if (!rc)
		rc = define   ? cluster_define(o, &d, cib, &err)
		     : update ? cluster_update(o, &d, cib, &err)
			      : cluster_show(o, argv[1], cib, &err);
	if (cib)
		xmlFreeDoc(cib);
	hv_definition_free(&d);
	return rc ? fail(rc, &err) : HV_EXIT_OK;
}
