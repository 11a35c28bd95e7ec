// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits as JSON, by QEMU's names and ours: one table for both directions.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/limits_json.h"

enum { KEY_MAX = 32 };

static const struct {
	const char *key[HV_LIMITS];
	const char *max, *burst;
	bool seconds; /* the burst is given as how long it lasts at its maximum */
} spelled[] = {
	[HV_WORDS_DISK] =
		{
			{"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"},
			"_max",
			"_max_length",
			true,
		},
	[HV_WORDS_NIC] =
		{
			{NULL, "rx-bps", "tx-bps", NULL, "rx-pps", "tx-pps"},
			"-max",
			"-burst",
			false,
		},
};

const char *hv_limits_key(enum hv_limit_words words, enum hv_limit limit)
{
	return spelled[words].key[limit];
}

static bool same(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return !*a && !*b;
}

/* A second of burst is a second's worth of max; without one, or beyond all numbers, it is refused later. */
static void set_seconds(struct hv_rate *r, uint64_t seconds)
{
	if (r->max && seconds > HV_RATE_MAX / r->max)
		r->burst = HV_RATE_MAX + 1;
	else
		r->burst = seconds * (r->max ? r->max : 1);
}

int hv_limits_set(struct hv_limits *l, enum hv_limit_words words, const char *key, uint64_t value)
{
	if (words == HV_WORDS_DISK && same(key, "iops_size")) {
		l->iops_size = value;
		return 0;
	}
	for (unsigned i = 0; i < HV_LIMITS; i++) {
		const char *name = spelled[words].key[i];
		struct hv_rate *r = &l->rate[i];
		char full[KEY_MAX];

		if (!name)
			continue;
		if (same(key, name)) {
			if (!value)
				*r = (struct hv_rate){0};
			r->avg = value;
			return 0;
		}
		snprintf(full, sizeof(full), "%s%s", name, spelled[words].max);
		if (same(key, full)) {
			r->max = value;
			return 0;
		}
		snprintf(full, sizeof(full), "%s%s", name, spelled[words].burst);
		if (!same(key, full))
			continue;
		if (spelled[words].seconds)
			set_seconds(r, value);
		else
			r->burst = value;
		return 0;
	}
	return -ENOENT;
}

void hv_limits_to_json(const struct hv_limits *l, enum hv_limit_words words, json_t *o)
{
	for (unsigned i = 0; i < HV_LIMITS; i++) {
		const struct hv_rate *r = &l->rate[i];
		const char *name = spelled[words].key[i];
		uint64_t burst = r->burst;
		char full[KEY_MAX];

		if (!name)
			continue;
		json_object_set_new(o, name, json_integer((json_int_t)r->avg));
		snprintf(full, sizeof(full), "%s%s", name, spelled[words].max);
		if (r->max)
			json_object_set_new(o, full, json_integer((json_int_t)r->max));
		if (spelled[words].seconds)
			burst = r->max ? burst / r->max : 0;
		snprintf(full, sizeof(full), "%s%s", name, spelled[words].burst);
		if (burst)
			json_object_set_new(o, full, json_integer((json_int_t)burst));
	}
	if (words == HV_WORDS_DISK && l->iops_size)
		json_object_set_new(o, "iops_size", json_integer((json_int_t)l->iops_size));
}

static int take(struct hv_limits *l, enum hv_limit_words words, const json_t *o, const char *key,
		struct hv_error *err)
{
	json_t *v = json_object_get(o, key);

	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return hv_err(err, -EINVAL, "Parameter '%s' expects a number from 0 on", key);
	return hv_limits_set(l, words, key, (uint64_t)json_integer_value(v));
}

int hv_limits_from_json(struct hv_limits *l, enum hv_limit_words words, const json_t *o,
			struct hv_error *err)
{
	int rc = 0;

	memset(l, 0, sizeof(*l));
	for (unsigned i = 0; !rc && i < HV_LIMITS; i++) {
		const char *name = spelled[words].key[i];
		/* The maximum first: the length of a burst is counted in it. */
		const char *const tail[] = {"", spelled[words].max, spelled[words].burst};

		for (size_t t = 0; name && !rc && t < sizeof(tail) / sizeof(tail[0]); t++) {
			char full[KEY_MAX];

			snprintf(full, sizeof(full), "%s%s", name, tail[t]);
			rc = take(l, words, o, full, err);
		}
	}
	if (!rc && words == HV_WORDS_DISK)
		rc = take(l, words, o, "iops_size", err);
	return rc;
}
