// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "key=value" as a change of a configuration.  Pure.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_edit.h"
#include "hv/cpuset.h"
#include "hv/limits_json.h"
#include "hv/live.h"

enum { KEY_MAX = 64 };

static int number(const char *text, uint64_t *n, const char **rest)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	*rest = end;
	return isdigit((unsigned char)*text) && !errno && *n <= INT64_MAX ? 0 : -EINVAL;
}

static int change_memory(struct hv_config *c, const char *value, struct hv_error *err)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = {{"KiB", 10}, {"K", 10}, {"MiB", 20}, {"M", 20},
		     {"GiB", 30}, {"G", 30}, {"", 20}};
	const char *unit;
	uint64_t n;

	if (number(value, &n, &unit))
		return hv_err(err, -EINVAL, "memory=%.40s: not an amount; give 512MiB, 2GiB",
			      value);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(units[i].name, unit))
			continue;
		if (!n || n > (uint64_t)INT64_MAX >> units[i].shift ||
		    n << units[i].shift > c->memory)
			return hv_err(err, -EINVAL,
				      "memory=%.40s: domain %s can have up to %llu MiB", value,
				      c->name, (unsigned long long)(c->memory >> 20));
		if (!c->balloon)
			return hv_err(err, -EINVAL,
				      "memory=%.40s: domain %s has no balloon (<memballoon>)",
				      value, c->name);
		c->current_memory = n << units[i].shift;
		return 0;
	}
	return hv_err(err, -EINVAL, "memory=%.40s: \"%.40s\" is not a unit; give KiB, MiB or GiB",
		      value, unit);
}

static int change_cputune(struct hv_config *c, const char *key, const char *value,
			  struct hv_error *err)
{
	bool quota = !strcmp(key, "quota"), negative = quota && !strcmp(value, "-1");
	const char *rest = "";
	uint64_t n = 0;

	if (!negative && (number(value, &n, &rest) || *rest || !n))
		return hv_err(err, -EINVAL, "%s=%.40s: not a number%s", key, value,
			      quota ? " of microseconds, or -1" : "");
	if (quota)
		c->cputune.quota = negative ? -1 : (int64_t)n;
	else if (!strcmp(key, "period"))
		c->cputune.period = n;
	else
		c->cputune.shares = n;
	return 0;
}

static int change_vcpus(struct hv_config *c, const char *value, struct hv_error *err)
{
	const char *rest;
	uint64_t n;

	if (number(value, &n, &rest) || *rest || !n || n > c->vcpus)
		return hv_err(err, -EINVAL, "vcpus=%.40s: domain %s has 1 to %u of them", value,
			      c->name, c->vcpus);
	c->vcpus_current = (unsigned)n;
	return 0;
}

/* "cpus", "pin.N" or "emulatorpin"; "none" takes it away. */
static int change_pins(struct hv_config *c, const char *key, const char *value,
		       struct hv_error *err)
{
	bool none = !strcmp(value, "none");
	const char *set = none ? NULL : value, *rest;
	cpu_set_t cpus;
	uint64_t vcpu;
	int rc = 0;

	if (!none && hv_cpuset_parse(value, &cpus))
		return hv_err(err, -EINVAL, "%s=%.40s: no set of CPUs; give 2, 0-3,8 or none", key,
			      value);
	if (!strcmp(key, "emulatorpin")) {
		rc = hv_config_set(&c->emulatorpin, set);
	} else if (!strcmp(key, "cpus")) {
		for (unsigned i = 0; !rc && i < c->vcpus; i++)
			rc = hv_config_pin(c, i, set);
	} else {
		if (number(key + strlen("pin."), &vcpu, &rest) || *rest || vcpu >= c->vcpus)
			return hv_err(err, -EINVAL, "%s: domain %s has the processors 0 to %u", key,
				      c->name, c->vcpus - 1);
		rc = hv_config_pin(c, (unsigned)vcpu, set);
	}
	return rc ? hv_err(err, rc, "%s: out of memory", key) : 0;
}

static struct hv_limits *device_limits(struct hv_config *c, const char *device,
				       enum hv_limit_words *words)
{
	char name[16];

	*words = HV_WORDS_DISK;
	for (unsigned i = 0; i < c->ndisks; i++)
		if (!strcmp(c->disk[i].target, device))
			return &c->disk[i].limits;
	*words = HV_WORDS_NIC;
	for (unsigned i = 0; i < c->nnics; i++) {
		snprintf(name, sizeof(name), "net%u", i);
		if (!strcmp(name, device))
			return &c->nic[i].limits;
	}
	return NULL;
}

static int change_limit(struct hv_config *c, const char *key, const char *value,
			struct hv_error *err)
{
	static const char units[] = "KMGT";
	const char *dot = strchr(key, '.'), *rest, *unit;
	enum hv_limit_words words;
	struct hv_limits *l;
	char device[KEY_MAX];
	uint64_t n;

	snprintf(device, sizeof(device), "%.*s", (int)(dot - key), key);
	l = device_limits(c, device, &words);
	if (!l)
		return hv_err(err, -EINVAL,
			      "%s: domain %s has no disk and no interface %s; `hv info %s` has "
			      "their names",
			      key, c->name, device, c->name);
	if (number(value, &n, &rest))
		return hv_err(err, -EINVAL, "%s=%.40s: not a number; 0 is no limit", key, value);
	unit = *rest ? strchr(units, toupper((unsigned char)*rest)) : NULL;
	if (*rest && (!unit || rest[1] || n > (uint64_t)INT64_MAX >> 10 * (unit - units + 1)))
		return hv_err(err, -EINVAL, "%s=%.40s: \"%.20s\" is no unit; give K, M, G or T",
			      key, value, rest);
	if (unit)
		n <<= 10 * (unit - units + 1);
	if (hv_limits_set(l, words, dot + 1, n))
		return hv_err(err, -EINVAL, "%s: no limit of %s; give %s", key,
			      words == HV_WORDS_DISK ? "a disk" : "an interface",
			      words == HV_WORDS_DISK ? "bps, bps_rd, bps_wr, iops, iops_rd, iops_wr"
						     : "rx-bps, tx-bps, rx-pps, tx-pps");
	return 0;
}

int hv_live_change(struct hv_config *c, const char *setting, unsigned *what, struct hv_error *err)
{
	const char *value = strchr(setting, '=');
	char key[KEY_MAX] = "";
	unsigned aspect;
	int rc;

	if (value && value - setting < KEY_MAX)
		snprintf(key, sizeof(key), "%.*s", (int)(value - setting), setting);
	if (!strcmp(key, "memory")) {
		rc = change_memory(c, value + 1, err);
		aspect = HV_LIVE_MEMORY;
	} else if (!strcmp(key, "shares") || !strcmp(key, "period") || !strcmp(key, "quota")) {
		rc = change_cputune(c, key, value + 1, err);
		aspect = HV_LIVE_CPU;
	} else if (!strcmp(key, "vcpus")) {
		rc = change_vcpus(c, value + 1, err);
		aspect = HV_LIVE_VCPUS;
	} else if (!strcmp(key, "cpus") || !strcmp(key, "emulatorpin") ||
		   !strncmp(key, "pin.", 4)) {
		rc = change_pins(c, key, value + 1, err);
		aspect = HV_LIVE_PINS;
	} else if (strchr(key, '.')) {
		rc = change_limit(c, key, value + 1, err);
		aspect = HV_LIVE_LIMITS;
	} else {
		return hv_err(err, -EINVAL,
			      "\"%.60s\": give memory=SIZE, shares=N, period=US, quota=US, "
			      "cpus=CPUS, vcpus=N, or a limit as in vda.bps=10M, net0.tx-bps=1M",
			      setting);
	}
	if (!rc)
		*what |= aspect;
	return rc;
}
