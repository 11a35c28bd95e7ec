// SPDX-License-Identifier: GPL-2.0-or-later
/* One table: the long options, the keys of guest.conf, and the lines of --help. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/guest/guest.h"

#define CONFIG_FILE "/etc/taiki/guest.conf"

enum { HOUR = 3600 * 1000, LINE = 4096 };
enum kind { TEXT, PATH, TIME, COUNT, YES_NO };

#define AT(field) offsetof(struct options, field)

static const struct {
	const char *name, *argument;
	enum kind kind;
	size_t at;
	unsigned min, max; /* TIME: ms */
	const char *help;
} table[] = {
	{"port", "PATH", PATH, AT(port), 0, 0, "the device (found by the name " BEAT_PORT ")"},
	{"role-port", "PATH", PATH, AT(role_port), 0, 0,
	 "the device (found by the name " HV_CHANNEL_ROLE ")"},
	{"interval", "TIME", TIME, AT(interval), BEAT_INTERVAL_MIN, BEAT_INTERVAL_MAX,
	 "between beats, until the host says another (1s)"},
	{"health-command", "COMMAND", TEXT, AT(health_command), 0, 0,
	 "its exit status says whether the service is well"},
	{"health-interval", "TIME", TIME, AT(health_interval), 100, HOUR,
	 "from one run to the next (10s)"},
	{"health-timeout", "TIME", TIME, AT(health_timeout), 100, HOUR,
	 "kill a run that takes longer (5s)"},
	{"health-failures", "N", COUNT, AT(health_failures), 1, 1000,
	 "so many failures in a row are reported (2)"},
	{"role-dir", "DIR", PATH, AT(role_dir), 0, 0, "scripts to run (/etc/taiki/role.d)"},
	{"role-timeout", "TIME", TIME, AT(role_timeout), 100, HOUR, "for each of them (60s)"},
	{"run-dir", "DIR", PATH, AT(run_dir), 0, 0, "where the role is kept (/run/taiki-guest)"},
	{"agent", "yes|no", YES_NO, AT(agent), 0, 0,
	 "serve QEMU's guest agent's port, for processors (no)"},
	{"agent-port", "PATH", PATH, AT(agent_port), 0, 0,
	 "the device (found by the name org.qemu.guest_agent.0)"},
	{"lock-memory", "yes|no", YES_NO, AT(lock_memory), 0, 0, "never be paged out (yes)"},
	{"realtime", "yes|no", YES_NO, AT(realtime), 0, 0, "run before ordinary programs (no)"},
	{"syslog", "yes|no", YES_NO, AT(syslog), 0, 0, "messages to syslog, not stderr (no)"},
};

enum { ENTRIES = sizeof(table) / sizeof(table[0]), OPT_CONFIG = 1000, OPT_HELP, OPT_VERSION };

static const char *set_number(unsigned *to, const char *text, unsigned scale, size_t i)
{
	char *end;
	unsigned long long n;

	if (*text < '0' || *text > '9')
		return "is not a number";
	errno = 0;
	n = strtoull(text, &end, 10);
	if (table[i].kind == TIME) {
		if (!strcmp(end, "ms"))
			scale = 1;
		else if (strcmp(end, "s") && *end)
			return "is not a time: a number, and s or ms";
	} else if (*end) {
		return "is not a number";
	}
	if (errno || n > UINT_MAX / scale || n * scale < table[i].min || n * scale > table[i].max)
		return "is out of range";
	*to = (unsigned)n * scale;
	return NULL;
}

/* set() - NULL, or what is wrong with @text.  It is kept, not copied. */
static const char *set(struct options *o, size_t i, const char *text)
{
	void *to = (char *)o + table[i].at;

	switch (table[i].kind) {
	case PATH:
	case TEXT:
		if (!*text)
			return "is empty";
		if (table[i].kind == PATH && *text != '/')
			return "is not an absolute path";
		*(const char **)to = text;
		return NULL;
	case TIME: return set_number(to, text, 1000, i);
	case COUNT: return set_number(to, text, 1, i);
	case YES_NO:
		if (strcmp(text, "yes") && strcmp(text, "no"))
			return "is neither yes nor no";
		*(bool *)to = *text == 'y';
		return NULL;
	}
	return "is not understood";
}

static char *trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len && strchr(" \t\r\n", s[len - 1]))
		s[--len] = '\0';
	return s;
}

bool options_line(struct options *o, char *line, const char **why)
{
	char *key = trim(line), *value = strchr(key, '=');

	if (!*key || *key == '#')
		return true;
	*why = "has no '='";
	if (!value)
		return false;
	*value++ = '\0';
	key = trim(key);
	for (size_t i = 0; i < ENTRIES; i++) {
		if (strcmp(key, table[i].name))
			continue;
		value = strdup(trim(value));
		*why = value ? set(o, i, value) : "does not fit into memory";
		if (*why || (table[i].kind != TEXT && table[i].kind != PATH))
			free(value); /* nobody keeps it */
		return !*why;
	}
	*why = "is not an option";
	return false;
}

static int read_config(struct options *o, const char *path, bool must)
{
	FILE *f = fopen(path, "re");
	char line[LINE];
	int rc = -1;

	if (!f) {
		if (errno == ENOENT && !must)
			return -1;
		fprintf(stderr, "taiki-guest: %s: cannot be read: %s\n", path, strerror(errno));
		return 1;
	}
	for (unsigned n = 1; rc < 0 && fgets(line, sizeof(line), f); n++) {
		const char *why = NULL;

		if (options_line(o, line, &why))
			continue;
		fprintf(stderr, "taiki-guest: %s:%u: '%s' %s; see taiki-guest(8)\n", path, n,
			trim(line), why);
		rc = 1;
	}
	fclose(f);
	return rc;
}

static int help(void)
{
	puts("Usage: taiki-guest [OPTION]...\n"
	     "Tell the host of this virtual machine, again and again, that it lives.\n");
	for (size_t i = 0; i < ENTRIES; i++) {
		char option[40];

		snprintf(option, sizeof(option), "--%s=%s", table[i].name, table[i].argument);
		printf("  %-26s %s\n", option, table[i].help);
	}
	printf("  %-26s %s\n  %-26s %s\n  %-26s %s\n\n%s\n", "--config=FILE",
	       "the same, a line each: NAME = VALUE (" CONFIG_FILE ")", "--help", "this",
	       "--version", "what is this",
	       "A TIME is a number of seconds, or has its unit: 10s, 500ms.");
	return 0;
}

/* pass() - Over the command line; @o NULL: only for what comes before the configuration file. */
static int pass(struct options *o, int argc, char **argv, const char **config)
{
	struct option longs[ENTRIES + 4] = {
		[ENTRIES] = {"config", required_argument, NULL, OPT_CONFIG},
		[ENTRIES + 1] = {"help", no_argument, NULL, OPT_HELP},
		[ENTRIES + 2] = {"version", no_argument, NULL, OPT_VERSION},
	};
	int c;

	for (size_t i = 0; i < ENTRIES; i++)
		longs[i] = (struct option){table[i].name, required_argument, NULL, (int)i};
	optind = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		const char *why = o && c < (int)ENTRIES ? set(o, (size_t)c, optarg) : NULL;

		if (why) {
			fprintf(stderr, "taiki-guest: --%s: '%s' %s; see --help\n", table[c].name,
				optarg, why);
			return 2;
		}
		switch (c) {
		case OPT_CONFIG: *config = optarg; break;
		case OPT_HELP: return help();
		case OPT_VERSION: return puts("taiki-guest " TAIKI_VERSION) < 0;
		case '?': return 2;
		default: break;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "taiki-guest: '%s' is not an option; see --help\n", argv[optind]);
		return 2;
	}
	return -1;
}

int options_get(struct options *o, int argc, char **argv)
{
	const char *config = NULL;
	int rc = pass(NULL, argc, argv, &config);

	*o = (struct options){
		.interval = 1000,
		.health_interval = 10000,
		.health_timeout = 5000,
		.health_failures = 2,
		.role_dir = "/etc/taiki/role.d",
		.role_timeout = 60000,
		.run_dir = "/run/taiki-guest",
		.lock_memory = true,
	};
	if (rc < 0)
		rc = read_config(o, config ? config : CONFIG_FILE, config);
	return rc < 0 ? pass(o, argc, argv, &config) : rc;
}
