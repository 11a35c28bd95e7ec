// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries in run directories: what counts, as long as what lives; and what
 * becomes of one that cannot be believed.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/ledger.h"
#include "hv/rundir.h"

#define MIB  (1ULL << 20)
#define UUID "322baf42-0a4a-5495-b8e7-faf758da7333"
enum { SOON = 60000 };

static const char *put(const char *dir, const char *file, const char *text)
{
	static char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static int set_up(void **state)
{
	const char *dir = scratch();

	unsetenv("TAIKI_CGROUP");
	setenv("TAIKI_HOST_CONF",
	       put(dir, "host.conf", "memory = 1000MiB\nslack-memory = 0\ncpu = 4\n"), 1);
	return 0;
}

static int tear_down(void **state)
{
	unsetenv("TAIKI_HOST_CONF");
	scratch_remove();
	return 0;
}

static struct hv_ledger_entry want(uint64_t mib, uint64_t minimum, unsigned priority)
{
	struct hv_ledger_entry e = {.priority = priority,
				    .full = {mib * MIB, 100},
				    .target = {mib * MIB, 100},
				    .minimum = {minimum * MIB, 100}};

	return e;
}

/* A configuration with @mib, as the domain's starter leaves it. */
static void configure(const char *name, uint64_t mib)
{
	char path[4096], *json;
	struct hv_config c;

	hv_config_init(&c);
	c.name = strdup(name);
	strcpy(c.uuid, UUID);
	c.memory = c.current_memory = mib * MIB;
	c.kernel = strdup("/boot/vmlinuz");
	json = hv_config_to_json(&c);
	hv_run_path(path, sizeof(path), name, "");
	mkdir(hv_run_root(), 0755);
	mkdir(path, 0755);
	put(path, "config.json", json);
	free(json);
	hv_config_free(&c);
}

/* It runs: the lock is held until the descriptor is closed. */
static int runs(const char *name, const char *incarnation, uint64_t mib)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096];
	int fd;

	configure(name, mib);
	hv_run_path(path, sizeof(path), name, "");
	put(path, "incarnation", incarnation);
	hv_run_path(path, sizeof(path), name, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), 0);
	return fd;
}

static int book(const char *name, uint64_t mib, struct hv_ledger_answer *a, struct hv_error *err)
{
	struct hv_ledger_entry e = want(mib, mib, 0);

	return hv_ledger_book(name, &e, 0, SOON, a, err);
}

/* The only entry there is, or one that cannot be. */
static struct hv_ledger_entry only(void)
{
	struct hv_ledger_entry e = {.state = 99};
	struct hv_ledger l;

	assert_int_equal(hv_ledger_read(&l, NULL), 0);
	assert_true(l.n <= 1);
	if (l.n)
		e = l.entry[0];
	hv_ledger_free(&l);
	return e;
}

static void booked_while_the_booker_lives(void **state)
{
	struct hv_ledger_answer a;
	struct hv_ledger_entry e;
	struct hv_error err;
	int fd = book("web", 600, &a, &err), status;
	pid_t pid;

	assert_true(fd >= 0);
	assert_int_equal(a.verdict, HV_LEDGER_YES);
	e = only();
	assert_int_equal(e.state, HV_LEDGER_BOOKED);
	assert_int_equal(e.now.memory, 600 * MIB);
	assert_int_equal(book("web", 10, NULL, &err), -EBUSY);
	assert_int_equal(book("db", 401, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "domain db: no room: it takes 401 MiB, and of 1000 MiB 1 "
					 "others hold 600; 1 MiB of memory are missing"));
	close(fd);
	assert_int_equal(only().state, 99);
	/* A booker that is killed. */
	pid = fork();
	if (!pid) {
		fd = book("web", 600, NULL, NULL);
		raise(fd >= 0 ? SIGKILL : SIGTERM);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(only().state, 99);
	assert_true((fd = book("db", 1000, NULL, &err)) >= 0);
	close(fd);
	assert_int_equal(hv_ledger_release("db", &err), 0);
	assert_int_equal(hv_ledger_release("db", &err), 0);
	assert_int_equal(hv_ledger_release("../db", &err), -EINVAL);
	assert_int_equal(book("../db", 1, NULL, &err), -EINVAL);
}

static void committed_while_it_runs(void **state)
{
	struct hv_ledger_entry e;
	struct hv_error err;
	int fd = book("web", 600, NULL, &err), lock;

	assert_int_equal(hv_ledger_commit(fd, "web", &err), -ESRCH);
	fd = book("web", 600, NULL, &err);
	lock = runs("web", UUID "\n", 700);
	assert_int_equal(only().state, HV_LEDGER_BOOKED);
	assert_int_equal(hv_ledger_commit(fd, "web", &err), 0);
	e = only();
	assert_int_equal(e.state, HV_LEDGER_RUNNING);
	assert_int_equal(e.now.memory, 600 * MIB); /* the entry's, and not its configuration's */
	assert_string_equal(e.incarnation, UUID);
	assert_int_equal(hv_ledger_release("web", &err), -EBUSY);
	close(lock);
	assert_int_equal(only().state, 99);
	/* Another start of it, which nobody has booked. */
	lock = runs("web", "00000000-0a4a-5495-b8e7-faf758da7333\n", 700);
	e = only();
	assert_int_equal(e.state, HV_LEDGER_UNBOOKED);
	assert_int_equal(e.now.memory, 700 * MIB);
	assert_string_equal(e.why, "it is an earlier start's");
	close(lock);
}

/* Its booker died between the launch and the commit. */
static void uncommitted(void **state)
{
	struct hv_error err;
	int fd = book("web", 100, NULL, &err), lock = runs("web", UUID "\n", 700);

	close(fd);
	assert_int_equal(only().state, HV_LEDGER_UNBOOKED);
	assert_int_equal(only().now.memory, 700 * MIB);
	assert_string_equal(only().why, "whoever booked it died before it ran");
	assert_int_equal(book("db", 301, NULL, &err), -ENOSPC);
	/* It is put right. */
	assert_int_equal(hv_ledger_relax(SOON, NULL, NULL, &err), 0);
	assert_int_equal(only().state, HV_LEDGER_RUNNING);
	assert_int_equal(only().now.memory, 700 * MIB);
	close(lock);
}

static void cannot_be_believed(void **state)
{
	static const char other[] = "taiki-ledger 2\nnew things\n";
	char path[4096], text[HV_LEDGER_TEXT];
	struct hv_ledger_entry e;
	struct hv_error err;
	int fd = book("web", 100, NULL, &err), lock = runs("web", UUID "\n", 700), n;

	assert_int_equal(hv_ledger_commit(fd, "web", &err), 0);
	assert_int_equal(only().now.memory, 100 * MIB);
	hv_run_path(path, sizeof(path), "web", "ledger");
	e = only();
	n = hv_ledger_print(&e, text, sizeof(text));
	/* Cut short, at any byte; counted in full, and never left out. */
	for (int cut = n - 1; cut >= 0; cut -= 7) {
		assert_int_equal(truncate(path, cut), 0);
		assert_int_equal(only().state, HV_LEDGER_UNBOOKED);
		assert_int_equal(only().now.memory, 700 * MIB);
		assert_true(only().why[0]);
	}
	assert_int_equal(book("db", 301, NULL, &err), -ENOSPC);
	hv_run_path(path, sizeof(path), "web", "");
	put(path, "ledger", other);
	assert_int_equal(only().now.memory, 700 * MIB);
	assert_non_null(strstr(only().why, "version 2"));
	/* Something else in its place. */
	hv_run_path(path, sizeof(path), "web", "ledger");
	unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(only().now.memory, 700 * MIB);
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(only().now.memory, 700 * MIB);
	unlink(path);
	assert_string_equal(only().why, "it has none");
	/* Whoever changes it writes it down anew. */
	assert_int_equal(hv_ledger_relax(SOON, NULL, NULL, &err), 0);
	assert_int_equal(only().state, HV_LEDGER_RUNNING);
	assert_int_equal(only().full.memory, 700 * MIB);
	close(lock);
}

/* What its start is about to take nobody knows, and its configuration is an earlier one's. */
static void damaged_while_it_starts(void **state)
{
	struct hv_ledger_entry e = want(1, 1, 0);
	char path[4096];
	struct hv_error err;
	int fd, lock, status;
	pid_t pid;

	configure("web", 10);
	fd = book("web", 600, NULL, &err);
	hv_run_path(path, sizeof(path), "web", "ledger");
	assert_int_equal(truncate(path, 20), 0);
	assert_int_equal(only().state, HV_LEDGER_BOOKED);
	assert_true(only().why[0]);
	assert_int_equal(hv_ledger_book("db", &e, 0, 50, NULL, &err), -EBUSY);
	assert_non_null(
		strstr(err.text, "domain web starts, and nobody can tell how much it holds: "));
	/* Nobody writes down for it what it has not said. */
	assert_int_equal(hv_ledger_relax(SOON, NULL, NULL, &err), 0);
	assert_int_equal(only().state, HV_LEDGER_BOOKED);
	assert_true(only().why[0]);
	/* Who waits goes on when it runs. */
	pid = fork();
	if (!pid) {
		usleep(200000);
		lock = runs("web", UUID "\n", 600);
		close(fd);
		usleep(lock >= 0 ? 60000000 : 0);
		_exit(0);
	}
	close(fd);
	assert_int_equal(book("db", 401, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "others hold 600"));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* Without a configuration there is what the process has. */
static void without_a_configuration(void **state)
{
	char path[4096], pid[32];
	int lock = runs("web", UUID "\n", 700);

	hv_run_path(path, sizeof(path), "web", "config.json");
	unlink(path);
	hv_run_path(path, sizeof(path), "web", "");
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	put(path, "pid", pid);
	assert_int_equal(only().state, HV_LEDGER_UNBOOKED);
	assert_in_range(only().now.memory, 1, 999 * MIB);
	close(lock);
}

static void by_force(void **state)
{
	struct hv_ledger_entry e = want(5000, 5000, 0);
	struct hv_ledger_answer a;
	struct hv_error err;
	int fd = hv_ledger_book("web", &e, HV_LEDGER_FORCE, SOON, &a, &err), other;
	char dir[4096];

	assert_true(fd >= 0);
	assert_int_equal(a.verdict, HV_LEDGER_NO);
	assert_int_equal(only().now.memory, 5000 * MIB);
	assert_int_equal(book("db", 1, NULL, &err), -ENOSPC);
	close(fd);
	/* Also where host.conf makes no sense, which stops anybody else. */
	snprintf(dir, sizeof(dir), "%s/..", hv_run_root());
	put(dir, "host.conf", "memory = 3\n");
	assert_int_equal(book("db", 1, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "host.conf:1: memory is \"3\""));
	other = hv_ledger_book("web", &e, HV_LEDGER_FORCE, SOON, NULL, &err);
	assert_true(other >= 0);
	close(other);
}

/* A standby is not worth anybody's memory: it has room, or it is not made. */
static void in_peace(void **state)
{
	struct hv_ledger_entry low = want(600, 100, 0), e = want(500, 500, 0);
	struct hv_ledger_answer a;
	struct hv_error err;
	int fd = hv_ledger_book("low", &low, 0, SOON, NULL, &err), lock, other;

	lock = runs("low", UUID "\n", 600);
	assert_int_equal(hv_ledger_commit(fd, "low", &err), 0);
	assert_int_equal(hv_ledger_book("new", &e, HV_LEDGER_IN_PEACE, SOON, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "at a squeeze: it gets 500 of 500 MiB"));
	assert_int_equal(only().target.memory, 600 * MIB); /* nobody has been asked to shrink */
	other = hv_ledger_book("new", &e, 0, SOON, &a, &err);
	assert_true(other >= 0);
	assert_int_equal(a.verdict, HV_LEDGER_SQUEEZE);
	assert_int_equal(a.at_once.memory, 400 * MIB);
	hv_ledger_answer_free(&a);
	close(other);
	assert_int_equal(only().target.memory, 500 * MIB);
	close(lock);
}

/* The entry goes along with its directory, and keeps its booker. */
static void adopted(void **state)
{
	struct hv_ledger_entry e = want(600, 600, 0), twin = want(600, 600, 0);
	char from[4096], to[4096];
	struct hv_error err;
	int fd, lock;

	twin.kind = HV_LEDGER_TWIN;
	twin.target = (struct hv_room){96 * MIB, 5};
	strcpy(twin.active_on, "a");
	fd = hv_ledger_book("web@twin", &twin, 0, SOON, NULL, &err);
	assert_true(fd >= 0);
	lock = runs("web@twin", UUID "\n", 600);
	assert_int_equal(hv_ledger_commit(fd, "web@twin", &err), 0);
	assert_int_equal(only().kind, HV_LEDGER_TWIN);
	assert_int_equal(only().now.memory, 96 * MIB);
	assert_string_equal(only().active_on, "a");
	assert_int_equal(hv_ledger_active_on("web@twin", "b", SOON, &err), 0);
	assert_string_equal(only().active_on, "b");
	assert_string_equal(only().incarnation, UUID);
	assert_int_equal(hv_ledger_active_on("nobody", "b", SOON, &err), -ENOENT);
	fd = hv_ledger_book("web@twin", &e, 0, SOON, NULL, &err);
	assert_true(fd >= 0);
	assert_int_equal(hv_ledger_active_on("web@twin", "c", SOON, &err), -EBUSY);
	hv_run_path(from, sizeof(from), "web@twin", "");
	hv_run_path(to, sizeof(to), "web", "");
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(only().state, HV_LEDGER_BOOKED);
	assert_string_equal(only().name, "web");
	assert_int_equal(hv_ledger_commit(fd, "web", &err), 0);
	assert_int_equal(only().state, HV_LEDGER_RUNNING);
	assert_int_equal(only().kind, HV_LEDGER_ACTIVE);
	assert_int_equal(only().now.memory, 600 * MIB);
	close(lock);
}

/* An entry that was written anew is told what its standby will be. */
static void described(void **state)
{
	struct hv_ledger_entry twin = want(96, 96, 0), as_active = want(600, 300, 7), e;
	struct hv_error err;
	int fd, lock;

	assert_int_equal(hv_ledger_describe("web@twin", &as_active, SOON, &err), -ENOENT);
	twin.kind = HV_LEDGER_TWIN;
	fd = hv_ledger_book("web@twin", &twin, 0, SOON, NULL, &err);
	assert_true(fd >= 0);
	assert_int_equal(hv_ledger_describe("web@twin", &as_active, SOON, &err), -EBUSY);
	lock = runs("web@twin", UUID "\n", 600);
	assert_int_equal(hv_ledger_commit(fd, "web@twin", &err), 0);
	assert_int_equal(hv_ledger_describe("web@twin", &as_active, SOON, &err), 0);
	assert_int_equal(hv_ledger_describe("web@twin", &as_active, SOON, &err), 0);
	e = only();
	assert_int_equal(e.state, HV_LEDGER_RUNNING);
	assert_int_equal(e.kind, HV_LEDGER_TWIN);
	assert_int_equal(e.now.memory, 96 * MIB);
	assert_int_equal(e.target.memory, 96 * MIB);
	assert_int_equal(e.full.memory, 600 * MIB);
	assert_int_equal(e.minimum.memory, 300 * MIB);
	assert_int_equal(e.priority, as_active.priority);
	/* Never less than it holds. */
	as_active = want(50, 50, 0);
	assert_int_equal(hv_ledger_describe("web@twin", &as_active, SOON, &err), 0);
	assert_int_equal(only().full.memory, 96 * MIB);
	close(lock);
}

static void resized(void **state)
{
	struct hv_error err;
	int fd = book("web", 600, NULL, &err), lock = runs("web", UUID "\n", 700), other;

	assert_int_equal(hv_ledger_resize("web", &(struct hv_room){1 * MIB, 100}, 0, SOON, &err),
			 -EBUSY);
	assert_int_equal(hv_ledger_commit(fd, "web", &err), 0);
	other = book("db", 300, NULL, &err);
	assert_int_equal(hv_ledger_resize("web", &(struct hv_room){701 * MIB, 100}, 0, SOON, &err),
			 -ENOSPC);
	assert_non_null(strstr(err.text, "701 MiB, and of 1000 MiB others hold 300"));
	assert_int_equal(hv_ledger_resize("web", &(struct hv_room){700 * MIB, 200}, 0, SOON, &err),
			 0);
	close(other);
	assert_int_equal(only().now.memory, 700 * MIB);
	assert_int_equal(only().minimum.memory, 700 * MIB); /* still not to be squeezed */
	assert_int_equal(only().now.cpu, 200);
	/* Less is held until it has been given. */
	assert_int_equal(hv_ledger_resize("web", &(struct hv_room){100 * MIB, 100}, 0, SOON, &err),
			 0);
	assert_int_equal(only().now.memory, 700 * MIB);
	assert_int_equal(only().target.memory, 100 * MIB);
	assert_int_equal(hv_ledger_resize("db", &(struct hv_room){1, 1}, 0, SOON, &err), -ENOENT);
	close(lock);
}

/* The ledger's lock is waited for, and not for ever. */
static void locked(void **state)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct hv_error err;
	char path[4096];
	int fd = book("web", 1, NULL, &err), lock;

	snprintf(path, sizeof(path), "%s/.ledger.lock", hv_run_root());
	lock = open(path, O_RDWR);
	assert_int_equal(fcntl(lock, F_OFD_SETLK, &fl), 0);
	assert_int_equal(hv_ledger_book("db", &(struct hv_ledger_entry){0}, 0, 10, NULL, &err),
			 -ETIMEDOUT);
	assert_non_null(strstr(err.text, "has held the ledger"));
	assert_int_equal(only().state, HV_LEDGER_BOOKED); /* a glance needs no lock */
	close(lock);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(booked_while_the_booker_lives),
		TEST(committed_while_it_runs),
		TEST(uncommitted),
		TEST(cannot_be_believed),
		TEST(damaged_while_it_starts),
		TEST(without_a_configuration),
		TEST(by_force),
		TEST(in_peace),
		TEST(adopted),
		TEST(described),
		TEST(resized),
		TEST(locked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ledger_run", tests, NULL, NULL);
}
