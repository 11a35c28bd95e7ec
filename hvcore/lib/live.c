// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in force for a running domain, and making it as a configuration says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"
#include "hv/limits_json.h"
#include "hv/live.h"
#include "hv/qmp.h"
#include "hv/rundir.h"
#include "hv/tune.h"
#include "probe.h"

const char *hv_live_name(unsigned aspect)
{
	switch (aspect) {
	case HV_LIVE_CPU: return "CPU";
	case HV_LIVE_PINS: return "pins";
	case HV_LIVE_LIMITS: return "limits";
	case HV_LIVE_MEMORY: return "memory";
	case HV_LIVE_VCPUS: return "vcpus";
	default: return "?";
	}
}

/* --- what is in force --- */

static int read_config(const char *name, struct hv_config *c, struct hv_error *err)
{
	char path[4096], *text;
	size_t len;
	int rc = hv_run_path(path, sizeof(path), name, "config.json");

	memset(c, 0, sizeof(*c));
	if (rc)
		return hv_err(err, rc, "domain %.70s: not a name for a domain", name);
	rc = hv_definition_read(path, &text, &len, err);
	if (rc)
		return rc;
	rc = hv_config_from_json(c, text, len, err);
	free(text);
	return rc;
}

static void take_tuned(struct hv_config *c)
{
	struct hv_tuned t;

	if (hv_tune_read(c->name, &t))
		return;
	c->cputune.shares = t.shares;
	c->cputune.period = t.period;
	/* The group's is that of all virtual processors. */
	c->cputune.quota = t.quota > 0 ? t.quota / c->vcpus : -1;
}

static void take_blocks(struct hv_config *c, const json_t *blocks)
{
	size_t i;
	json_t *b;

	json_array_foreach (blocks, i, b) {
		const char *device = json_string_value(json_object_get(b, "device"));

		for (unsigned k = 0; device && k < c->ndisks; k++)
			if (!strcmp(c->disk[k].target, device))
				(void)hv_limits_from_json(&c->disk[k].limits, HV_WORDS_DISK,
							  json_object_get(b, "x-taiki-limits"),
							  NULL);
	}
}

static void take_nics(struct hv_config *c, const json_t *nics)
{
	size_t i;
	json_t *n;

	json_array_foreach (nics, i, n) {
		if (i < c->nnics)
			(void)hv_limits_from_json(&c->nic[i].limits, HV_WORDS_NIC,
						  json_object_get(n, "limits"), NULL);
	}
}

static void take_memory(struct hv_config *c, const json_t *memory)
{
	json_int_t asked = json_integer_value(json_object_get(memory, "asked"));

	if (asked > 0 && (uint64_t)asked <= c->memory)
		c->current_memory = (uint64_t)asked;
}

static int ask_domain(struct hv_config *c, int timeout_ms, struct hv_error *err)
{
	static const struct {
		const char *command;
		void (*take)(struct hv_config *c, const json_t *answer);
	} questions[] = {
		{"query-block", take_blocks},
		{"x-taiki-query-net", take_nics},
		{"x-taiki-query-memory", take_memory},
	};
	int64_t deadline = hv_clock_ms() + timeout_ms;
	struct hv_qmp *q = NULL;
	int rc = hv_qmp_open_domain(c->name, timeout_ms, &q, err);

	for (size_t i = 0; !rc && i < sizeof(questions) / sizeof(questions[0]); i++) {
		json_t *answer = NULL;

		rc = hv_qmp_call(q, questions[i].command, NULL, hv_left_ms(deadline), &answer, err);
		if (!rc)
			questions[i].take(c, answer);
		json_decref(answer);
	}
	hv_qmp_close(q);
	return rc;
}

int hv_live_now(const char *name, struct hv_config *c, unsigned what, int timeout_ms,
		struct hv_error *err)
{
	int rc = read_config(name, c, err);

	if (rc)
		return rc;
	take_tuned(c);
	rc = hv_pins_load(c);
	if (rc)
		hv_err(err, rc, "domain %s: out of memory", name);
	else if (what & (HV_LIVE_LIMITS | HV_LIVE_MEMORY))
		rc = ask_domain(c, timeout_ms, err);
	if (rc)
		hv_config_free(c);
	return rc;
}

/* --- making it so --- */

static int apply_cpu(const struct hv_config *c, int64_t deadline, struct hv_error *err)
{
	return hv_tune_group(c, err);
}

static int apply_pins(const struct hv_config *c, int64_t deadline, struct hv_error *err)
{
	return hv_pins_set(c, err);
}

static int apply_limits(const struct hv_config *c, int64_t deadline, struct hv_error *err)
{
	struct hv_qmp *q = NULL;
	int rc = 0;

	if (!c->ndisks && !c->nnics)
		return 0;
	rc = hv_qmp_open_domain(c->name, hv_left_ms(deadline), &q, err);
	for (unsigned i = 0; !rc && i < c->ndisks; i++) {
		json_t *args = json_pack("{s:s}", "device", c->disk[i].target);

		hv_limits_to_json(&c->disk[i].limits, HV_WORDS_DISK, args);
		rc = hv_qmp_call(q, "block_set_io_throttle", args, hv_left_ms(deadline), NULL, err);
	}
	for (unsigned i = 0; !rc && i < c->nnics; i++) {
		char name[16];
		json_t *args;

		snprintf(name, sizeof(name), "net%u", i);
		args = json_pack("{s:s}", "name", name);
		hv_limits_to_json(&c->nic[i].limits, HV_WORDS_NIC, args);
		rc = hv_qmp_call(q, "x-taiki-net-throttle", args, hv_left_ms(deadline), NULL, err);
	}
	hv_qmp_close(q);
	return rc;
}

static int apply_memory(const struct hv_config *c, int64_t deadline, struct hv_error *err)
{
	struct hv_qmp *q = NULL;
	int rc;

	/* Who has no balloon has all of it. */
	if (!c->balloon)
		return c->current_memory == c->memory
			       ? 0
			       : hv_err(err, -EINVAL, "domain %s has no balloon (<memballoon>)",
					c->name);
	rc = hv_qmp_open_domain(c->name, hv_left_ms(deadline), &q, err);
	if (!rc)
		rc = hv_qmp_call(q, "balloon",
				 json_pack("{s:I}", "value", (json_int_t)c->current_memory),
				 hv_left_ms(deadline), NULL, err);
	hv_qmp_close(q);
	return rc;
}

static int apply_vcpus(const struct hv_config *c, int64_t deadline, struct hv_error *err)
{
	return hv_guest_vcpus(c, c->vcpus_current, hv_left_ms(deadline), err);
}

int hv_live_apply(const struct hv_config *c, unsigned what, int timeout_ms, unsigned *done,
		  struct hv_error *err)
{
	static int (*const apply[HV_LIVE_ASPECTS])(const struct hv_config *, int64_t,
						   struct hv_error *) = {
		apply_cpu, apply_pins, apply_limits, apply_memory, apply_vcpus,
	};
	int64_t deadline = hv_clock_ms() + timeout_ms;
	unsigned did = 0;
	int rc = 0;

	for (unsigned i = 0; !rc && i < HV_LIVE_ASPECTS; i++) {
		if (!(what & 1u << i))
			continue;
		did |= 1u << i;
		rc = apply[i](c, deadline, err);
	}
	if (done)
		*done = did;
	return rc;
}
