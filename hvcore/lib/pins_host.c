// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pins on this host: who has which CPUs, and that nobody else is there.  Every
 * change is made under one lock, and by one rule: what is pinned to nobody is
 * shared, and each thread of each domain goes where pins_where() says.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_edit.h"
#include "hv/cpuset.h"
#include "hv/replace.h"
#include "hv/rundir.h"
#include "hv/tune.h"
#include "lock_wait.h"
#include "pins.h"
#include "probe.h"

enum { LOCK_MS = 5000, PASSES_MAX = 8 };

/* hv-domain's own, for threads that it makes later. */
static struct {
	bool taken;
	struct pins pins;
	cpu_set_t shared;
} own;

static int lock(struct hv_error *err)
{
	char path[4096];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/.cpus.lock", hv_run_root());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return hv_err(err, -errno, "%s: cannot be opened: %s; run as root?", path,
			      strerror(errno));
	rc = hv_lock_wait(fd, hv_clock_ms() + LOCK_MS);
	if (rc) {
		close(fd);
		return hv_err(err, rc, "%s: cannot be locked: %s", path, strerror(-rc));
	}
	return fd;
}

static void online(cpu_set_t *set)
{
	char text[HV_CPUSET_TEXT] = "";
	FILE *f = fopen("/sys/devices/system/cpu/online", "re");

	if (!f || fscanf(f, "%4095s", text) != 1 || hv_cpuset_parse(text, set))
		sched_getaffinity(0, sizeof(*set), set);
	if (f)
		fclose(f);
}

/* What @name has; false: no pins. */
static bool load(const char *name, struct pins *p)
{
	char path[4096], *text;
	bool any = false;
	size_t n = 0;
	FILE *f;

	memset(p, 0, sizeof(*p));
	if (hv_run_path(path, sizeof(path), name, "cpus"))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	text = malloc(PINS_TEXT);
	if (text) {
		n = fread(text, 1, PINS_TEXT - 1, f);
		text[n] = '\0';
		pins_parse(text, p);
		any = n > 0;
	}
	free(text);
	fclose(f);
	return any;
}

static int store(const char *name, const struct pins *p, struct hv_error *err)
{
	char path[4096], *text = malloc(PINS_TEXT);
	int rc = hv_run_path(path, sizeof(path), name, "cpus");

	if (!rc && !text)
		rc = -ENOMEM;
	if (!rc)
		pins_print(p, text);
	if (!rc && *text)
		rc = hv_replace(path, text, strlen(text), 0644, false);
	else if (!rc && unlink(path) && errno != ENOENT)
		rc = -errno;
	free(text);
	return rc ? hv_replace_failed(path, rc, err) : 0;
}

/* A round over the threads of @pid; whether any was moved: it may have made more meanwhile. */
static bool move_threads(pid_t pid, const struct pins *p, const cpu_set_t *shared)
{
	char dir[64], path[128], comm[32];
	bool moved = false;
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/task", (int)pid);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		int tid = atoi(e->d_name);
		cpu_set_t to, is;
		FILE *f;

		if (tid <= 0)
			continue;
		snprintf(path, sizeof(path), "%s/%d/comm", dir, tid);
		f = fopen(path, "re");
		if (!f || !fgets(comm, sizeof(comm), f))
			comm[0] = '\0';
		if (f)
			fclose(f);
		pins_where(p, pins_thread(comm), shared, &to);
		if (sched_getaffinity(tid, sizeof(is), &is) || CPU_EQUAL(&is, &to))
			continue;
		moved |= !sched_setaffinity(tid, sizeof(to), &to);
	}
	if (d)
		closedir(d);
	return moved;
}

/* Everybody that runs, but @but, to where they belong. */
static void move_all(const char *const *names, const char *but, const cpu_set_t *shared)
{
	for (; *names; names++) {
		struct pins p;
		pid_t pid;

		if ((but && !strcmp(*names, but)) ||
		    hv_presence(*names, &pid, NULL) != HV_PRESENT || pid <= 0)
			continue;
		load(*names, &p);
		for (unsigned i = 0; i < PASSES_MAX && move_threads(pid, &p, shared); i++)
			;
	}
}

/*
 * what_others_have() - The CPUs of all that run, but @but.  -EBUSY: one of them
 * is in @wanted.  *floating: someone runs without any of its own.
 */
static int what_others_have(const char *const *names, const char *but, const cpu_set_t *wanted,
			    cpu_set_t *have, bool *floating, struct hv_error *err)
{
	CPU_ZERO(have);
	*floating = false;
	for (; *names; names++) {
		char text[HV_CPUSET_TEXT];
		cpu_set_t theirs, both;
		struct pins p;

		if ((but && !strcmp(*names, but)) || hv_presence(*names, NULL, NULL) == HV_ABSENT)
			continue;
		if (!load(*names, &p)) {
			*floating = true;
			continue;
		}
		pins_all(&p, &theirs);
		CPU_AND(&both, &theirs, wanted);
		hv_cpuset_print(&both, text);
		if (*text)
			return hv_err(
				err, -EBUSY,
				"domain %s: CPU %.64s is dedicated to domain %s on this host; "
				"pin one of the two elsewhere",
				but, text, *names);
		CPU_OR(have, have, &theirs);
	}
	return 0;
}

/* Under the lock: whether @name can have @p; what is then @shared. */
static int decide(const char *const *names, const char *name, const struct pins *p,
		  cpu_set_t *shared, struct hv_error *err)
{
	cpu_set_t all, mine, theirs, missing;
	char text[HV_CPUSET_TEXT];
	bool floating;
	int rc;

	online(&all);
	pins_all(p, &mine);
	CPU_AND(&missing, &mine, &all);
	CPU_XOR(&missing, &missing, &mine);
	hv_cpuset_print(&missing, text);
	if (*text)
		return hv_err(err, -EINVAL,
			      "domain %s: it is pinned to CPU %.64s, which this host "
			      "does not have",
			      name, text);
	rc = what_others_have(names, name, &mine, &theirs, &floating, err);
	if (rc)
		return rc;
	CPU_OR(&theirs, &theirs, &mine);
	CPU_AND(&theirs, &theirs, &all);
	CPU_XOR(shared, &all, &theirs);
	if (!CPU_COUNT(shared) && (floating || !CPU_COUNT(&mine)))
		return hv_err(err, -EBUSY,
			      "domain %s: every CPU of this host would be dedicated, and domains "
			      "without CPUs of their own would have none",
			      name);
	return 0;
}

/* What was only @err's about other names is not our failure: a list that cannot be had. */
static int with_names(const struct hv_config *c, bool self, struct hv_error *err)
{
	char **names;
	struct pins p, before;
	cpu_set_t shared;
	int fd = lock(err), rc;
	pid_t pid = 0;

	if (fd < 0)
		return fd;
	names = hv_run_list(err);
	rc = names ? 0 : -EIO;
	pins_of(c, &p);
	load(c->name, &before);
	if (!rc)
		rc = decide((const char *const *)names, c->name, &p, &shared, err);
	if (!rc)
		rc = store(c->name, &p, err);
	if (!rc && self) {
		own.pins = p;
		own.shared = shared;
		own.taken = true;
		hv_pins_enter(PINS_EMULATOR);
	} else if (!rc && hv_presence(c->name, &pid, NULL) == HV_PRESENT && pid > 0) {
		for (unsigned i = 0; i < PASSES_MAX && move_threads(pid, &p, &shared); i++)
			;
	}
	if (!rc && memcmp(&p, &before, sizeof(p)))
		move_all((const char *const *)names, c->name, &shared);
	free(names);
	close(fd);
	return rc;
}

/* Whether anybody on this host has CPUs of his own; where nobody has, affinities are left alone. */
static bool anybody_pinned(void)
{
	char **names = hv_run_list(NULL), path[4096];
	bool any = false;

	for (char **n = names; n && *n && !any; n++)
		any = !hv_run_path(path, sizeof(path), *n, "cpus") && !access(path, F_OK);
	free(names);
	return any;
}

int hv_pins_take(const struct hv_config *c, struct hv_error *err)
{
	/* Who starts pinned meanwhile finds our lock held, and moves us. */
	if (!c->npins && !c->emulatorpin && !anybody_pinned())
		return 0;
	return with_names(c, true, err);
}

void hv_pins_enter(unsigned vcpu)
{
	cpu_set_t to;

	if (!own.taken)
		return;
	pins_where(&own.pins, vcpu, &own.shared, &to);
	(void)sched_setaffinity(0, sizeof(to), &to);
}

int hv_pins_set(const struct hv_config *c, struct hv_error *err)
{
	if (!c->npins && !c->emulatorpin && !anybody_pinned())
		return 0;
	return with_names(c, false, err);
}

void hv_pins_release(const char *name)
{
	cpu_set_t none, theirs, all;
	char path[4096], **names;
	bool floating;
	int fd;

	if (hv_run_path(path, sizeof(path), name, "cpus") || access(path, F_OK))
		return;
	fd = lock(NULL);
	if (fd < 0)
		return;
	unlink(path);
	names = hv_run_list(NULL);
	CPU_ZERO(&none);
	if (names &&
	    !what_others_have((const char *const *)names, name, &none, &theirs, &floating, NULL)) {
		online(&all);
		CPU_AND(&theirs, &theirs, &all);
		CPU_XOR(&all, &all, &theirs);
		move_all((const char *const *)names, name, &all);
	}
	free(names);
	close(fd);
}

int hv_pins_load(struct hv_config *c)
{
	char *text = malloc(HV_CPUSET_TEXT);
	int rc = text ? 0 : -ENOMEM;
	struct pins p;

	hv_config_unpin(c);
	load(c->name, &p);
	for (unsigned i = 0; !rc && i < PINS_THREADS; i++) {
		if (!CPU_COUNT(&p.on[i]))
			continue;
		hv_cpuset_print(&p.on[i], text);
		rc = i == PINS_EMULATOR ? hv_config_set(&c->emulatorpin, text)
					: hv_config_pin(c, i, text);
	}
	free(text);
	return rc;
}

char *hv_pins_read(const char *name)
{
	struct pins p;
	char *text, *out = NULL;
	size_t size;
	FILE *f;

	if (!load(name, &p))
		return NULL;
	text = malloc(HV_CPUSET_TEXT);
	f = text ? open_memstream(&out, &size) : NULL;
	for (unsigned i = 0, n = 0; f && i < PINS_THREADS; i++) {
		if (!CPU_COUNT(&p.on[i]))
			continue;
		hv_cpuset_print(&p.on[i], text);
		if (i == PINS_EMULATOR)
			fprintf(f, "%semulator: %s", n++ ? ", " : "", text);
		else
			fprintf(f, "%svcpu %u: %s", n++ ? ", " : "", i, text);
	}
	if (f)
		fclose(f);
	free(text);
	return out;
}
