// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata.  Version 1.1 of the API knows what 1.0's schema refuses
 * (`reloadable`, `reload-agent`), so the caller gets what it speaks: Pacemaker
 * says so in OCF_RA_VERSION_MINOR, other tools say nothing.
 */
#include <stdio.h>

#include "ocf.h"

static void escaped(const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<': fputs("&lt;", stdout); break;
		case '>': fputs("&gt;", stdout); break;
		case '&': fputs("&amp;", stdout); break;
		case '"': fputs("&quot;", stdout); break;
		default: putchar(*text); break;
		}
	}
}

static void element(const char *indent, const char *name, const char *text)
{
	printf("%s<%s lang=\"en\">", indent, name);
	escaped(text);
	printf("</%s>\n", name);
}

static void parameter(const struct ocf_parameter *p, int minor)
{
	static const char *const types[] = {"string", "integer", "boolean"};

	printf("<parameter name=\"%s\" unique=\"%d\" required=\"%d\"", p->name, p->unique,
	       p->required);
	if (minor >= 1)
		printf(" reloadable=\"%d\"", p->reloadable);
	puts(">");
	element("", "longdesc", p->longdesc);
	element("", "shortdesc", p->shortdesc);
	printf("<content type=\"%s\"", types[p->type]);
	if (p->fallback) {
		fputs(" default=\"", stdout);
		escaped(p->fallback);
		putchar('"');
	}
	puts("/>\n</parameter>");
}

static void action(const struct ocf_action *a)
{
	/* Also to callers of 1.0, whose schemas know these names by now. */
	static const char *const roles[] = {
		[OCF_PROMOTED] = "Promoted",
		[OCF_UNPROMOTED] = "Unpromoted",
	};

	printf("<action name=\"%s\" timeout=\"%us\"", a->name, a->timeout);
	if (a->interval)
		printf(" interval=\"%us\" depth=\"0\"", a->interval);
	if (a->role)
		printf(" role=\"%s\"", roles[a->role]);
	puts("/>");
}

void ocf_metadata(const struct ocf_agent *agent, int minor)
{
	puts("<?xml version=\"1.0\"?>\n<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">");
	printf("<resource-agent name=\"%s\" version=\"%s\">\n<version>1.%d</version>\n",
	       agent->name, agent->version, minor >= 1);
	element("", "longdesc", agent->longdesc);
	element("", "shortdesc", agent->shortdesc);
	puts("<parameters>");
	for (const struct ocf_parameter *p = agent->parameters; p->name; p++)
		parameter(p, minor);
	puts("</parameters>\n<actions>");
	for (const struct ocf_action *a = agent->actions; a->name; a++)
		if (minor >= 1 || !a->since_1_1)
			action(a);
	puts("</actions>\n</resource-agent>");
}
