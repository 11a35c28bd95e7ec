// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Twins and spares: their names, what they are started with, and what a domain
 * runs with that has adopted one.
 */
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/rundir.h"
#include "hv/standby.h"

static const struct {
	const char *name;
	enum hv_kind kind;
} names[] = {
	{"web", HV_KIND_DOMAIN},
	{"web@twin", HV_KIND_TWIN},
	{"1@twin", HV_KIND_TWIN},
	{"a234567890123456789012345678901234567890123456789012345678@twin", HV_KIND_TWIN},
	{"a2345678901234567890123456789012345678901234567890123456789@twin", HV_KIND_NONE},
	{"1@spare", HV_KIND_SPARE},
	{"999@spare", HV_KIND_SPARE},
	{"1000@spare", HV_KIND_NONE},
	{"0@spare", HV_KIND_NONE},
	{"01@spare", HV_KIND_NONE},
	{"web@spare", HV_KIND_NONE},
	{"@twin", HV_KIND_NONE},
	{"@spare", HV_KIND_NONE},
	{".web@twin", HV_KIND_NONE},
	{"../x@twin", HV_KIND_NONE},
	{"web@", HV_KIND_NONE},
	{"web@twins", HV_KIND_NONE},
	{"web@twin@twin", HV_KIND_NONE},
	{"web@ twin", HV_KIND_NONE},
	{"", HV_KIND_NONE},
	{".", HV_KIND_NONE},
};

static void kinds(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (hv_name_kind(names[i].name) != names[i].kind)
			fail_msg("\"%s\": %d", names[i].name, hv_name_kind(names[i].name));
		assert_int_equal(hv_name_ok(names[i].name), names[i].kind != HV_KIND_NONE);
	}
}

static void making_names(void **state)
{
	char name[HV_NAME_MAX + 1];

	assert_int_equal(hv_twin_name(name, "web"), 0);
	assert_string_equal(name, "web@twin");
	assert_int_equal(hv_twin_of(name, "web@twin"), 0);
	assert_string_equal(name, "web");
	assert_int_equal(hv_twin_of(name, "web"), -EINVAL);
	assert_int_equal(hv_twin_of(name, "1@spare"), -EINVAL);
	assert_int_equal(hv_twin_name(name, "web@twin"), -EINVAL);
	assert_int_equal(
		hv_twin_name(name, "a2345678901234567890123456789012345678901234567890123456789"),
		-EINVAL);
	assert_int_equal(hv_spare_name(name, 7), 0);
	assert_string_equal(name, "7@spare");
	assert_int_equal(hv_spare_number(name), 7);
	assert_int_equal(hv_spare_number("web@twin"), 0);
	assert_int_equal(hv_spare_name(name, 0), -EINVAL);
	assert_int_equal(hv_spare_name(name, 1000), -EINVAL);
}

static void the_node(void **state)
{
	setenv("TAIKI_NODE", "n1", 1);
	assert_string_equal(hv_node_name(), "n1");
	setenv("OCF_RESKEY_CRM_meta_on_node", "n2.example", 1);
	assert_string_equal(hv_node_name(), "n2.example");
	setenv("OCF_RESKEY_CRM_meta_on_node", "../n2", 1);
	assert_null(hv_node_name());
	unsetenv("OCF_RESKEY_CRM_meta_on_node");
	unsetenv("TAIKI_NODE");
	assert_non_null(hv_node_name());
}

static void a_twin(void **state)
{
	struct hv_error err = {""};
	struct hv_config c, t;

	sample(&c);
	if (hv_standby_config(&c, "web1@twin", "n2", &t, &err))
		fail_msg("%s", err.text);
	assert_string_equal(t.name, "web1@twin");
	assert_string_equal(t.uuid, c.uuid);
	assert_true(t.standby.waiting);
	assert_int_equal(t.memory, c.memory);
	assert_int_equal(t.current_memory, 96ULL << 20);
	assert_int_equal(t.cputune.shares, 64);
	assert_int_equal(t.cputune.quota, 20000);
	assert_int_equal(t.cputune.period, 50000);
	assert_int_equal(t.heartbeat.action, HV_HEARTBEAT_NOTIFY);
	assert_null(t.fence_group);
	assert_true(t.disk[1].gated);
	assert_string_equal(t.disk[1].path, "/dev/vg/data");
	assert_false(t.nic[0].link_down);
	assert_true(t.nic[1].link_down);
	assert_memory_equal(t.nic[0].mac, c.nic[0].mac, 6);
	hv_config_free(&t);
	hv_config_free(&c);
}

static void spares(void **state)
{
	struct hv_config c, a, b, other;

	sample(&c);
	assert_int_equal(hv_standby_config(&c, "1@spare", "n2", &a, NULL), 0);
	assert_int_equal(hv_standby_config(&c, "2@spare", "n2", &b, NULL), 0);
	assert_int_equal(hv_standby_config(&c, "1@spare", "n3", &other, NULL), 0);
	assert_string_not_equal(a.uuid, b.uuid);
	assert_string_not_equal(a.uuid, other.uuid);
	for (unsigned i = 0; i < c.nnics; i++) {
		assert_memory_not_equal(a.nic[i].mac, b.nic[i].mac, 6);
		assert_memory_not_equal(a.nic[i].mac, other.nic[i].mac, 6);
		assert_null(a.nic[i].tap);
	}
	assert_null(a.channel[1].socket);
	hv_config_free(&a);
	hv_config_free(&b);
	hv_config_free(&other);
	hv_config_free(&c);
}

static void not_its_standby(void **state)
{
	static const char *const bad[] = {"web1", "web2@twin", "web1@twins", "0@spare", ""};
	struct hv_error err = {""};
	struct hv_config c, t;

	sample(&c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hv_standby_config(&c, bad[i], "n2", &t, &err), -EINVAL);
	c.standby.wanted = false;
	assert_int_equal(hv_standby_config(&c, "web1@twin", "n2", &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "<taiki:standby>"));
	hv_config_free(&t); /* free of harm: nothing was made */
	hv_config_free(&c);
}

/* What may have changed since a twin was started, and what may not. */
static void m_cpu(struct hv_config *c)
{
	c->cputune.quota = 40000;
	c->minimum.quota = 20000;
}
static void m_memory(struct hv_config *c)
{
	c->current_memory = 512ULL << 20;
	c->standby.memory = 128ULL << 20;
}
static void m_gated_path(struct hv_config *c)
{
	free(c->disk[1].path);
	c->disk[1].path = strdup("/dev/vg/data2");
}
static void m_role(struct hv_config *c)
{
	free(c->role[0].value);
	c->role[0].value = strdup("10.0.0.6/24");
}
static void m_total(struct hv_config *c)
{
	c->memory *= 2;
}
static void m_own_path(struct hv_config *c)
{
	free(c->disk[0].path);
	c->disk[0].path = strdup("/var/lib/images/web2.raw");
}
static void m_fewer_disks(struct hv_config *c)
{
	c->ndisks--;
	free(c->disk[2].path);
	free(c->disk[2].target);
	memset(&c->disk[2], 0, sizeof(c->disk[2]));
}
static void m_mac(struct hv_config *c)
{
	c->nic[1].mac[5]++;
}
static void m_blocks(struct hv_config *c)
{
	c->disk[1].block_size = 4096;
}
static void m_cmdline(struct hv_config *c)
{
	free(c->cmdline);
	c->cmdline = strdup("quiet");
}

static const struct {
	void (*changes)(struct hv_config *c);
	bool fits;
} changes[] = {
	{m_cpu, true},      {m_memory, true},    {m_gated_path, true},   {m_role, true},
	{m_total, false},   {m_own_path, false}, {m_fewer_disks, false}, {m_mac, false},
	{m_cmdline, false}, {m_blocks, false},
};

static void a_twin_that_fits(void **state)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct hv_error err = {""};
		struct hv_config c, t, now;
		int rc;

		sample(&c);
		assert_int_equal(hv_standby_config(&c, "web1@twin", "n2", &t, NULL), 0);
		assert_int_equal(hv_standby_fits(&c, &t, NULL), 0);
		changes[i].changes(&c);
		rc = hv_adopted_config(&c, &t, &now, &err);
		if (rc != (changes[i].fits ? 0 : -EINVAL))
			fail_msg("%zu: %d %s", i, rc, err.text);
		if (changes[i].fits) {
			char *a = hv_config_to_json(&c), *b = hv_config_to_json(&now);

			assert_string_equal(a, b);
			free(a);
			free(b);
		} else {
			assert_non_null(strstr(err.text, "before the definition of web1"));
		}
		hv_config_free(&now);
		hv_config_free(&t);
		hv_config_free(&c);
	}
}

/* A template: its own system disk, a slot for a data disk and one more, a gated interface. */
static void template(struct hv_config *c)
{
	sample(c);
	free(c->name);
	c->name = strdup("minimal");
	strcpy(c->uuid, "422baf42-0a4a-5495-b8e7-faf758da7333");
	c->standby.template = true;
	free(c->disk[1].path);
	c->disk[1].path = strdup("/slot/vdb");
	c->disk[1].guard = HV_GUARD_FENCING;
	free(c->disk[1].lease_lockspace);
	free(c->disk[1].lease_key);
	free(c->disk[1].lease_path);
	c->disk[1].lease_lockspace = c->disk[1].lease_key = c->disk[1].lease_path = NULL;
	c->disk[1].lease_offset = 0;
	c->disk[2].readonly = false;
	c->disk[2].gated = true;
	free(c->disk[2].path);
	c->disk[2].path = strdup("/slot/vdc");
	free(c->disk[0].path);
	c->disk[0].path = strdup("/pool/1.raw");
}

static void a_spare_that_fits(void **state)
{
	struct hv_error err = {""};
	struct hv_config c, t, s, now;

	sample(&c);
	template(&t);
	assert_int_equal(hv_standby_config(&t, "1@spare", "n2", &s, NULL), 0);
	if (hv_adopted_config(&c, &s, &now, &err))
		fail_msg("%s", err.text);
	assert_string_equal(now.name, "web1");
	assert_string_equal(now.uuid, c.uuid);
	assert_false(now.standby.waiting);
	assert_int_equal(now.ndisks, 2);
	assert_string_equal(now.disk[0].path, "/pool/1.raw");
	assert_string_equal(now.disk[1].path, "/dev/vg/data");
	assert_string_equal(now.disk[1].lease_key, "web1-data");
	assert_string_equal(now.fence_group, "web");
	assert_string_equal(now.role[0].value, "10.0.0.5/24");
	assert_int_equal(now.cputune.shares, c.cputune.shares);
	assert_int_equal(now.current_memory, c.current_memory);
	assert_memory_equal(now.nic[1].mac, c.nic[1].mac, 6);
	assert_memory_equal(now.nic[0].mac, s.nic[0].mac, 6);
	assert_int_equal(now.nic[1].link_down, c.nic[1].link_down);
	hv_config_free(&now);
	hv_config_free(&s);
	hv_config_free(&t);
	hv_config_free(&c);
}

static void s_not_allowed(struct hv_config *c, struct hv_config *s)
{
	c->standby.spare = false;
}
static void s_no_slot(struct hv_config *c, struct hv_config *s)
{
	s->disk[1].gated = false;
}
static void s_read_only(struct hv_config *c, struct hv_config *s)
{
	s->disk[1].readonly = true;
}
static void s_blocks(struct hv_config *c, struct hv_config *s)
{
	s->disk[1].block_size = 4096;
}
static void s_bridge(struct hv_config *c, struct hv_config *s)
{
	free(s->nic[1].bridge);
	s->nic[1].bridge = strdup("br9");
}
static void s_no_interface(struct hv_config *c, struct hv_config *s)
{
	s->nic[1].gated = false;
}
static void s_small(struct hv_config *c, struct hv_config *s)
{
	s->memory = c->current_memory - (1 << 20);
}
static void s_few_vcpus(struct hv_config *c, struct hv_config *s)
{
	s->vcpus = 1;
}
static void s_active(struct hv_config *c, struct hv_config *s)
{
	s->standby.waiting = false;
}
static void s_other_twin(struct hv_config *c, struct hv_config *s)
{
	strcpy(s->name, "w@twin"); /* as long as "1@spare", less one */
}

static const struct {
	void (*breaks)(struct hv_config *c, struct hv_config *s);
	const char *says;
} misfits[] = {
	{s_not_allowed, "does not allow a spare"},
	{s_no_slot, "disk vdb for web1"},
	{s_read_only, "writable active-only disk vdb"},
	{s_blocks, "has blocks of 4096 bytes, and that of web1 of 512"},
	{s_bridge, "interface on br1"},
	{s_no_interface, "interface on br1"},
	{s_small, "smaller"},
	{s_few_vcpus, "smaller"},
	{s_active, "no standby of it"},
	{s_other_twin, "not its twin"},
};

static void a_spare_that_does_not_fit(void **state)
{
	for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
		struct hv_error err = {""};
		struct hv_config c, t, s;
		int rc;

		sample(&c);
		template(&t);
		assert_int_equal(hv_standby_config(&t, "1@spare", "n2", &s, NULL), 0);
		misfits[i].breaks(&c, &s);
		rc = hv_standby_fits(&c, &s, &err);
		if (rc != -EINVAL || !strstr(err.text, misfits[i].says))
			fail_msg("%zu, \"%s\" expected: %d %s", i, misfits[i].says, rc, err.text);
		hv_config_free(&s);
		hv_config_free(&t);
		hv_config_free(&c);
	}
}

static void the_role(void **state)
{
	struct hv_config c;
	struct hv_role r;

	sample(&c);
	assert_int_equal(hv_role_message(&c, 3, &r), 0);
	assert_int_equal(r.kind, HV_ROLE_ROLE);
	assert_int_equal(r.seq, 3);
	assert_string_equal(r.role, "active");
	assert_int_equal(r.pairs, 4);
	assert_string_equal(hv_role_get(&r, "name"), "web1");
	assert_string_equal(hv_role_get(&r, "mac"), "52:54:00:ab:01:00");
	assert_string_equal(hv_role_get(&r, "address"), "10.0.0.5/24");
	assert_string_equal(hv_role_get(&r, "motto"), "");
	c.nic[0].gated = true;
	assert_int_equal(hv_role_message(&c, 3, &r), 0);
	assert_string_equal(hv_role_get(&r, "mac"), "52:54:00:ab:01:ff");
	assert_string_equal(hv_role_get(&r, "mac2"), "52:54:00:ab:01:00");
	hv_config_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(making_names),
		cmocka_unit_test(the_node),
		cmocka_unit_test(a_twin),
		cmocka_unit_test(spares),
		cmocka_unit_test(not_its_standby),
		cmocka_unit_test(a_twin_that_fits),
		cmocka_unit_test(a_spare_that_fits),
		cmocka_unit_test(a_spare_that_does_not_fit),
		cmocka_unit_test(the_role),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
