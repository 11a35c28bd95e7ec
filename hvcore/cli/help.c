// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv COMMAND --help.
 */
#include <stdio.h>

#include "cli.h"

static const struct option_help {
	unsigned bit;
	const char *text;
} option_help[] = {
	{OPT_JSON, "      --json           print JSON"},
	{OPT_FORCE, "      --force          also behind the cluster's back; it is logged"},
	{OPT_TIMEOUT, "      --timeout S      give up after S seconds"},
	{OPT_CHECK, "      --check          only say what would become of it"},
	{OPT_REMOVE, "      --remove         forget the definition NAME"},
	{OPT_PAUSED, "      --paused         do not let it run yet"},
	{OPT_ADOPT,
	 "      --adopt          make it of its twin or a spare that waits here, if any"},
	{OPT_RELAX, "      --relax          let grow back first what was squeezed"},
	{OPT_WATCH, "  -w, --watch          and again whenever it has changed, until --timeout"},
	{OPT_FOLLOW, "  -f, --follow         and what follows"},
	{OPT_LINES, "  -n, --lines N        the last N lines (100)"},
	{OPT_GUEST_STONITH,
	 "      --guest-stonith-timeout TIME  what the guest cluster has, as 90s"},
	{OPT_LOSSES, "      --losses R       every loss of up to R hosts (1)"},
	{OPT_LOSS, "      --loss HOST[,HOST]  only this one, and each domain in it"},
	{OPT_CIB, "      --cib FILE       this configuration instead of the cluster's"},
	{OPT_APPLY, "      --apply          book hosts and domains, and prefer what waits"},
	{OPT_DRY_RUN, "      --dry-run        only say what would be done"},
	{OPT_REHOME, "      --rehome         with --apply: at home is where each runs now"},
	{OPT_PUBLISH, "      --publish        tell the cluster what this host can give"},
	{OPT_ALL, "      --all            every domain that is not at home"},
	{OPT_TO, "      --to HOST        there instead of home"},
	{OPT_CONFIG, "      --config PATH    name a file instead of containing the definition"},
};

int help_command(const struct command *c)
{
	printf("usage: hv %s [OPTION]... %s\n\n%c%s.\n", c->name, c->arguments, c->brief[0] & ~0x20,
	       c->brief + 1);
	if (c->detail)
		printf("%s\n", c->detail);
	puts("");
	for (size_t i = 0; i < sizeof(option_help) / sizeof(option_help[0]); i++)
		if (c->options & option_help[i].bit)
			puts(option_help[i].text);
	if (c->timeout_s)
		printf("                       (%d if it is not given)\n", c->timeout_s);
	puts("  -h, --help");
	return HV_EXIT_OK;
}
