// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "ocf.h"

static const struct ocf_agent *the_agent;
static const struct ocf_action *the_action;
static int64_t began;

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

int64_t ocf_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static const char *given(const char *name)
{
	char key[128];

	snprintf(key, sizeof(key), "OCF_RESKEY_%s", name);
	return env(key);
}

static const char *fallback(const char *name)
{
	for (const struct ocf_parameter *p = the_agent->parameters; p->name; p++)
		if (!strcmp(p->name, name))
			return p->fallback;
	return NULL;
}

const char *ocf_param(const char *name)
{
	const char *v = given(name);

	return v ? v : fallback(name);
}

bool ocf_param_given(const char *name)
{
	const char *v = given(name), *usual = fallback(name);

	return v && (!usual || strcmp(v, usual) != 0);
}

bool ocf_param_true(const char *name)
{
	static const char *const yes[] = {"1", "true", "yes", "on", "y"};
	const char *v = ocf_param(name);

	for (size_t i = 0; v && i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!strcasecmp(v, yes[i]))
			return true;
	return false;
}

int ocf_parse_ms(const char *text)
{
	static const struct {
		const char *unit;
		long ms;
	} units[] = {
		{"", 1000},   {"s", 1000},    {"sec", 1000},  {"ms", 1},       {"msec", 1},
		{"m", 60000}, {"min", 60000}, {"h", 3600000}, {"hr", 3600000},
	};
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || n < 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].unit))
			return n > INT32_MAX / units[i].ms ? -1 : (int)(n * units[i].ms);
	return -1;
}

int ocf_param_ms(const char *name)
{
	const char *v = ocf_param(name);

	return v ? ocf_parse_ms(v) : -1;
}

const char *ocf_instance(void)
{
	static char name[256];
	const char *v = env("OCF_RESOURCE_INSTANCE");

	snprintf(name, sizeof(name), "%s", v ? v : "");
	name[strcspn(name, ":")] = '\0';
	return name;
}

bool ocf_is_clone(void)
{
	const char *v = env("OCF_RESOURCE_INSTANCE");

	return env("OCF_RESKEY_CRM_meta_clone") || env("OCF_RESKEY_CRM_meta_clone_max") ||
	       (v && strchr(v, ':'));
}

bool ocf_is_probe(void)
{
	const char *v = env("OCF_RESKEY_CRM_meta_interval");

	return !strcmp(the_action->name, "monitor") && (!v || !strcmp(v, "0"));
}

int ocf_check_level(void)
{
	const char *v = env("OCF_CHECK_LEVEL");

	return v ? atoi(v) : 0;
}

int ocf_timeout_ms(void)
{
	/* Pacemaker gives milliseconds, whatever the unit in the configuration. */
	const char *v = env("OCF_RESKEY_CRM_meta_timeout");
	long ms = v ? strtol(v, NULL, 10) : 0;

	return ms > 0 && ms <= INT32_MAX ? (int)ms : (int)the_action->timeout * 1000;
}

int ocf_left_ms(void)
{
	int64_t left = began + ocf_timeout_ms() - ocf_now_ms();

	return left > 0 ? (int)left : 0;
}

enum ocf_rc ocf_exit_reason(enum ocf_rc rc, const char *fmt, ...)
{
	const char *prefix = env("OCF_EXIT_REASON_PREFIX");
	va_list ap;

	fputs(prefix ? prefix : "ocf-exit-reason:", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return rc;
}

enum ocf_rc ocf_daemon_rc(int rc)
{
	switch (rc) {
	case 0: return OCF_SUCCESS;
	case -ENOEXEC: return OCF_ERR_INSTALLED;
	case -EACCES: return OCF_ERR_ARGS;
	default: return OCF_ERR_GENERIC;
	}
}

void ocf_log(const char *level, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s(%s): %s: ", the_agent->name, ocf_instance(), level);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void ocf_use(const struct ocf_agent *agent, const struct ocf_action *action)
{
	the_agent = agent;
	the_action = action;
	began = ocf_now_ms();
}

static void usage(const struct ocf_agent *agent, FILE *to)
{
	fprintf(to, "usage: %s {", agent->name);
	for (const struct ocf_action *a = agent->actions; a->name; a++)
		if (a == agent->actions || strcmp(a->name, a[-1].name)) /* a monitor of each role */
			fprintf(to, "%s%s", a == agent->actions ? "" : "|", a->name);
	fputs("}\nParameters are given in the environment, as OCF_RESKEY_name.\n", to);
}

int ocf_main(const struct ocf_agent *agent, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "", *minor;

	/* A line is one message to whoever reads it, and one call. */
	setvbuf(stderr, NULL, _IOLBF, 0);
	if (!strcmp(name, "usage") || !strcmp(name, "help") || !*name) {
		usage(agent, *name ? stdout : stderr);
		return *name ? OCF_SUCCESS : OCF_ERR_ARGS;
	}
	for (const struct ocf_action *a = agent->actions; a->name; a++) {
		if (strcmp(a->name, name) != 0)
			continue;
		ocf_use(agent, a);
		if (a->run)
			return a->run();
		minor = env("OCF_RA_VERSION_MINOR");
		ocf_metadata(agent, minor ? atoi(minor) : 0);
		return fflush(stdout) ? OCF_ERR_GENERIC : OCF_SUCCESS;
	}
	usage(agent, stderr);
	return OCF_ERR_UNIMPLEMENTED;
}
