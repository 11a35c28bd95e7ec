/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard `lease` against a sanlock of the test's own (dlopen(), dlsym() and
 * sleep() are wrapped): when it waits, when it refuses, and what it says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sanlock.h>
#include <sanlock_resource.h>
#include <sanlock_rv.h>
#include <string.h>
#include <cmocka.h>

#include "hv/guard.h"
#include "hvcore/lib/lease.h"

void *__wrap_dlopen(const char *file, int flags);
void *__wrap_dlsym(void *handle, const char *name);
unsigned __wrap_sleep(unsigned seconds);

static struct {
	unsigned now; /* seconds that were slept */
	unsigned registered, asked;
	int other;            /* the process it is asked for; 0: ourselves */
	uint32_t restricted;  /* SANLK_RESTRICT_... */
	unsigned free_at;     /* when the lease can be had; before that: */
	int refusal;          /* the answer, and */
	unsigned renew_every; /* how often its owner renews; 0: it is dead */
	struct sanlk_resource res;
	struct sanlk_disk disk;
} lock;

static int reg(void)
{
	lock.registered++;
	return 5;
}

static int restrict_(int sock, uint32_t flags)
{
	lock.restricted = flags;
	return 0;
}

static int acquire(int sock, int pid, uint32_t flags, int count, struct sanlk_resource **res,
		   struct sanlk_options *opt)
{
	/* For itself on its registered connection, for another on one of the library's. */
	assert_int_equal(sock, lock.other ? -1 : 5);
	assert_int_equal(pid, lock.other ? lock.other : -1);
	assert_int_equal(count, 1);
	/* Before the lease is asked for: a lost one must end us at once. */
	if (!lock.other)
		assert_int_equal(lock.restricted, SANLK_RESTRICT_SIGTERM);
	lock.asked++;
	lock.res = **res;
	lock.disk = res[0]->disks[0];
	return lock.now >= lock.free_at ? 0 : lock.refusal;
}

static int one_host(struct sanlk_host **hosts, int *count, uint64_t timestamp)
{
	*hosts = calloc(1, sizeof(**hosts));
	(*hosts)->host_id = 7;
	(*hosts)->timestamp = timestamp;
	*count = 1;
	return 0;
}

static int owners(struct sanlk_resource *res, uint32_t flags, struct sanlk_host **hosts, int *count)
{
	return one_host(hosts, count, 0);
}

static int hosts_(const char *lockspace, uint64_t id, struct sanlk_host **hosts, int *count,
		  uint32_t flags)
{
	assert_string_equal(lockspace, "TK");
	assert_int_equal(id, 7);
	return one_host(hosts, count, 1000 + (lock.renew_every ? lock.now / lock.renew_every : 0));
}

void *__wrap_dlopen(const char *file, int flags)
{
	assert_string_equal(file, "libsanlock_client.so.1");
	return &lock;
}

void *__wrap_dlsym(void *handle, const char *name)
{
	static const struct {
		const char *name;
		void *function;
	} table[] = {
		{"sanlock_register", (void *)reg},
		{"sanlock_restrict", (void *)restrict_},
		{"sanlock_acquire", (void *)acquire},
		{"sanlock_read_resource_owners", (void *)owners},
		{"sanlock_get_hosts", (void *)hosts_},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, name))
			return table[i].function;
	return NULL;
}

unsigned __wrap_sleep(unsigned seconds)
{
	lock.now += seconds;
	return 0;
}

static struct hv_disk disk(void)
{
	return (struct hv_disk){.target = (char *)"vda",
				.guard = HV_GUARD_LEASE,
				.lease_lockspace = (char *)"TK",
				.lease_key = (char *)"web",
				.lease_path = (char *)"/dev/leases",
				.lease_offset = 1 << 20};
}

static int reset(void **state)
{
	lock.now = lock.free_at = lock.renew_every = lock.asked = 0;
	lock.other = 0;
	lock.refusal = SANLK_ACQUIRE_IDLIVE;
	return 0;
}

static void free_lease(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), 0);
	assert_int_equal(lock.now, 0);
	assert_string_equal(lock.res.lockspace_name, "TK");
	assert_string_equal(lock.res.name, "web");
	assert_int_equal(lock.res.num_disks, 1);
	assert_string_equal(lock.disk.path, "/dev/leases");
	assert_int_equal(lock.disk.offset, 1 << 20);
	/* A second disk's lease is held by the same registration. */
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), 0);
	assert_int_equal(lock.registered, 1);
}

static void dead_owner(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	lock.free_at = 140;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), 0);
	assert_int_equal(lock.now, 140);
}

/* Its last renewal is noticed after we began: that alone is no sign of life. */
static void owner_dies_after_a_renewal(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	lock.renew_every = 100;
	lock.free_at = 150;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), 0);
}

static void live_owner(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	lock.free_at = 1000000;
	lock.renew_every = 20;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), -EBUSY);
	assert_int_equal(lock.now, 40);
	assert_non_null(strstr(err.text, "TK:web"));
	assert_non_null(strstr(err.text, "renews"));
}

/* Neither dead nor alive: not waited for without end. */
static void owner_nobody_understands(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	lock.free_at = 1000000;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), -EBUSY);
	assert_true(lock.now <= 300);
}

static void other_refusals(void **state)
{
	static const struct {
		int refusal, rc;
		const char *says;
	} row[] = {
		{-ENOSPC, -ENOSPC, "has not joined"},
		{SANLK_ACQUIRE_LOCKSPACE, -EBUSY, "has not joined"},
		{SANLK_LEADER_MAGIC, -EBUSY, "no such lease"},
		{SANLK_LEADER_RESOURCE, -EBUSY, "no such lease"},
		{SANLK_DBLOCK_READ, -EBUSY, "sanlock refuses"},
	};
	struct hv_disk d = disk();
	struct hv_error err;

	lock.free_at = 1000000;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		lock.refusal = row[i].refusal;
		assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), row[i].rc);
		assert_non_null(strstr(err.text, row[i].says));
	}
	assert_int_equal(lock.now, 0);
}

static void names_that_do_not_fit(void **state)
{
	char name[SANLK_NAME_LEN + 2] = {0}, path[SANLK_PATH_LEN + 1] = {0};
	struct hv_disk d = disk();
	struct hv_error err;

	memset(name, 'n', SANLK_NAME_LEN);
	d.lease_key = name;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), 0);
	assert_memory_equal(lock.res.name, name, SANLK_NAME_LEN);
	name[SANLK_NAME_LEN] = 'n';
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), -EINVAL);
	d = disk();
	memset(path, 'p', SANLK_PATH_LEN);
	d.lease_path = path;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), -EINVAL);
	d = disk();
	d.lease_lockspace = NULL;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), -EINVAL);
}

/* An agent asks for a standby, whose process is registered and has no rights any more. */
static void for_another_process(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;
	unsigned registered = lock.registered;

	lock.other = 4711;
	assert_int_equal(hv_guard_take(&d, "web", false, 4711, 0, &err), 0);
	assert_string_equal(lock.res.name, "web");
	assert_int_equal(lock.registered, registered);
	/* A dead owner: as long as there is patience, and no longer. */
	lock.free_at = 140;
	assert_int_equal(hv_guard_take(&d, "web", false, 4711, 30000, &err), -EBUSY);
	assert_int_equal(lock.now, 30);
	lock.asked = 0;
	assert_int_equal(hv_guard_take(&d, "web", false, 4711, 0, &err), -EBUSY);
	assert_int_equal(lock.asked, 1);
	assert_int_equal(hv_guard_take(&d, "web", false, 4711, 200000, &err), 0);
	assert_int_equal(lock.now, 140);
	lock.free_at = 1000;
	lock.refusal = -ESRCH;
	assert_int_equal(hv_guard_take(&d, "web", false, 4711, 0, &err), -ESRCH);
	assert_non_null(strstr(err.text, "not registered"));
}

/* sanlock takes a moment to notice that a process of this host is gone. */
static void its_last_owner_was_here(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	lock.refusal = -EEXIST;
	lock.free_at = 3;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), 0);
	assert_int_equal(lock.now, 3);
	lock.free_at = 1000;
	assert_int_equal(lease_acquire(&d, 0, HV_GUARD_WAIT_MS, &err), -EBUSY);
	assert_int_equal(lock.now, 13);
	assert_non_null(strstr(err.text, "another process of this host"));
	lock.asked = 0;
	assert_int_equal(lease_acquire(&d, 0, 0, &err), -EBUSY);
	assert_int_equal(lock.asked, 1);
}

static void a_standby_makes_ready(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	assert_int_equal(hv_guard_prepare(&d, &err), 0);
	assert_int_equal(lock.registered, 1);
	assert_int_equal(lock.restricted, SANLK_RESTRICT_SIGTERM);
	assert_int_equal(hv_guard_prepare(&d, &err), 0);
	assert_int_equal(lock.registered, 1);
	assert_int_equal(lock.asked, 0);
}

static void guards_without_a_lease(void **state)
{
	struct hv_disk d = disk();
	struct hv_error err;

	d.readonly = true;
	assert_int_equal(hv_guard_prepare(&d, &err), 0);
	assert_int_equal(hv_guard_take(&d, "web", false, 4711, 0, &err), 0);
	d.readonly = false;
	d.guard = HV_GUARD_FENCING;
	assert_int_equal(hv_guard_prepare(&d, &err), 0);
	assert_int_equal(hv_guard_take(&d, "web", true, 4711, 0, &err), 0);
	assert_int_equal(hv_guard_take(&d, "web", false, 4711, 0, &err), -EPERM);
	assert_int_equal(lock.asked, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, reset)
	static const struct CMUnitTest tests[] = {
		TEST(a_standby_makes_ready),
		TEST(free_lease),
		TEST(dead_owner),
		TEST(owner_dies_after_a_renewal),
		TEST(live_owner),
		TEST(its_last_owner_was_here),
		TEST(owner_nobody_understands),
		TEST(other_refusals),
		TEST(names_that_do_not_fit),
		TEST(for_another_process),
		TEST(guards_without_a_lease),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
