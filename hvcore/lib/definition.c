// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From bytes to verdicts.  The parser is kept from the network, from external
 * entities and from document types altogether: a domain needs none, and what
 * an entity can do (grow without bound, name other files) nobody wants here.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/definition.h"
#include "reading.h"

/* SAX: a document type begins. */
static void no_doctype(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
	xmlParserCtxtPtr ctxt = ctx;

	(void)name;
	(void)id;
	(void)system;
	*(bool *)ctxt->_private = true;
	xmlStopParser(ctxt);
}

static void quiet(void *ctx, const char *msg, ...)
{
	(void)ctx;
	(void)msg;
}

static int read_xml(const char *text, size_t len, const char *file, xmlDocPtr *doc,
		    struct hv_error *err)
{
	xmlParserCtxtPtr ctxt;
	bool doctype = false;
	xmlErrorPtr e;
	int rc = 0;

	*doc = NULL;
	if (len > HV_DEFINITION_MAX)
		return hv_err(err, -EINVAL,
			      "definition %s: larger than %d KiB, so not a definition", file,
			      HV_DEFINITION_MAX / 1024);
	if (memchr(text, 0, len) || !len)
		return hv_err(err, -EINVAL, "definition %s: %s, so not an XML document in UTF-8",
			      file, len ? "it contains a NUL byte" : "it is empty");
	ctxt = xmlNewParserCtxt();
	if (!ctxt)
		return hv_err(err, -ENOMEM, "definition %s: not enough memory", file);
	ctxt->_private = &doctype;
	ctxt->sax->internalSubset = no_doctype;
	xmlSetGenericErrorFunc(NULL, quiet);
	*doc = xmlCtxtReadMemory(ctxt, text, (int)len, file, NULL,
				 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					 XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
	if (doctype) {
		rc = hv_err(err, -EINVAL,
			    "%s: it has a document type (<!DOCTYPE>); a domain needs none, "
			    "and entities are not read: remove it",
			    file);
	} else if (!*doc) {
		e = xmlCtxtGetLastError(ctxt);
		rc = hv_err(err, e && e->code == XML_ERR_NO_MEMORY ? -ENOMEM : -EINVAL,
			    "%s:%d: not well-formed XML: %.200s", file, e ? e->line : 0,
			    e && e->message ? e->message : "it breaks off");
		if (err)
			err->text[strcspn(err->text, "\n")] = '\0';
	}
	if (rc && *doc) {
		xmlFreeDoc(*doc);
		*doc = NULL;
	}
	xmlFreeParserCtxt(ctxt);
	return rc;
}

/* What stands in a struct reading beside the configuration. */
static void reading_free(struct reading *r)
{
	for (unsigned i = 0; i < READ_LEASES_MAX; i++) {
		free(r->leases[i].lockspace);
		free(r->leases[i].key);
		free(r->leases[i].path);
	}
	for (unsigned i = 0; i < HV_DISKS_MAX; i++) {
		free(r->guards[i].disk);
		free(r->guards[i].lease);
	}
	for (unsigned i = 0; i < READ_GATES_MAX; i++) {
		free(r->gates[i].disk);
		free(r->gates[i].interface);
	}
}

static int first_refusal(const struct hv_definition *d, const char *file, struct hv_error *err)
{
	for (size_t i = 0; i < d->nverdicts; i++) {
		const struct hv_verdict *v = &d->verdict[i];

		if (v->kind == HV_REFUSED)
			return hv_err(err, -EINVAL, "%s:%d: %s: refused: %s%s", file, v->line,
				      v->path, v->reason ? v->reason : "",
				      d->refused > 1 ? " (and more: hv define --check)" : "");
	}
	return 0;
}

int hv_definition_parse(struct hv_definition *d, const char *text, size_t len, const char *file,
			struct hv_error *err)
{
	struct reading r = {.d = d, .c = &d->config, .file = file};
	xmlDocPtr doc = NULL;
	int rc;

	memset(d, 0, sizeof(*d));
	rc = read_xml(text, len, file, &doc, err);
	if (rc)
		return rc;
	hv_config_init(&d->config);
	d->text = strndup(text, len);
	d->len = len;
	if (!d->text || !d->config.cmdline) {
		r.nomem = true;
	} else {
		/* The default would look like a command line that was given. */
		free(d->config.cmdline);
		d->config.cmdline = NULL;
		hv_read_walk(&r, xmlDocGetRootElement(doc));
		hv_read_finish(&r);
	}
	xmlFreeDoc(doc);
	reading_free(&r);
	rc = r.nomem ? hv_err(err, -ENOMEM, "definition %s: not enough memory", file)
		     : first_refusal(d, file, err);
	if (rc)
		hv_config_free(&d->config);
	return rc;
}

int hv_definition_load(struct hv_definition *d, const char *path, struct hv_error *err)
{
	size_t len;
	char *text;
	int rc;

	memset(d, 0, sizeof(*d));
	rc = hv_definition_read(path, &text, &len, err);
	if (rc)
		return rc;
	rc = hv_definition_parse(d, text, len, strcmp(path, "-") ? path : "stdin", err);
	free(text);
	return rc;
}

void hv_definition_free(struct hv_definition *d)
{
	for (size_t i = 0; i < d->nverdicts; i++) {
		free(d->verdict[i].path);
		free(d->verdict[i].reason);
	}
	free(d->verdict);
	free(d->text);
	hv_config_free(&d->config);
	memset(d, 0, sizeof(*d));
}
