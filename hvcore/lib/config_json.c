// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration as JSON and back.  One table of fields a structure serves
 * both directions, so that they cannot drift apart.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/config.h"

#include "mac.h"

enum { JSON_BYTES_MAX = 1 << 20 };

enum type { STR, UUID, MAC, BOOL, BOOL_IF, UINT, U64, U64_IF, I64, ENUM };

struct field {
	const char *key;
	enum type type;
	size_t offset;
	const char *const *names; /* ENUM: by value, NULL-terminated */
};

static const char *const engines[] = {"auto", "kvm", "soft", NULL};
static const char *const cpus[] = {"taiki-base", "host-passthrough", NULL};
static const char *const actions[] = {"destroy", "restart", "preserve", NULL};
static const char *const watchdogs[] = {"none", "i6300esb", "wdat", NULL};
static const char *const watchdog_actions[] = {"reset", "shutdown",   "poweroff", "pause",
					       "none",  "inject-nmi", NULL};
static const char *const heartbeat_actions[] = {"recover", "reset", "notify", NULL};
static const char *const guards[] = {"fencing", "lease", "mirror", "scsi-pr", NULL};

#define F(s, t, k)                                                    \
	{                                                             \
		.key = #k, .type = t, .offset = offsetof(struct s, k) \
	}
#define FE(s, k, n)                                                                  \
	{                                                                            \
		.key = #k, .type = ENUM, .offset = offsetof(struct s, k), .names = n \
	}
#define RATE(s, i, k)                                                                 \
	{.key = k, .type = U64_IF, .offset = offsetof(struct s, limits.rate[i].avg)}, \
		{.key = k "_max",                                                     \
		 .type = U64_IF,                                                      \
		 .offset = offsetof(struct s, limits.rate[i].max)},                   \
	{                                                                             \
		.key = k "_burst", .type = U64_IF,                                    \
		.offset = offsetof(struct s, limits.rate[i].burst)                    \
	}
#define LIMITS(s)                                                                                  \
	RATE(s, HV_BPS, "bps"), RATE(s, HV_BPS_RD, "bps_rd"), RATE(s, HV_BPS_WR, "bps_wr"),        \
		RATE(s, HV_IOPS, "iops"), RATE(s, HV_IOPS_RD, "iops_rd"),                          \
		RATE(s, HV_IOPS_WR, "iops_wr"),                                                    \
	{                                                                                          \
		.key = "iops_size", .type = U64_IF, .offset = offsetof(struct s, limits.iops_size) \
	}
#define CPUTUNE(t, k)                                             \
	{                                                         \
		.key = #k, .type = t,                             \
		.offset = offsetof(struct hv_config, cputune.k) - \
			  offsetof(struct hv_config, cputune)     \
	}

static const struct field top[] = {
	F(hv_config, STR, name),
	F(hv_config, UUID, uuid),
	F(hv_config, U64, memory),
	F(hv_config, U64, current_memory),
	F(hv_config, UINT, vcpus),
	F(hv_config, UINT, vcpus_current),
	FE(hv_config, engine, engines),
	FE(hv_config, cpu, cpus),
	F(hv_config, STR, kernel),
	F(hv_config, STR, initrd),
	F(hv_config, STR, cmdline),
	F(hv_config, STR, loader),
	F(hv_config, BOOL, rtc_localtime),
	F(hv_config, BOOL, acpi),
	FE(hv_config, on_poweroff, actions),
	FE(hv_config, on_reboot, actions),
	FE(hv_config, on_crash, actions),
	F(hv_config, BOOL, serial),
	F(hv_config, BOOL, console),
	F(hv_config, BOOL, console_is_serial),
	F(hv_config, BOOL, rng),
	F(hv_config, BOOL, balloon),
	F(hv_config, UINT, balloon_stats_period),
	F(hv_config, BOOL, free_page_reporting),
	F(hv_config, BOOL, balloon_autodeflate),
	F(hv_config, BOOL, panic),
	FE(hv_config, watchdog, watchdogs),
	FE(hv_config, watchdog_action, watchdog_actions),
	F(hv_config, STR, fence_group),
	F(hv_config, UINT, priority),
	F(hv_config, STR, emulatorpin),
	{0},
};

static const struct field cputune[] = {
	CPUTUNE(U64, shares),
	CPUTUNE(U64, period),
	CPUTUNE(I64, quota),
	{0},
};

static const struct field heartbeat[] = {
	F(hv_heartbeat, BOOL, beats),
	F(hv_heartbeat, UINT, timeout),
	F(hv_heartbeat, UINT, interval),
	F(hv_heartbeat, UINT, boot_grace),
	F(hv_heartbeat, UINT, min_uptime),
	F(hv_heartbeat, UINT, max_resets),
	F(hv_heartbeat, UINT, reset_window),
	F(hv_heartbeat, UINT, io_window),
	F(hv_heartbeat, UINT, agent_timeout),
	FE(hv_heartbeat, action, heartbeat_actions),
	{0},
};

static const struct field disk[] = {
	F(hv_disk, STR, path),
	F(hv_disk, STR, target),
	F(hv_disk, STR, serial),
	F(hv_disk, BOOL, readonly),
	F(hv_disk, BOOL, discard),
	F(hv_disk, BOOL, gated),
	F(hv_disk, U64_IF, block_size),
	F(hv_disk, BOOL_IF, nbd),
	FE(hv_disk, guard, guards),
	F(hv_disk, STR, lease_lockspace),
	F(hv_disk, STR, lease_key),
	F(hv_disk, STR, lease_path),
	F(hv_disk, U64, lease_offset),
	LIMITS(hv_disk),
	{0},
};

static const struct field nic[] = {
	F(hv_nic, STR, bridge),
	F(hv_nic, STR, tap),
	F(hv_nic, MAC, mac),
	F(hv_nic, UINT, queues),
	F(hv_nic, BOOL, link_down),
	F(hv_nic, BOOL, gated),
	LIMITS(hv_nic),
	{0},
};

static const struct field channel[] = {
	F(hv_channel, STR, name),
	F(hv_channel, STR, socket),
	{0},
};

static const struct field standby[] = {
	F(hv_standby, BOOL, wanted), F(hv_standby, BOOL, waiting),
	F(hv_standby, BOOL, spare),  F(hv_standby, BOOL, template),
	F(hv_standby, U64, memory),  F(hv_standby, U64, shares),
	F(hv_standby, I64, quota),   {0},
};

static const struct field minimum[] = {
	F(hv_minimum, U64, memory),
	F(hv_minimum, U64, shares),
	F(hv_minimum, I64, quota),
	{0},
};

static const struct field pin[] = {
	F(hv_pin, UINT, vcpu),
	F(hv_pin, STR, cpuset),
	{0},
};

static const struct field role[] = {
	F(hv_role_data, STR, key),
	F(hv_role_data, STR, value),
	{0},
};

static const struct array {
	const char *key;
	const struct field *fields;
	size_t offset, count, size; /* count: where the number of elements stands */
	unsigned max;
	bool if_any; /* an empty one is left out */
} arrays[] = {
	{"disk", disk, offsetof(struct hv_config, disk), offsetof(struct hv_config, ndisks),
	 sizeof(struct hv_disk), HV_DISKS_MAX},
	{"nic", nic, offsetof(struct hv_config, nic), offsetof(struct hv_config, nnics),
	 sizeof(struct hv_nic), HV_NICS_MAX},
	{"channel", channel, offsetof(struct hv_config, channel),
	 offsetof(struct hv_config, nchannels), sizeof(struct hv_channel), HV_CHANNELS_MAX},
	{"role", role, offsetof(struct hv_config, role), offsetof(struct hv_config, nroles),
	 sizeof(struct hv_role_data), HV_ROLES_MAX},
	{"pin", pin, offsetof(struct hv_config, pin), offsetof(struct hv_config, npins),
	 sizeof(struct hv_pin), HV_VCPUS_MAX, .if_any = true},
};

/* Objects that are always there, once. */
static const struct part {
	const char *key;
	const struct field *fields;
	size_t offset;
} parts[] = {
	{"cputune", cputune, offsetof(struct hv_config, cputune)},
	{"heartbeat", heartbeat, offsetof(struct hv_config, heartbeat)},
	{"standby", standby, offsetof(struct hv_config, standby)},
	{"minimum", minimum, offsetof(struct hv_config, minimum)},
};

static const struct part *part_find(const char *key)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(parts[i].key, key))
			return &parts[i];
	return NULL;
}

static const struct array *array_find(const char *key)
{
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (!strcmp(arrays[i].key, key))
			return &arrays[i];
	return NULL;
}

static json_t *put_value(const struct field *f, const void *p)
{
	char mac[MAC_TEXT];

	switch (f->type) {
	case STR: return json_string(*(char *const *)p);
	case UUID: return json_string(p);
	case MAC: mac_print(p, mac); return json_string(mac);
	case BOOL:
	case BOOL_IF: return json_boolean(*(const bool *)p);
	case UINT: return json_integer(*(const unsigned *)p);
	case U64:
	case U64_IF: return json_integer((json_int_t) * (const uint64_t *)p);
	case I64: return json_integer(*(const int64_t *)p);
	case ENUM: return json_string(f->names[*(const unsigned *)p]);
	}
	return NULL;
}

/* What was not given is left out where its type says so, everything else is always there. */
static int put_fields(json_t *o, const struct field *fields, const void *base)
{
	for (const struct field *f = fields; f->key; f++) {
		const char *p = (const char *)base + f->offset;

		if ((f->type == STR && !*(char *const *)p) ||
		    (f->type == BOOL_IF && !*(const bool *)p) ||
		    (f->type == U64_IF && !*(const uint64_t *)p))
			continue;
		if (json_object_set_new(o, f->key, put_value(f, p)))
			return -ENOMEM;
	}
	return 0;
}

static int put_array(json_t *o, const struct array *a, const struct hv_config *c)
{
	const char *base = (const char *)c;
	unsigned n = *(const unsigned *)(base + a->count);
	json_t *list;

	if (!n && a->if_any)
		return 0;
	list = json_array();
	/* Takes over the reference, so that every way out frees it with @o. */
	if (json_object_set_new(o, a->key, list))
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		json_t *e = json_object();

		if (json_array_append_new(list, e) ||
		    put_fields(e, a->fields, base + a->offset + i * a->size))
			return -ENOMEM;
	}
	return 0;
}

char *hv_config_to_json(const struct hv_config *c)
{
	json_t *o = json_object();
	char *text = NULL;

	if (json_object_set_new(o, "version", json_integer(HV_CONFIG_VERSION)) ||
	    put_fields(o, top, c))
		goto out;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = json_object();

		/* Takes over the reference. */
		if (json_object_set_new(o, parts[i].key, part) ||
		    put_fields(part, parts[i].fields, (const char *)c + parts[i].offset))
			goto out;
	}
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (put_array(o, &arrays[i], c))
			goto out;
	text = json_dumps(o, JSON_SORT_KEYS | JSON_INDENT(1));
out:
	json_decref(o);
	return text;
}

static int get_int(const struct field *f, const json_t *v, void *p)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || (f->type != I64 && n < 0) || (f->type == UINT && n > UINT32_MAX))
		return -EINVAL;
	if (f->type == UINT)
		*(unsigned *)p = (unsigned)n;
	else
		*(int64_t *)p = n; /* U64: n >= 0, the same bits */
	return 0;
}

static int get_enum(const struct field *f, const char *s, void *p)
{
	for (unsigned i = 0; f->names[i]; i++)
		if (!strcmp(f->names[i], s)) {
			*(unsigned *)p = i;
			return 0;
		}
	return -EINVAL;
}

static int get_value(const struct field *f, const json_t *v, void *p)
{
	const char *s = json_string_value(v);
	bool text = f->type == STR || f->type == UUID || f->type == MAC || f->type == ENUM;

	if (text && !s)
		return -EINVAL;
	switch (f->type) {
	case STR:
		free(*(char **)p);
		*(char **)p = strdup(s);
		return *(char **)p ? 0 : -ENOMEM;
	case UUID:
		if (strlen(s) != 36)
			return -EINVAL;
		memcpy(p, s, 37);
		return 0;
	case MAC: return mac_parse(s, p);
	case ENUM: return get_enum(f, s, p);
	case BOOL:
	case BOOL_IF:
		if (!json_is_boolean(v))
			return -EINVAL;
		*(bool *)p = json_is_true(v);
		return 0;
	case UINT:
	case U64:
	case U64_IF:
	case I64: return get_int(f, v, p);
	}
	return -EINVAL;
}

static int get_field(const struct field *fields, const char *key, const json_t *v, void *base,
		     const char *where, struct hv_error *err)
{
	for (const struct field *f = fields; f->key; f++) {
		int rc;

		if (strcmp(f->key, key))
			continue;
		rc = get_value(f, v, (char *)base + f->offset);
		return rc ? hv_err(err, rc,
				   "configuration: %s\"%.40s\" has a value that it cannot have",
				   where, key)
			  : 0;
	}
	return hv_err(err, -EINVAL, "configuration: %s\"%.40s\" is not a known key", where, key);
}

static int get_object(const struct field *fields, json_t *o, void *base, const char *where,
		      struct hv_error *err)
{
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return hv_err(err, -EINVAL, "configuration: %s is not an object", where);
	json_object_foreach (o, key, v) {
		int rc = get_field(fields, key, v, base, where, err);

		if (rc)
			return rc;
	}
	return 0;
}

static int get_array(const struct array *a, json_t *list, struct hv_config *c, struct hv_error *err)
{
	char *base = (char *)c, where[32];

	if (!json_is_array(list) || json_array_size(list) > a->max)
		return hv_err(err, -EINVAL, "configuration: \"%s\" is not a list of at most %u",
			      a->key, a->max);
	for (unsigned i = 0; i < json_array_size(list); i++) {
		int rc;

		*(unsigned *)(base + a->count) = i + 1;
		snprintf(where, sizeof(where), "%s %u: ", a->key, i);
		rc = get_object(a->fields, json_array_get(list, i), base + a->offset + i * a->size,
				where, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int get_top(json_t *root, struct hv_config *c, struct hv_error *err)
{
	json_t *version = json_object_get(root, "version"), *v;
	const char *key;

	if (json_integer_value(version) != HV_CONFIG_VERSION)
		return hv_err(
			err, -EINVAL,
			"configuration: its version is not %d; hv and hv-domain must be of one release",
			HV_CONFIG_VERSION);
	json_object_foreach (root, key, v) {
		const struct array *a = array_find(key);
		const struct part *p = part_find(key);
		char where[32];
		int rc;

		if (v == version)
			continue;
		snprintf(where, sizeof(where), "%.20s: ", key);
		if (a)
			rc = get_array(a, v, c, err);
		else if (p)
			rc = get_object(p->fields, v, (char *)c + p->offset, where, err);
		else
			rc = get_field(top, key, v, c, "", err);
		if (rc)
			return rc;
	}
	return 0;
}

int hv_config_from_json(struct hv_config *c, const char *text, size_t len, struct hv_error *err)
{
	json_t *root = NULL;
	json_error_t je;
	int rc;

	hv_config_init(c);
	if (len > JSON_BYTES_MAX) {
		rc = hv_err(err, -EINVAL, "configuration: %zu bytes, and %d are the most", len,
			    JSON_BYTES_MAX);
		goto out;
	}
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(root)) {
		rc = root ? hv_err(err, -EINVAL, "configuration: not a JSON object")
			  : hv_err(err, -EINVAL, "configuration: line %d: %.150s", je.line,
				   je.text);
		goto out;
	}
	rc = get_top(root, c, err);
	if (!rc)
		rc = hv_config_check(c, err);
out:
	json_decref(root);
	if (rc)
		hv_config_free(c);
	return rc;
}
