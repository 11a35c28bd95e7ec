// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration as JSON, and what makes it consistent.
 */
#include "util.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void round_trip(void **state)
{
	struct hv_error err = {""};
	struct hv_config a, b;
	char *ta, *tb;

	sample(&a);
	ta = hv_config_to_json(&a);
	assert_non_null(ta);
	if (hv_config_from_json(&b, ta, strlen(ta), &err))
		fail_msg("%s", err.text);
	tb = hv_config_to_json(&b);
	assert_string_equal(ta, tb);
	assert_int_equal(b.cputune.quota, -1);
	assert_int_equal(b.disk[1].lease_offset, 1 << 20);
	assert_memory_equal(b.nic[0].mac, a.nic[0].mac, 6);
	free(ta);
	free(tb);
	hv_config_free(&a);
	hv_config_free(&b);
}

/* What other releases and hv-domain read must not change unnoticed. */
static void golden(void **state)
{
	char *text = slurp("tests/unit/lib/data/config.json", NULL), *ours;
	json_t *want = json_loads(text, 0, NULL), *have;
	struct hv_config c;

	assert_non_null(want);
	sample(&c);
	ours = hv_config_to_json(&c);
	have = json_loads(ours, 0, NULL);
	if (!json_equal(want, have))
		fail_msg("data/config.json is no longer what is written:\n%s", ours);
	json_decref(want);
	json_decref(have);
	free(ours);
	free(text);
	hv_config_free(&c);
}

#define MINIMAL                                                                           \
	"\"version\":1,\"name\":\"a\",\"uuid\":\"322baf42-0a4a-5495-b8e7-faf758da7333\"," \
	"\"memory\":1048576,\"current_memory\":1048576,\"kernel\":\"/k\""

static void defaults(void **state)
{
	static const char text[] = "{" MINIMAL "}";
	struct hv_error err = {""};
	struct hv_config c;

	if (hv_config_from_json(&c, text, strlen(text), &err))
		fail_msg("%s", err.text);
	assert_string_equal(c.cmdline, "");
	assert_true(c.acpi && c.serial && c.console_is_serial);
	assert_int_equal(c.vcpus, 1);
	assert_int_equal(c.on_reboot, HV_ACTION_RESTART);
	assert_int_equal(c.engine, HV_ENGINE_AUTO);
	assert_false(c.heartbeat.beats);
	assert_int_equal(c.heartbeat.timeout, 10000);
	assert_int_equal(c.heartbeat.interval, 1000);
	assert_int_equal(c.heartbeat.boot_grace, 120000);
	assert_int_equal(c.heartbeat.reset_window, 3600);
	assert_int_equal(c.watchdog, HV_WATCHDOG_NONE);
	assert_null(c.fence_group);
	hv_config_free(&c);
}

static const struct {
	const char *label, *text, *says;
} bad_json[] = {
	{"empty", "", "line"},
	{"no object", "[]", "not a JSON object"},
	{"cut short", "{" MINIMAL, "line"},
	{"after the end", "{" MINIMAL "} {}", "line"},
	{"no version", "{\"name\":\"a\"}", "version"},
	{"other version", "{\"version\":2}", "version"},
	{"version of wrong type", "{\"version\":\"1\"}", "version"},
	{"unknown key", "{" MINIMAL ",\"colour\":1}", "\"colour\" is not a known key"},
	{"unknown key in a disk", "{" MINIMAL ",\"disk\":[{\"qcow2\":true}]}", "disk 0: \"qcow2\""},
	{"key twice", "{" MINIMAL ",\"name\":\"b\"}", "duplicate"},
	{"string for number", "{" MINIMAL ",\"vcpus\":\"1\"}", "\"vcpus\""},
	{"real for number", "{" MINIMAL ",\"vcpus\":1.5}", "\"vcpus\""},
	{"negative", "{" MINIMAL ",\"vcpus\":-1}", "\"vcpus\""},
	{"too large", "{" MINIMAL ",\"vcpus\":4294967297}", "\"vcpus\""},
	{"beyond 64 bits", "{" MINIMAL ",\"vcpus\":99999999999999999999}", "line"},
	{"number for boolean", "{" MINIMAL ",\"acpi\":1}", "\"acpi\""},
	{"null for string", "{" MINIMAL ",\"initrd\":null}", "\"initrd\""},
	{"NUL in a string", "{" MINIMAL ",\"initrd\":\"/a\\u0000b\"}", "line"},
	{"bad UTF-8", "{" MINIMAL ",\"initrd\":\"/\xff\"}", "line"},
	{"unknown name", "{" MINIMAL ",\"engine\":\"qemu\"}", "\"engine\""},
	{"short uuid", "{\"version\":1,\"uuid\":\"322baf42\"}", "\"uuid\""},
	{"list for object", "{" MINIMAL ",\"cputune\":[]}", "cputune"},
	{"object for list", "{" MINIMAL ",\"disk\":{}}", "\"disk\" is not a list"},
	{"list of numbers", "{" MINIMAL ",\"disk\":[1]}", "disk 0"},
	{"short mac", "{" MINIMAL ",\"nic\":[{\"mac\":\"52:54:00:00:00\"}]}", "\"mac\""},
	{"mac with blanks", "{" MINIMAL ",\"nic\":[{\"mac\":\"52:54:00: 1: 2: 3\"}]}", "\"mac\""},
	{"mac without colons", "{" MINIMAL ",\"nic\":[{\"mac\":\"52-54-00-01-02-03\"}]}",
	 "\"mac\""},
	{"long mac", "{" MINIMAL ",\"nic\":[{\"mac\":\"52:54:00:01:02:03:\"}]}", "\"mac\""},
	{"mac not of digits", "{" MINIMAL ",\"nic\":[{\"mac\":\"52:54:00:01:02:0g\"}]}", "\"mac\""},
	{"mac of colons", "{" MINIMAL ",\"nic\":[{\"mac\":\":::::::::::::::::\"}]}", "\"mac\""},
	{"unknown watchdog", "{" MINIMAL ",\"watchdog\":\"itco\"}", "\"watchdog\""},
	{"unknown key of heartbeat", "{" MINIMAL ",\"heartbeat\":{\"x\":1}}", "heartbeat: \"x\""},
	{"list for heartbeat", "{" MINIMAL ",\"heartbeat\":[]}", "heartbeat"},
	{"pins without a list", "{" MINIMAL ",\"pin\":{}}", "\"pin\" is not a list"},
	{"pin of nothing", "{" MINIMAL ",\"pin\":[{\"vcpu\":0}]}", "no set of CPUs"},
	{"pin of no vcpu", "{" MINIMAL ",\"pin\":[{\"vcpu\":1,\"cpuset\":\"0\"}]}",
	 "vcpu 1 is pinned, and there are 1"},
	{"emulatorpin out of range", "{" MINIMAL ",\"emulatorpin\":\"0-1024\"}", "emulatorpin"},
	{"limit below zero", "{" MINIMAL ",\"disk\":[{\"bps\":-1}]}", "disk 0: \"bps\""},
	{"inconsistent", "{" MINIMAL ",\"vcpus\":65}", "65 vcpus"},
};

static void malformed(void **state)
{
	for (size_t i = 0; i < sizeof(bad_json) / sizeof(bad_json[0]); i++) {
		struct hv_error err = {""};
		struct hv_config c;
		int rc = hv_config_from_json(&c, bad_json[i].text, strlen(bad_json[i].text), &err);

		if (rc != -EINVAL || !strstr(err.text, bad_json[i].says))
			fail_msg("%s: %d \"%s\"", bad_json[i].label, rc, err.text);
		assert_null(c.name);
	}
}

static void cut_at_every_byte(void **state)
{
	struct hv_config a, b;
	char *text;

	sample(&a);
	text = hv_config_to_json(&a);
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(hv_config_from_json(&b, text, n, NULL), -EINVAL);
	free(text);
	hv_config_free(&a);
}

static void too_many(void **state)
{
	char text[4096] = "{" MINIMAL ",\"disk\":[";
	struct hv_error err = {""};
	struct hv_config c;

	for (int i = 0; i <= HV_DISKS_MAX; i++)
		strcat(text, i ? ",{}" : "{}");
	strcat(text, "]}");
	assert_int_equal(hv_config_from_json(&c, text, strlen(text), &err), -EINVAL);
	assert_non_null(strstr(err.text, "at most 24"));
}

static void set(char **to, const char *text)
{
	free(*to);
	*to = text ? strdup(text) : NULL;
}

/* One change each that makes the sample inconsistent, and what is said of it. */
static void b_name(struct hv_config *c)
{
	set(&c->name, "../etc");
}
static void b_uuid(struct hv_config *c)
{
	c->uuid[0] = 'X';
}
static void b_upper(struct hv_config *c)
{
	c->uuid[3] = 'B';
}
static void b_memory(struct hv_config *c)
{
	c->memory += 4096;
}
static void b_zero(struct hv_config *c)
{
	c->memory = 0;
}
static void b_current(struct hv_config *c)
{
	c->current_memory = c->memory + 1;
}
static void b_vcpus(struct hv_config *c)
{
	c->vcpus = 0;
}
static void b_vcpus_now(struct hv_config *c)
{
	c->vcpus_current = 5;
}
static void b_shares(struct hv_config *c)
{
	c->cputune.shares = 1;
}
static void b_period(struct hv_config *c)
{
	c->cputune.period = 999;
}
static void b_quota(struct hv_config *c)
{
	c->cputune.quota = -2;
}
static void b_kernel(struct hv_config *c)
{
	set(&c->kernel, NULL);
}
static void b_both(struct hv_config *c)
{
	set(&c->loader, "/rom");
}
static void b_relative(struct hv_config *c)
{
	set(&c->kernel, "vmlinuz");
}
static void b_initrd(struct hv_config *c)
{
	set(&c->initrd, "initrd");
}
static void b_cmdline(struct hv_config *c)
{
	set(&c->cmdline, NULL);
}
static void b_newline(struct hv_config *c)
{
	set(&c->cmdline, "a\nb");
}
static void b_serial(struct hv_config *c)
{
	set(&c->disk[0].serial, "123456789012345678901");
}
static void b_target(struct hv_config *c)
{
	set(&c->disk[1].target, "vda");
}
static void b_slash(struct hv_config *c)
{
	set(&c->disk[1].target, "v/a");
}
static void b_path(struct hv_config *c)
{
	set(&c->disk[2].path, "/dev/vg/data");
}
static void b_lease(struct hv_config *c)
{
	set(&c->disk[1].lease_key, NULL);
}
static void b_stray(struct hv_config *c)
{
	set(&c->disk[0].lease_key, "k");
}
static void b_ro_lease(struct hv_config *c)
{
	c->disk[1].readonly = true;
}
static void b_offset(struct hv_config *c)
{
	c->disk[1].lease_offset = 100;
}
static void b_bridge(struct hv_config *c)
{
	set(&c->nic[0].bridge, "a-name-of-16-byt");
}
static void b_tap(struct hv_config *c)
{
	set(&c->nic[0].tap, "a b");
}
static void b_mac(struct hv_config *c)
{
	c->nic[0].mac[0] = 1;
}
static void b_mac0(struct hv_config *c)
{
	memset(c->nic[0].mac, 0, 6);
}
static void b_mac2(struct hv_config *c)
{
	c->nic[1].mac[5] = 0xff;
}
static void b_queues(struct hv_config *c)
{
	c->nic[0].queues = 2;
}
static void b_channel(struct hv_config *c)
{
	set(&c->channel[1].name, "org.qemu.guest_agent.0");
}
static void b_dots(struct hv_config *c)
{
	set(&c->channel[1].name, "../x");
}
static void b_socket(struct hv_config *c)
{
	set(&c->channel[1].socket, "x.sock");
}
static void b_console(struct hv_config *c)
{
	c->console_is_serial = true, c->serial = false;
}
static void b_enum(struct hv_config *c)
{
	c->on_crash = (enum hv_action)9;
}
static void b_beats(struct hv_config *c)
{
	c->nchannels = 2;
}
static void b_agent(struct hv_config *c)
{
	set(&c->channel[0].name, "other");
}
static void b_interval(struct hv_config *c)
{
	c->heartbeat.interval = 3000;
}
static void b_timeout(struct hv_config *c)
{
	c->heartbeat.timeout = 0;
}
static void b_window(struct hv_config *c)
{
	c->heartbeat.reset_window = 0;
}
static void b_heartbeat(struct hv_config *c)
{
	c->heartbeat.action = (enum hv_heartbeat_action)3;
}
static void b_watchdog(struct hv_config *c)
{
	c->watchdog = (enum hv_watchdog_model)3;
}
static void b_wdat(struct hv_config *c)
{
	c->watchdog = HV_WATCHDOG_WDAT;
}
static void b_button(struct hv_config *c)
{
	c->watchdog_action = HV_WATCHDOG_SHUTDOWN;
}
static void b_group(struct hv_config *c)
{
	set(&c->fence_group, "a/b");
}
static void b_fence(struct hv_config *c)
{
	c->nchannels = 3;
}

static void b_unwanted(struct hv_config *c)
{
	c->standby.wanted = false;
}
static void bare_standby(struct hv_config *c)
{
	memset(&c->standby, 0, sizeof(c->standby));
	for (unsigned i = 0; i < c->nroles; i++) {
		set(&c->role[i].key, NULL);
		set(&c->role[i].value, NULL);
	}
	c->nroles = 0;
}
static void b_unwanted_disk(struct hv_config *c)
{
	bare_standby(c);
}
static void b_unwanted_nic(struct hv_config *c)
{
	bare_standby(c);
	c->disk[1].gated = false;
}
static void b_waiting(struct hv_config *c)
{
	c->standby.waiting = true;
}
static void b_twin_name(struct hv_config *c)
{
	set(&c->name, "web@twin");
}
static void b_twin_unwanted(struct hv_config *c)
{
	b_unwanted_nic(c);
	c->nic[1].gated = false;
	set(&c->name, "3@spare");
}
static void b_long_twin(struct hv_config *c)
{
	set(&c->name, "a2345678901234567890123456789012345678901234567890123456789");
}
static void b_standby_memory(struct hv_config *c)
{
	c->standby.memory = c->memory + 1;
}
static void b_standby_balloon(struct hv_config *c)
{
	c->balloon = false;
	c->minimum.memory = 0;
}
static void b_standby_shares(struct hv_config *c)
{
	c->standby.shares = 1;
}
static void b_standby_quota(struct hv_config *c)
{
	c->standby.quota = 999;
}
static void b_role_channel(struct hv_config *c)
{
	set(&c->channel[4].name, "org.example.other");
}
static void b_minimum(struct hv_config *c)
{
	c->minimum.memory = c->memory + 1;
}
static void b_minimum_quota(struct hv_config *c)
{
	c->minimum.quota = -1;
}
static void b_minimum_shares(struct hv_config *c)
{
	c->minimum.shares = 1;
}
static void b_priority(struct hv_config *c)
{
	c->priority = 1001;
}
static void b_role_key(struct hv_config *c)
{
	set(&c->role[0].key, "Address");
}
static void b_role_twice(struct hv_config *c)
{
	set(&c->role[1].key, "address");
}
static void b_role_reserved(struct hv_config *c)
{
	set(&c->role[1].key, "seq");
}
static void b_role_value(struct hv_config *c)
{
	set(&c->role[1].value, "a\nb");
}
static void b_role_none(struct hv_config *c)
{
	set(&c->role[1].value, NULL);
}
static void b_role_mac(struct hv_config *c)
{
	set(&c->role[1].key, "mac2");
}
static void b_role_many(struct hv_config *c)
{
	char key[3] = "aa";

	for (unsigned i = 2; i < HV_ROLES_MAX; i++) {
		key[1]++;
		set(&c->role[i].key, key);
		set(&c->role[i].value, "");
	}
	c->nroles = HV_ROLES_MAX;
}
static void b_role_long(struct hv_config *c)
{
	char value[256];

	memset(value, '%', sizeof(value) - 1); /* each is three bytes on the line */
	value[sizeof(value) - 1] = '\0';
	set(&c->role[0].value, value);
	set(&c->role[1].value, value);
}

static const struct {
	void (*breaks)(struct hv_config *c);
	const char *says;
} inconsistent[] = {
	{b_name, "cannot name a domain"},
	{b_uuid, "uuid"},
	{b_upper, "uuid"},
	{b_memory, "multiple of 1 MiB"},
	{b_zero, "memory is 0"},
	{b_current, "currentMemory"},
	{b_vcpus, "0 vcpus"},
	{b_vcpus_now, "5 current vcpus"},
	{b_shares, "shares 1"},
	{b_period, "period 999"},
	{b_quota, "quota -2"},
	{b_kernel, "either a kernel or a loader"},
	{b_both, "either a kernel or a loader"},
	{b_relative, "not absolute"},
	{b_initrd, "not absolute"},
	{b_cmdline, "cmdline"},
	{b_newline, "cmdline"},
	{b_serial, "serial"},
	{b_target, "two disks have the target vda"},
	{b_slash, "no good target"},
	{b_path, "same file, /dev/vg/data"},
	{b_lease, "lockspace and a key"},
	{b_stray, "its guard is not lease"},
	{b_ro_lease, "read-only disk needs no lease"},
	{b_offset, "multiple of 512"},
	{b_bridge, "bridge name"},
	{b_tap, "target name"},
	{b_mac, "unicast"},
	{b_mac0, "unicast"},
	{b_mac2, "same MAC"},
	{b_queues, "2 queues"},
	{b_channel, "two channels"},
	{b_dots, "no good name"},
	{b_socket, "absolute path"},
	{b_console, "there is none"},
	{b_enum, "on_*"},
	{b_beats, "no channel org.taiki.heartbeat.0"},
	{b_agent, "org.qemu.guest_agent.0"},
	{b_interval, "two beats"},
	{b_timeout, "timeout is 0"},
	{b_window, "reset-window is 0"},
	{b_heartbeat, "action is unknown"},
	{b_watchdog, "model or action"},
	{b_wdat, "ACPI"},
	{b_button, "power button"},
	{b_group, "fencing group"},
	{b_fence, "no channel org.taiki.fence.0"},
	{b_unwanted, "is to have none"},
	{b_unwanted_disk, "disk vdb: it is active-only"},
	{b_unwanted_nic, "net1 is active-only"},
	{b_waiting, "its name says that it is not a standby"},
	{b_twin_name, "its name says that it is a standby"},
	{b_twin_unwanted, "only a standby"},
	{b_long_twin, "at most 58 bytes"},
	{b_standby_memory, "more than its own"},
	{b_standby_balloon, "no balloon"},
	{b_standby_shares, "standby shares 1"},
	{b_standby_quota, "standby quota 999"},
	{b_role_channel, "no channel org.taiki.role.0"},
	{b_minimum, "minimum of memory"},
	{b_minimum_quota, "without limit"},
	{b_minimum_shares, "minimum shares 1"},
	{b_priority, "priority is 1001"},
	{b_role_key, "its key is not"},
	{b_role_twice, "two roles"},
	{b_role_reserved, "told that anyway"},
	{b_role_mac, "MAC addresses anyway"},
	{b_role_value, "control characters"},
	{b_role_none, "0 to 255 bytes"},
	{b_role_many, "16 in all"},
	{b_role_long, "1024 bytes"},
};

static void checks(void **state)
{
	struct hv_config c;

	sample(&c);
	assert_int_equal(hv_config_check(&c, NULL), 0);
	hv_config_free(&c);
	for (size_t i = 0; i < sizeof(inconsistent) / sizeof(inconsistent[0]); i++) {
		struct hv_error err = {""};
		int rc;

		sample(&c);
		inconsistent[i].breaks(&c);
		rc = hv_config_check(&c, &err);
		if (rc != -EINVAL || !strstr(err.text, inconsistent[i].says))
			fail_msg("%zu, \"%s\" expected: %d \"%s\"", i, inconsistent[i].says, rc,
				 err.text);
		hv_config_free(&c);
	}
}

static void empty_is_refused(void **state)
{
	struct hv_config c;

	hv_config_init(&c);
	assert_int_equal(hv_config_check(&c, NULL), -EINVAL);
	hv_config_free(&c);
	hv_config_free(&c); /* and free of harm twice */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(golden),
		cmocka_unit_test(defaults),
		cmocka_unit_test(malformed),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(too_many),
		cmocka_unit_test(checks),
		cmocka_unit_test(empty_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
