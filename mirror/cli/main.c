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
	"       taiki-mirror up NAME [--config FILE | OPTIONS OF taiki-mirrord]\n"
	"       taiki-mirror primary NAME [--force]\n"
	"       taiki-mirror secondary NAME\n"
	"       taiki-mirror connect NAME [--discard-my-data]\n"
	"       taiki-mirror disconnect NAME\n"
	"       taiki-mirror invalidate NAME\n"
	"       taiki-mirror invalidate-remote NAME\n"
	"       taiki-mirror outdate NAME\n"
	"       taiki-mirror pause-sync NAME\n"
	"       taiki-mirror resume-sync NAME\n"
	"       taiki-mirror verify NAME [--start=SIZE] [--stop=SIZE]\n"
	"       taiki-mirror verify-stop NAME\n"
	"       taiki-mirror detach NAME\n"
	"       taiki-mirror attach NAME\n"
	"       taiki-mirror resize NAME [--size=SIZE] [--assume-clean] [--assume-peer-has-space]\n"
	"       taiki-mirror down NAME [--force]\n"
	"       taiki-mirror create-md --disk PATH [--meta-disk internal|PATH|PATH[INDEX]]\n"
	"                    [--al-stripes N] [--al-stripe-size-kB N] [--force]\n"
	"       taiki-mirror --help | --version\n"
	"\n"
	"Exit status: 0 done, 1 not (why: on standard error), 2 wrong usage.\n"
	"See taiki-mirror(8).\n";

enum { FLAGS_MAX = 3 };

/* Commands that are the daemon's, with their flags; one that ends with "=" takes a value. */
static const struct remote {
	const char *name, *flags[FLAGS_MAX];
} remote[] = {
	{"primary", {"force"}},
	{"secondary", {NULL}},
	{"connect", {"discard-my-data"}},
	{"disconnect", {NULL}},
	{"invalidate", {NULL}},
	{"invalidate-remote", {NULL}},
	{"outdate", {NULL}},
	{"pause-sync", {NULL}},
	{"resume-sync", {NULL}},
	{"down", {"force"}},
	{"verify", {"start=", "stop="}},
	{"verify-stop", {NULL}},
	{"attach", {NULL}},
	{"detach", {NULL}},
	{"resize", {"size=", "assume-clean", "assume-peer-has-space"}},
};

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} local[] = {{"status", cli_status},
	     {"history", cli_history},
	     {"metrics", cli_metrics},
	     {"up", cli_up},
	     {"create-md", cli_create_md}};

/* flag() - The argument @text ("--force", "--start=8M") into @o.  False: it is none of @r's. */
static bool flag(const struct remote *r, const char *text, json_t *o)
{
	for (int i = 0; i < FLAGS_MAX && r->flags[i] && !strncmp(text, "--", 2); i++) {
		const char *f = r->flags[i];
		size_t len = strlen(f);

		if (f[len - 1] != '=' && !strcmp(text + 2, f))
			return !json_object_set_new(o, f, json_true());
		if (f[len - 1] == '=' && !strncmp(text + 2, f, len) && text[2 + len])
			return !json_object_setn_new(o, f, len - 1, json_string(text + 2 + len));
	}
	return false;
}

static int forward(const struct remote *r, int argc, char **argv)
{
	json_t *o = json_object();

	for (int i = 2; i < argc; i++)
		if (!flag(r, argv[i], o)) {
			json_decref(o);
			return CLI_USAGE;
		}
	if (argc < 2 || *argv[1] == '-') {
		json_decref(o);
		return CLI_USAGE;
	}
	o = cli_ask(argv[1], r->name, o);
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
			return forward(&remote[i], argc, argv);
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
