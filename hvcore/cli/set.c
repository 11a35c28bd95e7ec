// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * set: what can be changed while a domain runs.  It lasts until the domain's
 * end; the definition says what the next start brings.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "hv/tune.h"

struct change {
	struct hv_config c;
	uint64_t balloon; /* bytes, 0: not asked for */
	bool tune;
};

static int number(const char *text, uint64_t *n, const char **rest)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	*rest = end;
	return isdigit((unsigned char)*text) && !errno && *n <= INT64_MAX ? 0 : -EINVAL;
}

static int set_memory(struct change *ch, const char *value, struct hv_error *err)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = {{"KiB", 10}, {"K", 10}, {"MiB", 20}, {"M", 20},
		     {"GiB", 30}, {"G", 30}, {"", 20}};
	const char *unit;
	uint64_t n;

	if (number(value, &n, &unit))
		return hv_err(err, -EINVAL, "memory=%s: not an amount; give 512MiB, 2GiB", value);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(units[i].name, unit))
			continue;
		if (!n || n > (uint64_t)INT64_MAX >> units[i].shift ||
		    n << units[i].shift > ch->c.memory)
			return hv_err(err, -EINVAL, "memory=%s: domain %s can have up to %llu MiB",
				      value, ch->c.name, (unsigned long long)(ch->c.memory >> 20));
		if (!ch->c.balloon)
			return hv_err(err, -EINVAL,
				      "memory=%s: domain %s has no balloon (<memballoon>)", value,
				      ch->c.name);
		ch->balloon = n << units[i].shift;
		return 0;
	}
	return hv_err(err, -EINVAL, "memory=%s: \"%s\" is not a unit; give KiB, MiB or GiB", value,
		      unit);
}

static int set_cputune(struct change *ch, const char *key, const char *value, struct hv_error *err)
{
	bool negative = !strcmp(key, "quota") && !strcmp(value, "-1");
	const char *rest = "";
	uint64_t n = 0;

	if (!negative && (number(value, &n, &rest) || *rest || !n))
		return hv_err(err, -EINVAL, "%s=%s: not a number%s", key, value,
			      strcmp(key, "quota") ? "" : " of microseconds, or -1");
	if (!strcmp(key, "shares"))
		ch->c.cputune.shares = n;
	else if (!strcmp(key, "period"))
		ch->c.cputune.period = n;
	else
		ch->c.cputune.quota = negative ? -1 : (int64_t)n;
	ch->tune = true;
	return 0;
}

static int parse(struct change *ch, const char *setting, struct hv_error *err)
{
	const char *value = strchr(setting, '=');
	char key[16] = "";

	if (value)
		snprintf(key, sizeof(key), "%.*s", (int)(value - setting), setting);
	if (!strcmp(key, "memory"))
		return set_memory(ch, value + 1, err);
	if (!strcmp(key, "shares") || !strcmp(key, "period") || !strcmp(key, "quota"))
		return set_cputune(ch, key, value + 1, err);
	if (!strcmp(key, "vcpus"))
		return hv_err(err, -EINVAL,
			      "vcpus: processors cannot be plugged in while a domain runs; "
			      "change <vcpu> in its definition");
	return hv_err(err, -EINVAL, "\"%s\": give memory=SIZE, shares=N, period=US or quota=US",
		      setting);
}

int cmd_set(const struct options *o, int argc, char **argv)
{
	struct hv_error err = {""};
	struct change ch = {0};
	int code = running(argv[0]), rc;

	if (!code)
		code = owner_allows(o, argv[0], "change");
	if (code)
		return code;
	rc = config_of(argv[0], &ch.c, &err);
	/* What is not named stays as it is now, which need not be as it was at the start. */
	memset(&ch.c.cputune, 0, sizeof(ch.c.cputune));
	for (int i = 1; i < argc && !rc; i++)
		rc = parse(&ch, argv[i], &err);
	if (!rc)
		rc = hv_config_check(&ch.c, &err);
	if (!rc && ch.tune)
		rc = hv_tune(&ch.c, &err);
	if (!rc && ch.balloon)
		rc = ask(argv[0], "balloon", json_pack("{s:I}", "value", (json_int_t)ch.balloon),
			 left(o), NULL, &err);
	hv_config_free(&ch.c);
	return rc ? fail(rc, &err) : HV_EXIT_OK;
}
