// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration's text as a tree, without what no plan looks at.
 *
 * Of a big cluster nine tenths of the text are what every host's probe of every
 * resource found: nothing, as it should be.  Building a tree of that takes
 * longer than all planning; so it is cut out of the text where it is simple
 * (plan_cut.c), and left out of the tree where it is not.  Of an operation
 * only the attributes that history is told from are kept.
 */
#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum { VALUES = 5, KEPT = 8 }; /* libxml2: localname, prefix, URI, value, its end */

struct filter {
	unsigned below;      /* elements inside an lrm_resource that is read */
	bool shown;          /* it is in the tree */
	bool skipping;       /* inside an operation, which is left out */
	bool probed;         /* a probe that found nothing has been left out, ... */
	char id[256];        /* ... of this resource, ... */
	char probe_call[24]; /* ... with this number */
};

typedef const xmlChar *const *attrs;

static struct filter *filter_of(void *ctx)
{
	return ((xmlParserCtxtPtr)ctx)->_private;
}

static bool value_of(attrs a, int n, const char *name, char *out, size_t size)
{
	for (int i = 0; i < n; i++) {
		const xmlChar *const *one = a + i * VALUES;
		size_t len = (size_t)(one[4] - one[3]);

		if (strcmp((const char *)one[0], name) != 0 || len >= size)
			continue;
		memcpy(out, one[3], len);
		out[len] = '\0';
		return true;
	}
	return false;
}

static bool is_value(attrs a, int n, const char *name, const char *want)
{
	char text[32];

	return value_of(a, n, name, text, sizeof(text)) && !strcmp(text, want);
}

/* An element with up to KEPT attributes, names and values alternating, the last name NULL. */
static void emit(void *ctx, const char *element, const char *const *pairs)
{
	const xmlChar *list[KEPT * VALUES] = {NULL};
	xmlParserCtxtPtr ctxt = ctx;
	int n = 0;

	for (; pairs[0] && n < KEPT; pairs += 2, n++) {
		list[n * VALUES] = xmlDictLookup(ctxt->dict, (const xmlChar *)pairs[0], -1);
		list[n * VALUES + 3] = (const xmlChar *)pairs[1];
		list[n * VALUES + 4] = (const xmlChar *)pairs[1] + strlen(pairs[1]);
	}
	xmlSAX2StartElementNs(ctx, xmlDictLookup(ctxt->dict, (const xmlChar *)element, -1), NULL,
			      NULL, 0, NULL, n, 0, list);
}

static void end(void *ctx, const char *element)
{
	xmlSAX2EndElementNs(ctx, (const xmlChar *)element, NULL, NULL);
}

/* The resource, and its probe if there was one, now that there is more to say of it. */
static void show(void *ctx, struct filter *f)
{
	const char *const resource[] = {"id", f->id, NULL};
	const char *const probe[] = {"operation", "monitor", "interval",    "0", "rc-code",
				     "7",         "call-id", f->probe_call, NULL};

	if (f->shown)
		return;
	f->shown = true;
	emit(ctx, "lrm_resource", resource);
	if (!f->probed)
		return;
	emit(ctx, "lrm_rsc_op", probe);
	end(ctx, "lrm_rsc_op");
}

static void operation(void *ctx, struct filter *f, attrs a, int n)
{
	static const char *const names[] = {"operation", "interval", "rc-code", "op-status",
					    "call-id"};
	char values[sizeof(names) / sizeof(names[0])][64];
	const char *pairs[2 * sizeof(names) / sizeof(names[0]) + 1];
	size_t kept = 0;

	if (!f->shown && is_value(a, n, "operation", "monitor") &&
	    is_value(a, n, "interval", "0") && is_value(a, n, "rc-code", "7") &&
	    is_value(a, n, "op-status", "0") &&
	    value_of(a, n, "call-id", f->probe_call, sizeof(f->probe_call))) {
		f->probed = true;
		f->skipping = true;
		return;
	}
	show(ctx, f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (value_of(a, n, names[i], values[i], sizeof(values[i]))) {
			pairs[kept++] = names[i];
			pairs[kept++] = values[i];
		}
	pairs[kept] = NULL;
	emit(ctx, "lrm_rsc_op", pairs);
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int nns, const xmlChar **ns, int n, int defaulted, const xmlChar **a)
{
	struct filter *f = filter_of(ctx);

	if (f->below) {
		f->below++;
		if (f->below == 2 && !strcmp((const char *)name, "lrm_rsc_op"))
			operation(ctx, f, a, n);
		return;
	}
	if (strcmp((const char *)name, "lrm_resource") != 0 ||
	    !value_of(a, n, "id", f->id, sizeof(f->id))) {
		xmlSAX2StartElementNs(ctx, name, prefix, uri, nns, ns, n, defaulted, a);
		return;
	}
	f->below = 1;
	f->shown = f->probed = f->skipping = false;
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct filter *f = filter_of(ctx);

	if (!f->below) {
		xmlSAX2EndElementNs(ctx, name, prefix, uri);
		return;
	}
	f->below--;
	if (f->below == 1 && !f->skipping && !strcmp((const char *)name, "lrm_rsc_op"))
		end(ctx, "lrm_rsc_op");
	if (f->below == 1)
		f->skipping = false;
	if (!f->below && f->shown)
		end(ctx, "lrm_resource");
}

xmlDocPtr plan_parse(const char *text, size_t len)
{
	struct filter f = {0};
	xmlParserCtxtPtr ctxt;
	xmlDocPtr doc;
	char *cut = plan_cut(text, &len);

	text = cut ? cut : text;
	ctxt = len && len <= INT32_MAX ? xmlCreateMemoryParserCtxt(text, (int)len) : NULL;
	if (!ctxt) {
		free(cut);
		return NULL;
	}
	xmlCtxtUseOptions(ctxt, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					XML_PARSE_HUGE | XML_PARSE_COMPACT | XML_PARSE_NOBLANKS);
	ctxt->_private = &f;
	ctxt->sax->startElementNs = on_start;
	ctxt->sax->endElementNs = on_end;
	xmlParseDocument(ctxt);
	doc = ctxt->myDoc;
	if (!ctxt->wellFormed) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	xmlFreeParserCtxt(ctxt);
	free(cut);
	return doc;
}
