// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hv: domains on this host, and their definitions in the cluster.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_sums.h"
#include "cli.h"

#define CLUSTERED                                                                              \
	"A domain that belongs to the cluster is refused: use crm(8) or pcs(8), or --force,\n" \
	"which is logged."

static const struct command commands[] = {
	{.name = "run",
	 .arguments = "NAME|FILE",
	 .brief = "start a domain with its console attached",
	 .detail = "Ctrl-] leaves the console; the domain runs on.\n" CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 30,
	 .run = cmd_run},
	{.name = "start",
	 .arguments = "NAME|FILE",
	 .brief = "start a domain",
	 .detail =
		 "NAME is one that `hv define` has stored; a FILE has a slash in it or ends in .xml.\n" CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT | OPT_PAUSED | OPT_ADOPT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 30,
	 .run = cmd_start},
	{.name = "shutdown",
	 .arguments = "NAME",
	 .brief = "press its power button and wait until it is off",
	 .detail = "A guest that does not obey in time is left as it is: exit code 5.\n" CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 120,
	 .run = cmd_shutdown},
	{.name = "destroy",
	 .arguments = "NAME",
	 .brief = "end it at once, with proof",
	 .detail =
		 "Ends in proof that nothing of it can write any more (exit code 0), or says that\n"
		 "there is none.  " CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 10,
	 .run = cmd_destroy},
	{.name = "reset",
	 .arguments = "NAME",
	 .brief = "press its reset button",
	 .detail = CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 10,
	 .run = cmd_reset},
	{.name = "pause",
	 .arguments = "NAME",
	 .brief = "stop its processors and its clock",
	 .detail = CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 10,
	 .run = cmd_pause},
	{.name = "resume",
	 .arguments = "NAME",
	 .brief = "let it go on",
	 .detail = CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 10,
	 .run = cmd_resume},
	{.name = "list",
	 .arguments = "",
	 .brief = "the domains of this host",
	 .detail =
		 "Those that run and those that are defined in /etc/taiki/domains.  A STATE \"silent\"\n"
		 "does not answer, \"unknown\" cannot be told.",
	 .options = OPT_JSON,
	 .run = cmd_list},
	{.name = "ledger",
	 .arguments = "",
	 .brief = "what this host has, who holds it, and what it has promised",
	 .detail =
		 "HOLDS is what a domain has been granted, FULL what it has when nobody is short, and\n"
		 "MINIMUM what it can be squeezed to.  IF LOST: what the twins of another host's domains\n"
		 "would take here.  See taiki-host.conf(5) for what the host keeps.\n"
		 "--relax lets grow back what was squeezed, as far as there is room again.\n"
		 "--watch prints it again whenever it has changed.",
	 .options = OPT_JSON | OPT_RELAX | OPT_WATCH | OPT_TIMEOUT,
	 .timeout_s = 10,
	 .run = cmd_ledger},
	{.name = "info",
	 .arguments = "NAME",
	 .brief = "everything about a domain, also which engine and why",
	 .options = OPT_JSON | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 5,
	 .run = cmd_info},
	{.name = "console",
	 .arguments = "NAME",
	 .brief = "be its terminal (Ctrl-] leaves)",
	 .options = OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 5,
	 .run = cmd_console},
	{.name = "set",
	 .arguments = "NAME SETTING...",
	 .brief = "change it as it runs",
	 .detail =
		 "memory=SIZE      what the balloon leaves it: 512MiB, 2GiB\n"
		 "shares=N         its weight against other domains, 2 to 262144\n"
		 "quota=US         of each processor in a period, or -1 for no limit\n"
		 "period=US        1000 to 1000000\n"
		 "cpus=CPUS        CPUs of this host for its processors alone, or none;\n"
		 "                 pin.N=CPUS for one of them, emulatorpin=CPUS for the rest\n"
		 "vcpus=N          processors the guest uses; its agent does it\n"
		 "vda.bps=N        bytes a second of a disk; also bps_rd, bps_wr, iops, iops_rd,\n"
		 "                 iops_wr, each with _max and _max_length; 0 is no limit\n"
		 "net0.rx-bps=N    bytes a second of an interface; also tx-bps, rx-pps, tx-pps,\n"
		 "                 each with -max and -burst\n"
		 "All of it or, where a part cannot be done, nothing.\n" CLUSTERED,
	 .options = OPT_FORCE | OPT_TIMEOUT,
	 .min = 2,
	 .max = 64,
	 .timeout_s = 10,
	 .run = cmd_set},
	{.name = "define",
	 .arguments = "FILE|NAME",
	 .brief = "check a definition, and store it on this host",
	 .detail =
		 "FILE is a libvirt domain XML (taiki-domain-xml(7)), - is standard input.\n"
		 "--check only says what is understood, passed over or refused; exit code 4 if it\n"
		 "cannot be run.  --json implies it.  --remove NAME forgets a stored one.",
	 .options = OPT_CHECK | OPT_JSON | OPT_REMOVE | OPT_FORCE | OPT_RESOLVE | OPT_AS,
	 .min = 1,
	 .max = 1,
	 .run = cmd_define},
	{.name = "cluster",
	 .arguments = "define|update FILE, show NAME",
	 .brief = "a definition as a cluster resource",
	 .detail = "define makes the primitive ocf:taiki:domain with the definition in it, update\n"
		   "changes the definition, show prints it.  Each is one change of the CIB.\n"
		   "--config PATH: the resource names a file that every host has, and its digest.",
	 .options = OPT_JSON | OPT_TIMEOUT | OPT_CONFIG,
	 .min = 2,
	 .max = 2,
	 .timeout_s = 30,
	 .run = cmd_cluster},
	{.name = "check",
	 .arguments = "cluster",
	 .brief =
		 "whether the times of this cluster fit, and its domains are set as they should be",
	 .detail =
		 "Prints the sums that must fit: token, consensus, fencing of hosts, watchdog, stop of\n"
		 "domains, and the stonith-timeout of a cluster inside the guests; and of domains what\n"
		 "has to be set differently, with the command.  Exit code 1 if anything is wrong.",
	 .options = OPT_JSON | OPT_TIMEOUT | OPT_GUEST_STONITH,
	 .min = 1,
	 .max = 1,
	 .timeout_s = 10,
	 .run = cmd_check},
	{.name = "plan",
	 .arguments = "",
	 .brief = "what becomes of every domain when hosts are lost",
	 .detail =
		 "A line for each loss of one host, the worst first, and what does not run by name.\n"
		 "Exit code 0 if all run in full, 7 if some are squeezed, 8 if something does not\n"
		 "run, 6 if it cannot be told.  --apply books hosts and domains and prefers what\n"
		 "waits, in one change.  hv-plan(8) says how it is found and what is written.",
	 .options = OPT_JSON | OPT_TIMEOUT | OPT_CIB | OPT_LOSSES | OPT_LOSS | OPT_APPLY |
		    OPT_DRY_RUN | OPT_REHOME | OPT_PUBLISH | OPT_FORCE,
	 .timeout_s = 30,
	 .run = cmd_plan},
	{.name = "failback",
	 .arguments = "NAME... | --all",
	 .brief = "bring domains back to where they are at home",
	 .detail =
		 "At home is where `hv plan --apply` found them.  Refused where there is no room, or\n"
		 "others would have to leave.  It waits until they run there; nothing of it stays\n"
		 "in the configuration, however it ends.",
	 .options = OPT_TIMEOUT | OPT_ALL | OPT_TO | OPT_FORCE | OPT_DRY_RUN,
	 .max = 64,
	 .timeout_s = 180,
	 .run = cmd_failback},
	{.name = "pool",
	 .arguments = "",
	 .brief = "what waits on this host for domains to fail elsewhere",
	 .detail = "The standbys that ocf:taiki:pool keeps here, and what ails them.\n"
		   "--watch prints it again whenever it has changed.",
	 .options = OPT_JSON | OPT_WATCH | OPT_TIMEOUT,
	 .timeout_s = 5,
	 .run = cmd_pool},
	{.name = "log",
	 .arguments = "NAME",
	 .brief = "its log",
	 .options = OPT_FOLLOW | OPT_LINES | OPT_TIMEOUT,
	 .min = 1,
	 .max = 1,
	 .run = cmd_log},
	{.name = "events",
	 .arguments = "[NAME]",
	 .brief = "what happens to it, or to all, as it happens",
	 .detail =
		 "With a NAME it ends with the domain.  The standard events of QMP, and two more:\n"
		 "x-taiki-present and x-taiki-gone.",
	 .options = OPT_JSON | OPT_TIMEOUT,
	 .min = 0,
	 .max = 1,
	 .run = cmd_events},
};

static const struct option longs[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"force", no_argument, NULL, OPT_FORCE},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"check", no_argument, NULL, OPT_CHECK},
	{"remove", no_argument, NULL, OPT_REMOVE},
	{"resolve", no_argument, NULL, OPT_RESOLVE},
	{"paused", no_argument, NULL, OPT_PAUSED},
	{"adopt", no_argument, NULL, OPT_ADOPT},
	{"relax", no_argument, NULL, OPT_RELAX},
	{"watch", no_argument, NULL, OPT_WATCH},
	{"follow", no_argument, NULL, OPT_FOLLOW},
	{"lines", required_argument, NULL, OPT_LINES},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"as", required_argument, NULL, OPT_AS},
	{"apply", no_argument, NULL, OPT_APPLY},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"rehome", no_argument, NULL, OPT_REHOME},
	{"publish", no_argument, NULL, OPT_PUBLISH},
	{"all", no_argument, NULL, OPT_ALL},
	{"to", required_argument, NULL, OPT_TO},
	{"cib", required_argument, NULL, OPT_CIB},
	{"losses", required_argument, NULL, OPT_LOSSES},
	{"loss", required_argument, NULL, OPT_LOSS},
	{"guest-stonith-timeout", required_argument, NULL, OPT_GUEST_STONITH},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int help_all(void)
{
	puts("usage: hv COMMAND [OPTION]... [ARGUMENT]...\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  %-9s %-30s %s\n", commands[i].name, commands[i].arguments,
		       commands[i].brief);
	puts("\n`hv COMMAND --help` says more, and hv(8).  Exit codes: 0 done, 1 failed, 2 usage,\n"
	     "3 not running here, 4 refused, 5 not in time, 6 cannot tell.");
	return HV_EXIT_OK;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int natural(const char *text, unsigned max, unsigned *n)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v > max)
		return -1;
	*n = (unsigned)v;
	return 0;
}

/* One option; 0, or an exit code. */
static int take(const struct command *c, struct options *o, int option)
{
	unsigned n = 0;

	if (option == 'f')
		option = OPT_FOLLOW;
	if (option == 'n')
		option = OPT_LINES;
	if (option == 'w')
		option = OPT_WATCH;
	if (!(c->options & (unsigned)option))
		return usage("%s does not take that option", c->name);
	o->given |= (unsigned)option;
	if (option == OPT_TIMEOUT) {
		if (natural(optarg, 86400, &n) || !n)
			return usage("--timeout %s: give 1 to 86400 seconds", optarg);
		o->timeout_ms = (int)n * 1000;
	} else if (option == OPT_LINES) {
		if (natural(optarg, 1000000, &o->lines))
			return usage("--lines %s: give a number", optarg);
	} else if (option == OPT_CONFIG) {
		o->config = optarg;
	} else if (option == OPT_GUEST_STONITH) {
		o->guest_stonith_ms = check_interval(optarg);
		if (o->guest_stonith_ms <= 0)
			return usage("--guest-stonith-timeout %s: give a time as 90, 90s or 2min",
				     optarg);
	} else if (option == OPT_LOSSES) {
		if (natural(optarg, 4, &o->losses) || !o->losses)
			return usage("--losses %s: give 1 to 4", optarg);
	} else if (option == OPT_LOSS) {
		o->loss = optarg;
	} else if (option == OPT_TO) {
		o->to = optarg;
	} else if (option == OPT_CIB) {
		o->cib = optarg;
	} else if (option == OPT_AS) {
		o->as = optarg;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct command *c = argc > 1 ? find(argv[1]) : NULL;
	struct options o = {.lines = 100, .losses = 1};
	int option, code, n;

	if (!c) {
		if (argc < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
		    !strcmp(argv[1], "-h"))
			return help_all() || argc < 2 ? HV_EXIT_USAGE : HV_EXIT_OK;
		if (!strcmp(argv[1], "--version"))
			return puts("hv (Taiki) " TAIKI_VERSION) < 0;
		return usage("\"%s\" is not a command", argv[1]);
	}
	o.timeout_ms = c->timeout_s * 1000;
	argv[1] = argv[0];
	argc--;
	argv++;
	while ((option = getopt_long(argc, argv, "hfwn:", longs, NULL)) != -1) {
		if (option == 'h')
			return help_command(c);
		code = option == '?' ? HV_EXIT_USAGE : take(c, &o, option);
		if (code)
			return code;
	}
	n = argc - optind;
	if (n < c->min || n > c->max)
		return usage("hv %s %s", c->name, c->arguments);
	left(&o); /* the clock runs from here */
	return c->run(&o, n, argv + optind);
}
