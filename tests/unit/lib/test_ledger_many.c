// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many at once, any of whom may be killed at any moment: fifty starters book, launch,
 * commit, squeeze and end, while others relax and damage.  Whatever is there is judged
 * under the ledger's lock: never over the host's room, never below a minimum, and
 * nothing that runs is left out.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/ledger.h"
#include "hv/rundir.h"
#include "hvcore/lib/ledger_private.h"
#include "hvcore/lib/probe.h"

#define MIB (1ULL << 20)
enum { STARTERS = 50, LOOKS = 120, SOON = 60000, ROOM_MIB = 1000 };

static const char *put(const char *dir, const char *file, const char *text)
{
	static char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		_exit(3);
	return path;
}

/* The domain: it holds its lock, and lives until its starter's pipe tells it to end, or it is killed. */
static void domain(const char *name, int ready, uint64_t life_us)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4096], uuid[64];
	int fd;

	prctl(PR_SET_PDEATHSIG, 0);
	hv_run_path(path, sizeof(path), name, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &fl))
		_exit(4);
	snprintf(uuid, sizeof(uuid), "%08x-0a4a-5495-b8e7-faf758da7333\n", (unsigned)getpid());
	hv_run_path(path, sizeof(path), name, "");
	put(path, "incarnation.new", uuid);
	{
		char from[4096], to[4096];

		hv_run_path(from, sizeof(from), name, "incarnation.new");
		hv_run_path(to, sizeof(to), name, "incarnation");
		if (rename(from, to))
			_exit(5);
	}
	/* As hv-domain: the booking is let go only now that the lock is held. */
	for (int other = 3; other < 64; other++)
		if (other != fd && other != ready)
			close(other);
	if (write(ready, "ok", 2) < 0)
		close(ready);
	usleep((useconds_t)life_us);
	_exit(0);
}

static void configure(const char *name, uint64_t mib)
{
	char path[4096], *json;
	struct hv_config c;

	hv_config_init(&c);
	c.name = strdup(name);
	strcpy(c.uuid, "322baf42-0a4a-5495-b8e7-faf758da7333");
	c.memory = c.current_memory = mib * MIB;
	c.kernel = strdup("/boot/vmlinuz");
	json = hv_config_to_json(&c);
	hv_run_path(path, sizeof(path), name, "");
	put(path, "config.json", json);
	free(json);
	hv_config_free(&c);
}

/* One start of @name, as an agent does it; 1: it was refused, 0: it ran. */
static int start(const char *name, uint64_t mib)
{
	struct hv_ledger_entry e = {
		.full = {mib * MIB, 100}, .target = {mib * MIB, 100}, .minimum = {mib * MIB, 100}};
	struct hv_ledger_answer a;
	int fd, ready[2];
	char ok[2];
	pid_t pid;

	if (hv_presence(name, NULL, NULL) != HV_ABSENT)
		return 1;
	fd = hv_ledger_book(name, &e, 0, SOON, &a, NULL);
	hv_ledger_answer_free(&a);
	if (fd < 0)
		return 1;
	configure(name, mib);
	if (pipe2(ready, O_CLOEXEC))
		_exit(6);
	pid = fork();
	if (pid == 0)
		domain(name, ready[1], (uint64_t)(rand() % 200) * 1000);
	close(ready[1]);
	if (read(ready[0], ok, 2) == 2)
		hv_ledger_commit(fd, name, NULL);
	else
		close(fd);
	close(ready[0]);
	waitpid(pid, NULL, 0);
	return 0;
}

static void starter(unsigned n)
{
	char name[32];

	snprintf(name, sizeof(name), "d%u", n);
	srand((unsigned)getpid());
	for (;;)
		if (start(name, 20 + (unsigned)rand() % 200))
			usleep((useconds_t)(rand() % 20000));
}

/* Gives back, writes down what is not, and now and then breaks an entry. */
static void helper(void)
{
	char path[4096], name[32];

	srand((unsigned)getpid());
	for (;;) {
		hv_ledger_relax(SOON, NULL, NULL, NULL);
		snprintf(name, sizeof(name), "d%d", rand() % STARTERS);
		hv_run_path(path, sizeof(path), name, "ledger");
		if (truncate(path, rand() % 100) && errno != ENOENT)
			_exit(7);
		usleep(20000);
	}
}

static pid_t spawn(unsigned n)
{
	pid_t us = getpid(), pid = fork();

	if (pid)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != us)
		_exit(0);
	if (n < STARTERS)
		starter(n);
	else
		helper();
	_exit(0);
}

/* Who has its lock, and so is to be in the ledger. */
static bool all_there(const struct hv_ledger *l, char *const *running)
{
	for (; *running; running++)
		if (!ledger_find(l, *running) && hv_presence(*running, NULL, NULL) != HV_ABSENT) {
			print_message("%s runs and is not in the ledger\n", *running);
			return false;
		}
	return true;
}

static void look(struct hv_ledger *l, size_t seen[3], bool *full)
{
	int lock = ledger_lock(hv_clock_ms() + SOON, NULL);
	char **names, *running[STARTERS + 1];
	struct hv_room held, target;
	struct hv_capacity cap;
	size_t n = 0;

	assert_true(lock >= 0);
	names = hv_run_list(NULL);
	assert_non_null(names);
	for (char **at = names; *at && n < STARTERS; at++)
		if (hv_presence(*at, NULL, NULL) == HV_PRESENT)
			running[n++] = *at;
	running[n] = NULL;
	assert_int_equal(hv_capacity(&cap, NULL), 0);
	assert_int_equal(hv_ledger_read(l, NULL), 0);
	/* What ran before the look runs still, or its end freed room; what came meanwhile had booked. */
	held = hv_ledger_held(&cap, l, false);
	target = hv_ledger_held(&cap, l, true);
	if (!ledger_unsaid(l)) {
		assert_true(held.memory <= cap.room.memory);
		assert_true(target.memory <= cap.room.memory);
	}
	assert_true(all_there(l, running));
	close(lock);
	free(names);
	for (size_t i = 0; i < l->n; i++)
		seen[l->entry[i].state]++;
	if (held.memory > ROOM_MIB / 2 * MIB)
		*full = true;
	hv_ledger_free(l);
}

static void fifty_at_once(void **state)
{
	const char *dir = scratch();
	pid_t pid[STARTERS + 2];
	struct hv_ledger l = {0};
	size_t seen[3] = {0}, killed = 0;
	bool full = false;
	int fd;

	setenv("TAIKI_HOST_CONF", put(dir, "host.conf", "memory = 1000MiB\nslack-memory = 0\n"), 1);
	mkdir(hv_run_root(), 0755);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned i = 0; i < STARTERS + 2; i++)
		pid[i] = spawn(i);
	for (unsigned round = 0; round < LOOKS; round++) {
		unsigned n = (unsigned)rand() % (STARTERS + 2);

		look(&l, seen, &full);
		/* Somebody dies, wherever it is, and somebody else comes. */
		kill(pid[n], SIGKILL);
		waitpid(pid[n], NULL, 0);
		killed++;
		pid[n] = spawn(n);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			; /* domains whose starter died */
	}
	for (unsigned i = 0; i < STARTERS + 2; i++)
		kill(pid[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	/* All of it happened: booked, running, and run on without an entry. */
	print_message("%zu killed; seen running %zu, booked %zu, unbooked %zu\n", killed,
		      seen[HV_LEDGER_RUNNING], seen[HV_LEDGER_BOOKED], seen[HV_LEDGER_UNBOOKED]);
	assert_true(seen[HV_LEDGER_RUNNING] && seen[HV_LEDGER_BOOKED] && seen[HV_LEDGER_UNBOOKED]);
	assert_true(full);
	/* Nothing is lost for ever: when all are gone, all is free. */
	assert_int_equal(hv_ledger_read(&l, NULL), 0);
	assert_int_equal(l.n, 0);
	hv_ledger_free(&l);
	{
		struct hv_ledger_entry e = {.full = {ROOM_MIB * MIB, 0},
					    .target = {ROOM_MIB * MIB, 0}};

		fd = hv_ledger_book("d0", &e, 0, SOON, NULL, NULL);
		assert_true(fd >= 0);
		close(fd);
	}
	unsetenv("TAIKI_HOST_CONF");
	scratch_remove();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifty_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ledger_many", tests, NULL, NULL);
}
