// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting and ending, with this very program in hv-domain's place: it is
 * started as `--config-fd N --status-fd M NAME`, and the name says how it
 * behaves.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/definition.h"
#include "hv/image.h"
#include "hv/launch.h"
#include "hv/rundir.h"

enum { LONG_MS = 60000, SHORT_MS = 300 };

/* The fake. */

static void write_incarnation(const char *name)
{
	char path[4096];
	FILE *f;

	hv_run_path(path, sizeof(path), name, "incarnation");
	f = fopen(path, "w");
	if (f) {
		fputs("a01024f5-a678-49d6-9164-c91917ac0dd2\n", f);
		fclose(f);
	}
}

static void write_pid(const char *name)
{
	char path[4096];
	FILE *f;

	hv_run_path(path, sizeof(path), name, "pid");
	f = fopen(path, "w");
	if (f) {
		/* "liar" names a process that has nothing to do with it. */
		fprintf(f, "%d\n", strcmp(name, "liar") ? (int)getpid() : 1);
		fclose(f);
	}
}

static int take_lock(const char *name)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	int fd;

	hv_run_path(path, sizeof(path), name, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : fcntl(fd, F_OFD_SETLK, &fl);
}

/* What a domain must not inherit; one line of complaint, or NULL. */
static const char *inherited(int config, int status)
{
	const char *starter = getenv("TAIKI_TEST_SESSION");

	for (int fd = 3; fd < 64; fd++)
		if (fd != config && fd != status && fcntl(fd, F_GETFD) >= 0)
			return "a descriptor";
	if (!starter || getsid(0) == atoi(starter) || getenv("OCF_ROOT"))
		return "its starter's session or environment";
	return NULL;
}

/* Says "ok" once the leader has ended and shows no descriptor any more. */
static void *goes_on(void *status)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d", (int)getpid(), *(int *)status);
	while (!access(path, F_OK))
		usleep(1000);
	dprintf(*(int *)status, "ok\n");
	close(*(int *)status);
	for (;;)
		pause();
	return NULL;
}

/* As a process with threads looks while it ends: a dead leader, and the rest is still there. */
static void end_as_leader(int status)
{
	static int copy;
	pthread_t t;

	copy = status;
	if (!pthread_create(&t, NULL, goes_on, &copy))
		pthread_exit(NULL);
}

static int fake_domain(int config, int status, const char *name)
{
	struct hv_error err = {""};
	char text[65536];
	struct hv_config c;
	ssize_t n = read(config, text, sizeof(text));
	const char *bad = inherited(config, status);
	int fd;

	alarm(120); /* whatever a failed test leaves behind ends */
	if (!strcmp(name, "mute"))
		return 1;
	if (!strcmp(name, "hang")) {
		write_pid(name);
		pause();
	}
	if (n < 0 || write(config, "x", 1) >= 0)
		return dprintf(status, "error: the memfd is not sealed\n"), 1;
	if (hv_config_from_json(&c, text, (size_t)n, &err))
		return dprintf(status, "error: %s\n", err.text), 1;
	if (bad)
		return dprintf(status, "error: inherited %s\n", bad), 1;
	write_incarnation(name);
	if (!strcmp(name, "broken"))
		return dprintf(status, "error: kernel /k: no PVH note\nmore"), 1;
	if (take_lock(name))
		return dprintf(status, "error: the lock is taken\n"), 1;
	write_pid(name);
	fd = c.ndisks ? open(c.disk[0].path, O_RDWR | O_CLOEXEC) : -1;
	if (c.ndisks && strcmp(name, "nolock") && hv_image_lock(fd, true))
		return dprintf(status, "error: the image is locked\n"), 1;
	dprintf(STDERR_FILENO, "the fake runs\n");
	if (!strcmp(name, "headless"))
		end_as_leader(status);
	dprintf(status, "ok\n");
	close(status);
	if (!strcmp(name, "brief"))
		return 0;
	for (;;)
		pause();
}

/* The tests. */

static char disk[4096];

static int setup(void **state)
{
	const char *dir = scratch();
	char session[16];

	snprintf(disk, sizeof(disk), "%s/disk.raw", dir);
	close(open(disk, O_CREAT | O_WRONLY, 0600));
	setenv("TAIKI_HV_DOMAIN", "/proc/self/exe", 1);
	setenv("TAIKI_CGROUP", "", 1);
	setenv("OCF_ROOT", "/usr/lib/ocf", 1);
	snprintf(session, sizeof(session), "%d", (int)getsid(0));
	setenv("TAIKI_TEST_SESSION", session, 1);
	return 0;
}

static int teardown(void **state)
{
	scratch_remove();
	return 0;
}

static void config(struct hv_config *c, const char *name, const char *image)
{
	hv_config_init(c);
	c->name = strdup(name);
	hv_uuid_derive(name, c->uuid);
	c->memory = c->current_memory = 1 << 20;
	c->kernel = strdup("/k");
	if (image) {
		c->ndisks = 1;
		c->disk[0].path = strdup(image);
		c->disk[0].target = strdup("vda");
	}
}

static int launch(const char *name, int timeout_ms, struct hv_error *err)
{
	struct hv_launch l = {
		.definition = "<domain/>", .resource = "vm-1", .fencing_enabled = true};
	struct hv_config c;
	int rc;

	config(&c, name, disk);
	l.config = &c;
	l.timeout_ms = timeout_ms;
	rc = hv_launch(&l, err);
	hv_config_free(&c);
	return rc;
}

static void started(const char *name)
{
	struct hv_error err = {""};

	if (launch(name, LONG_MS, &err))
		fail_msg("%s", err.text);
	assert_int_equal(hv_presence(name, NULL, NULL), HV_PRESENT);
}

static void killed(const char *name)
{
	struct hv_error err = {""};

	if (hv_kill(name, LONG_MS, &err))
		fail_msg("%s", err.text);
	assert_int_equal(hv_presence(name, NULL, NULL), HV_ABSENT);
}

/* died() - Its process ends, and nobody has asked yet. */
static void died(const char *name)
{
	char *text = hv_run_read(name, "pid");

	assert_non_null(text);
	assert_int_equal(kill(atoi(text), SIGKILL), 0);
	free(text);
	for (unsigned i = 0; i < LONG_MS && hv_presence(name, NULL, NULL) != HV_ABSENT; i++)
		usleep(1000);
	assert_int_equal(hv_presence(name, NULL, NULL), HV_ABSENT);
}

static void start_and_kill(void **state)
{
	struct hv_error err = {""};
	char *text, path[4096];
	pid_t pid;

	started("web1");
	text = hv_run_read("web1", "resource");
	assert_string_equal(text, "vm-1");
	free(text);
	text = hv_run_read("web1", "definition.xml");
	assert_string_equal(text, "<domain/>");
	free(text);
	text = hv_run_read("web1", "log");
	assert_string_equal(text, "the fake runs");
	free(text);
	assert_int_equal(hv_presence("web1", &pid, NULL), HV_PRESENT);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* init's child, not ours */
	assert_int_equal(launch("web1", LONG_MS, &err), -EEXIST);
	assert_non_null(strstr(err.text, "runs already"));
	assert_int_equal(hv_image_free(disk, LONG_MS, &err), -EBUSY);
	killed("web1");
	assert_int_equal(hv_image_free(disk, LONG_MS, &err), 0);
	killed("web1"); /* proven is proven */
	hv_run_path(path, sizeof(path), "web1", "config.json");
	assert_int_equal(access(path, F_OK), -1);
	started("web1"); /* and what is left does not stand in a new start's way */
	killed("web1");
}

static void headless(void **state)
{
	started("headless");
	killed("headless");
	started("headless");
	died("headless");
	killed("headless");
}

static void never_ran(void **state)
{
	struct hv_error err = {""};

	killed("nobody");
	assert_int_not_equal(hv_kill("no/body", SHORT_MS, &err), 0);
}

static void stopped_is_killed(void **state)
{
	pid_t pid;

	started("web1");
	hv_presence("web1", &pid, NULL);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	killed("web1");
}

/* The pid file is a hint: the lock's holder is ended, and nobody else. */
static void wrong_pid(void **state)
{
	started("liar");
	killed("liar");
	assert_int_equal(kill(1, 0), 0);
}

static void no_pid(void **state)
{
	char path[4096];

	started("web1");
	hv_run_path(path, sizeof(path), "web1", "pid");
	assert_int_equal(unlink(path), 0);
	killed("web1");
}

static void refusals(void **state)
{
	struct hv_error err = {""};

	assert_int_equal(launch("broken", LONG_MS, &err), -EIO);
	assert_string_equal(err.text, "kernel /k: no PVH note");
	/* It never began: there is nothing whose failure could be reported. */
	assert_null(hv_run_read("broken", "incarnation"));
	assert_int_equal(launch("mute", LONG_MS, &err), -EIO);
	assert_non_null(strstr(err.text, "without a word"));
	setenv("TAIKI_HV_DOMAIN", "/no/such/hv-domain", 1);
	assert_int_equal(launch("web1", LONG_MS, &err), -EIO);
	assert_non_null(strstr(err.text, "/no/such/hv-domain"));
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_ABSENT);
}

/* Ended: gone, or a zombie that init has yet to reap. */
static bool ended(pid_t pid)
{
	char path[64], line[256];
	bool zombie = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return true;
	while (fgets(line, sizeof(line), f))
		zombie |= !strncmp(line, "State:\tZ", 8);
	fclose(f);
	return zombie;
}

static void too_slow(void **state)
{
	struct hv_error err = {""};
	char *pid;

	assert_int_equal(launch("hang", SHORT_MS, &err), -ETIMEDOUT);
	pid = hv_run_read("hang", "pid"); /* written, or killed before that */
	if (pid && atoi(pid) > 1)
		assert_true(ended(atoi(pid)));
	free(pid);
}

static void two_starters(void **state)
{
	int ok = 0, exist = 0, status;

	for (int i = 0; i < 4; i++) {
		if (!fork()) {
			int rc = launch("web1", LONG_MS, NULL);

			_exit(rc == 0 ? 10 : rc == -EEXIST ? 11 : 12);
		}
	}
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		ok += WEXITSTATUS(status) == 10;
		exist += WEXITSTATUS(status) == 11;
	}
	killed("web1");
	assert_int_equal(ok, 1);
	assert_int_equal(exist, 3);
}

static void name_incarnation(const char *name, const char *text)
{
	char path[4096];
	FILE *f;

	hv_run_path(path, sizeof(path), name, "incarnation");
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

/* One start is ended, and no other: not one that came later, not one that is only starting. */
static void one_incarnation(void **state)
{
	struct hv_error err = {""};
	bool ran = true;

	started("web1");
	assert_int_equal(hv_kill_incarnation("web1", "first", LONG_MS, &ran, &err), 0);
	assert_false(ran);
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_PRESENT);
	name_incarnation("web1", "second");
	assert_int_equal(hv_kill_incarnation("web1", "first", LONG_MS, &ran, &err), 0);
	assert_false(ran);
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_PRESENT);
	assert_int_equal(hv_kill_incarnation("web1", "second", LONG_MS, &ran, &err), 0);
	assert_true(ran);
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_ABSENT);
	assert_int_equal(hv_kill_incarnation("web1", "second", LONG_MS, &ran, &err), 0);
	assert_false(ran);
}

/* Not proven while a description with the image lock lives, whoever has it. */
static void image_still_held(void **state)
{
	struct hv_error err = {""};
	int fd = open(disk, O_RDWR | O_CLOEXEC), rc;

	assert_int_equal(launch("brief", LONG_MS, &err),
			 0); /* it ends by itself, its lock with it */
	while (hv_presence("brief", NULL, NULL) == HV_PRESENT)
		usleep(1000);
	/* The kernel lets go of one of its files after the other. */
	for (unsigned i = 0; (rc = hv_image_lock(fd, true)) == -EBUSY && i < LONG_MS; i++)
		usleep(1000);
	assert_int_equal(rc, 0);
	assert_int_equal(hv_kill("brief", SHORT_MS, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, disk));
	assert_int_equal(hv_wait_gone("brief", SHORT_MS, &err), -ETIMEDOUT);
	close(fd);
	killed("brief");
}

/* asked_for_its_disk() - Killed, with @text in its config.json's place; whether @ms were enough to come to its disk. */
static bool asked_for_its_disk(const char *text, int ms)
{
	struct hv_error err = {""};
	char path[4096];
	FILE *f;
	int fd;

	started("nolock");
	hv_run_path(path, sizeof(path), "nolock", "config.json");
	assert_int_equal(unlink(path), 0);
	f = text ? fopen(path, "w") : NULL;
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	fd = open(disk, O_RDWR | O_CLOEXEC);
	assert_int_equal(hv_image_lock(fd, true), 0); /* as a request in flight would */
	assert_int_equal(hv_kill("nolock", ms, &err), -ETIMEDOUT);
	close(fd);
	if (!strstr(err.text, disk))
		print_message("# %d ms: %s\n", ms, err.text);
	return strstr(err.text, disk);
}

/* Without its config.json, what it has open tells which disks to ask about. */
static void config_lost(void **state)
{
	static const char *const texts[] = {NULL, "", "garbage", "{\"version\":1}"};
	char path[4096];

	hv_run_path(path, sizeof(path), "nolock", "config.json");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int ms = SHORT_MS;

		/* On a busy host it may still be ending then. */
		while (!asked_for_its_disk(texts[i], ms)) {
			ms *= 3;
			assert_true(ms < LONG_MS);
		}
		started("nolock");
		unlink(path);
		killed("nolock");
	}
}

/* Nobody can say any more what it wrote: asked again, the answer is the same. */
static void config_lost_stays_unproven(void **state)
{
	static const char *const texts[] = {NULL, "", "garbage"};
	struct hv_error err = {""};
	char path[4096];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *f;
		int first;

		started("web1");
		hv_run_path(path, sizeof(path), "web1", "config.json");
		died("web1");
		unlink(path);
		f = texts[i] ? fopen(path, "w") : NULL;
		if (f) {
			fputs(texts[i], f);
			fclose(f);
		}
		first = hv_kill("web1", LONG_MS, &err);
		assert_true(first < 0);
		assert_non_null(strstr(err.text, "config.json is lost"));
		assert_int_equal(hv_kill("web1", LONG_MS, &err), first);
		assert_int_equal(hv_wait_gone("web1", SHORT_MS, &err), first);
		/* A start makes it whole; what never ran, or was proven, stays proven. */
		started("web1");
		killed("web1");
		killed("web1");
	}
	killed("never");
}

static void image_gone(void **state)
{
	started("web1");
	assert_int_equal(unlink(disk), 0);
	killed("web1");
}

static void readers_do_not_count(void **state)
{
	int fd = open(disk, O_RDONLY | O_CLOEXEC), other = open(disk, O_RDWR | O_CLOEXEC);

	assert_int_equal(hv_image_lock(fd, false), 0);
	assert_int_equal(hv_image_lock(other, true), -EBUSY);
	assert_int_equal(hv_image_free(disk, LONG_MS, NULL), 0);
	close(fd);
	assert_int_equal(hv_image_lock(other, true), 0);
	assert_int_equal(hv_image_free(disk, LONG_MS, NULL), -EBUSY);
	close(other);
}

static void waits_for_an_end(void **state)
{
	struct hv_error err = {""};
	pid_t pid;

	started("web1");
	assert_int_equal(hv_wait_gone("web1", SHORT_MS, &err), -ETIMEDOUT);
	assert_int_equal(hv_presence("web1", &pid, NULL), HV_PRESENT);
	kill(pid, SIGTERM);
	assert_int_equal(hv_wait_gone("web1", LONG_MS, &err), 0);
}

static void guards(void **state)
{
	struct hv_error err = {""};
	struct hv_config c;
	struct hv_launch l = {.config = &c, .timeout_ms = LONG_MS};

	config(&c, "web1", disk);
	assert_int_equal(hv_launch(&l, &err), -EPERM);
	assert_non_null(strstr(err.text, "vda"));
	assert_non_null(strstr(err.text, "fencing is disabled"));
	l.fencing_enabled = true;
	c.disk[0].guard = HV_GUARD_SCSI_PR;
	assert_int_equal(hv_launch(&l, &err), -ENOTSUP);
	c.disk[0].guard = HV_GUARD_MIRROR;
	assert_int_equal(hv_launch(&l, &err), -EINVAL);
	assert_non_null(strstr(err.text, "vda"));
	c.disk[0].guard = HV_GUARD_FENCING;
	c.memory++;
	assert_int_equal(hv_launch(&l, &err), -EINVAL);
	assert_int_equal(hv_presence("web1", NULL, NULL), HV_ABSENT);
	hv_config_free(&c);
}

static void conflicts(void **state)
{
	struct hv_error err = {""};
	struct hv_config c;
	char link_path[4096 + 8];

	started("web1");
	config(&c, "web2", NULL);
	assert_int_equal(hv_conflicts(&c, LONG_MS, &err), 0);
	hv_config_free(&c);
	snprintf(link_path, sizeof(link_path), "%s.link", disk);
	assert_int_equal(link(disk, link_path), 0); /* the same file by another name */
	config(&c, "web2", link_path);
	assert_int_equal(hv_conflicts(&c, LONG_MS, &err), -EBUSY);
	assert_non_null(strstr(err.text, "disk vda of domain web1"));
	c.disk[0].readonly = true; /* the other one writes it */
	assert_int_equal(hv_conflicts(&c, LONG_MS, &err), -EBUSY);
	hv_config_free(&c);
	config(&c, "web1", disk); /* with itself there is none */
	assert_int_equal(hv_conflicts(&c, LONG_MS, &err), 0);
	killed("web1");
	free(c.name);
	c.name = strdup("web2");
	assert_int_equal(hv_conflicts(&c, LONG_MS, &err), 0);
	hv_config_free(&c);
}

static void same_mac(void **state)
{
	struct hv_error err = {""};
	struct hv_config c;
	struct hv_launch l = {.config = &c, .timeout_ms = LONG_MS};

	config(&c, "web1", NULL);
	c.nnics = 1;
	c.nic[0].bridge = strdup("br0");
	c.nic[0].queues = 1;
	hv_mac_derive(c.uuid, 0, c.nic[0].mac);
	assert_int_equal(hv_launch(&l, &err), 0);
	free(c.name);
	c.name = strdup("web2");
	assert_int_equal(hv_conflicts(&c, LONG_MS, &err), -EBUSY);
	assert_non_null(strstr(err.text, "MAC address"));
	assert_non_null(strstr(err.text, "web1"));
	c.nic[0].mac[5] ^= 1;
	assert_int_equal(hv_conflicts(&c, LONG_MS, &err), 0);
	hv_config_free(&c);
	killed("web1");
}

static void no_permission(void **state)
{
	struct hv_error err = {""};
	char path[4096 + 8];

	/* Root may write anywhere but where there is no directory to be had. */
	snprintf(path, sizeof(path), "%s/run", disk);
	setenv("TAIKI_RUN_DIR", path, 1);
	assert_int_equal(launch("web1", LONG_MS, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, path));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(start_and_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(headless, setup, teardown),
		cmocka_unit_test_setup_teardown(never_ran, setup, teardown),
		cmocka_unit_test_setup_teardown(stopped_is_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_pid, setup, teardown),
		cmocka_unit_test_setup_teardown(no_pid, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(too_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(two_starters, setup, teardown),
		cmocka_unit_test_setup_teardown(image_still_held, setup, teardown),
		cmocka_unit_test_setup_teardown(one_incarnation, setup, teardown),
		cmocka_unit_test_setup_teardown(config_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(config_lost_stays_unproven, setup, teardown),
		cmocka_unit_test_setup_teardown(image_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(readers_do_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_for_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(guards, setup, teardown),
		cmocka_unit_test_setup_teardown(conflicts, setup, teardown),
		cmocka_unit_test_setup_teardown(same_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(no_permission, setup, teardown),
	};

	if (argc == 6 && !strcmp(argv[1], "--config-fd"))
		return fake_domain(atoi(argv[2]), atoi(argv[4]), argv[5]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
