// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the agent says of itself: help, metadata (fence-agents' metadata.rng) and manual.
 */
#include <string.h>

#include "fencing/agent.h"

#define SHORT "Fence agent for virtual machines of Taiki, from inside them"
#define LONG                                                                                    \
	"fence_taiki lets a cluster inside virtual machines fence its members through their "   \
	"hypervisor. It asks the taiki-fenced of its host, through the virtio port " FENCE_PORT \
	" that each domain with a fencing group has, or that of any host over TLS 1.3 with a "  \
	"pre-shared key. The answer is a proof: success means that the domain's process has "   \
	"ended and its disks are released, or that the host it ran on was fenced itself. What " \
	"was switched off stays off, also against the host cluster, until it is switched on."

static const struct {
	const char *name;
	const char *text;
} actions[] = {
	{"on", "Let the domain run again; success when it runs."},
	{"off", "Kill the domain, and keep it off until on."},
	{"reboot", "Kill the domain, and let it start again; success when it was killed."},
	{"status", "Exit status 0: it is on; 2: it is off; 1: not known."},
	{"list", "The domains that may be fenced from here."},
	{"list-status", "The same, with whether they are on."},
	{"monitor", "Whether a request could be served now."},
	{"metadata", "This agent's parameters, in XML."},
	{"manpage", "This agent's manual, in roff."},
	{"validate-all", "Whether the parameters make sense together."},
};

enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

/* getopt_text() - "-n, --plug=[name]". */
static void getopt_text(const struct option_def *d, char *out, size_t size)
{
	/* A deprecated name has no option of its own: it is that of what it became. */
	const struct option_def *as = d->same_as >= 0 ? &option_defs[d->same_as] : d;
	char letter[8] = "";

	if (as->letter)
		snprintf(letter, sizeof(letter), "-%c, ", as->letter);
	snprintf(out, size, "%s--%s%s%s%s", letter, as->name, as->arg ? "=[" : "",
		 as->arg ? as->arg : "", as->arg ? "]" : "");
	for (char *c = out; *c && *c != '='; c++)
		if (*c == '_')
			*c = '-';
}

void agent_help(FILE *out)
{
	char text[80];

	fprintf(out, "Usage: fence_taiki [OPTION...]\n\n"
		     "Without options, they are read from standard input: NAME=VALUE lines.\n\n");
	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option_def *d = &option_defs[i];

		if (d->same_as >= 0)
			continue;
		getopt_text(d, text, sizeof(text));
		fprintf(out, "   %-30s %s%s%s%s\n", text, d->text, d->initial ? " (default: " : "",
			d->initial ? d->initial : "", d->initial ? ")" : "");
	}
	fprintf(out, "\nActions:\n");
	for (int i = 0; i < ACTIONS; i++)
		fprintf(out, "   %-30s %s\n", actions[i].name, actions[i].text);
	fprintf(out, "\nExit status: 0 done, or on; 1 failed; 2 off (status).\n");
}

static void metadata_content(FILE *out, const struct option_def *d)
{
	static const char *const types[] = {
		[TYPE_STRING] = "string",   [TYPE_SECOND] = "second", [TYPE_INTEGER] = "integer",
		[TYPE_BOOLEAN] = "boolean", [TYPE_SELECT] = "select",
	};

	fprintf(out, "\t\t<content type=\"%s\"", types[d->type]);
	if (d->initial)
		fprintf(out, " default=\"%s\"", d->initial);
	if (d->type != TYPE_SELECT) {
		fprintf(out, " />\n");
		return;
	}
	fprintf(out, ">\n");
	for (int i = 0; d->choice[i]; i++)
		fprintf(out, "\t\t\t<option value=\"%s\" />\n", d->choice[i]);
	fprintf(out, "\t\t</content>\n");
}

/* The name that @opt has taken over, for its "obsoletes"; NULL: none. */
static const char *obsoleted_by(int opt)
{
	for (int i = 0; i < OPT_COUNT; i++)
		if (option_defs[i].same_as == opt)
			return option_defs[i].name;
	return NULL;
}

static void metadata_parameter(FILE *out, int opt)
{
	const struct option_def *d = &option_defs[opt];
	const char *old = obsoleted_by(opt);
	char text[80];

	fprintf(out, "\t<parameter name=\"%s\" unique=\"0\" required=\"%d\"", d->name,
		opt == OPT_ACTION);
	if (d->same_as >= 0)
		fprintf(out, " deprecated=\"1\"");
	if (old)
		fprintf(out, " obsoletes=\"%s\"", old);
	fprintf(out, ">\n");
	getopt_text(d, text, sizeof(text));
	fprintf(out, "\t\t<getopt mixed=\"%s\" />\n", text);
	metadata_content(out, d);
	fprintf(out, "\t\t<shortdesc lang=\"en\">%s</shortdesc>\n\t</parameter>\n", d->text);
}

void agent_metadata(FILE *out)
{
	fprintf(out, "<?xml version=\"1.0\" ?>\n"
		     "<resource-agent name=\"fence_taiki\" shortdesc=\"" SHORT "\" >\n"
		     "<longdesc>" LONG "</longdesc>\n"
		     "<vendor-url></vendor-url>\n"
		     "<parameters>\n");
	for (int i = 0; i < OPT_COUNT; i++)
		metadata_parameter(out, i);
	fprintf(out, "</parameters>\n<actions>\n");
	for (int i = 0; i < ACTIONS; i++) {
		/* Nobody is to be switched on because a cluster starts: no unfencing. */
		bool on = !strcmp(actions[i].name, "on");

		fprintf(out, "\t<action name=\"%s\"%s />\n", actions[i].name,
			on ? " automatic=\"0\"" : "");
	}
	fprintf(out, "</actions>\n</resource-agent>\n");
}

/* roff_text() - A line of roff must not begin with a dot or hold a bare backslash or hyphen. */
static void roff_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '-')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\n', out);
}

void agent_manual(FILE *out)
{
	char text[80];

	fprintf(out, ".TH FENCE_TAIKI 8 2026-11-27 \"Taiki\"\n.SH NAME\nfence_taiki \\- ");
	roff_text(out, SHORT);
	fprintf(out, ".SH DESCRIPTION\n");
	roff_text(out, LONG);
	fprintf(out, ".SH PARAMETERS\n");
	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option_def *d = &option_defs[i];

		if (d->same_as >= 0)
			continue;
		getopt_text(d, text, sizeof(text));
		fprintf(out, ".TP\n.B ");
		roff_text(out, text);
		roff_text(out, d->text);
		fprintf(out, "(%s%s%s)\n", d->name, d->initial ? "; default: " : "",
			d->initial ? d->initial : "");
	}
	fprintf(out, ".SH ACTIONS\n");
	for (int i = 0; i < ACTIONS; i++) {
		fprintf(out, ".TP\n.B ");
		roff_text(out, actions[i].name);
		roff_text(out, actions[i].text);
	}
	fprintf(out, ".SH EXIT STATUS\n0: done, or on; 1: failed; 2: off (status).\n");
}
