// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-mirror: a mirrored volume, for people.
 */
#include <stdio.h>
#include <string.h>

#include "mirror/cli/cli.h"

static const char usage[] =
	"usage: taiki-mirror status [NAME] [--json]\n"
	"       taiki-mirror status NAME --watch [--json]\n"
	"       taiki-mirror history NAME [--json]\n"
	"       taiki-mirror metrics\n"
	"       taiki-mirror primary NAME [--force]\n"
	"       taiki-mirror secondary NAME\n"
	"       taiki-mirror connect NAME [--discard-my-data]\n"
	"       taiki-mirror disconnect NAME\n"
	"       taiki-mirror invalidate NAME\n"
	"       taiki-mirror down NAME [--force]\n"
	"       taiki-mirror create-md --disk PATH [--meta-disk internal|PATH|PATH[INDEX]]\n"
	"                    [--al-stripes N] [--al-stripe-size-kB N] [--force]\n"
	"       taiki-mirror --help | --version\n"
	"\n"
	"Exit status: 0 done, 1 not (why: on standard error), 2 wrong usage.\n"
	"See taiki-mirror(8).\n";

/* Commands that are the daemon's, with the one flag that some of them take. */
static const struct {
	const char *name, *flag;
} remote[] = {
	{"primary", "--force"}, {"secondary", NULL},  {"connect", "--discard-my-data"},
	{"disconnect", NULL},   {"invalidate", NULL}, {"down", "--force"},
};

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} local[] = {{"status", cli_status},
	     {"history", cli_history},
	     {"metrics", cli_metrics},
	     {"create-md", cli_create_md}};

static int forward(const char *command, const char *flag, int argc, char **argv)
{
	bool set = argc == 3 && flag && !strcmp(argv[2], flag);
	json_t *o;

	if (argc < 2 || argc > 3 || (argc == 3 && !set))
		return CLI_USAGE;
	o = cli_ask(argv[1], command, set ? json_pack("{s:b}", flag + 2, 1) : NULL);
	json_decref(o);
	return o ? CLI_OK : CLI_FAILED;
}

static int run(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (!strcmp(argv[0], local[i].name))
			return local[i].run(argc, argv);
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (!strcmp(argv[0], remote[i].name))
			return forward(remote[i].name, remote[i].flag, argc, argv);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return CLI_OK;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("taiki-mirror " TAIKI_VERSION);
		return CLI_OK;
	}
	rc = argc > 1 ? run(argc - 1, argv + 1) : CLI_USAGE;
	if (rc == CLI_USAGE)
		fputs(usage, stderr);
	return rc;
}
