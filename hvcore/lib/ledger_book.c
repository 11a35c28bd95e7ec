// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Booking.  Whoever dies between two lines of this leaves a ledger that fits:
 * others' targets go down before the new entry is there, and an entry that
 * nobody holds and nothing runs behind does not count.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "ledger_private.h"
#include "probe.h"

static int make_directory(const char *name, struct hv_error *err)
{
	char path[4096];

	if (hv_run_path(path, sizeof(path), name, ""))
		return hv_err(err, -EINVAL, "domain \"%.64s\": not a name for a domain", name);
	if (mkdir(path, 0750) && errno != EEXIST)
		return hv_err(err, -errno, "%s: cannot be made: %s; run as root?", path,
			      strerror(errno));
	return 0;
}

/* The domains that are to shrink are not told here, only booked with less. */
static int write_changes(struct hv_ledger *l, const struct hv_ledger_answer *a,
			 struct hv_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < a->nchanges && !rc; i++) {
		struct hv_ledger_entry *e = ledger_find(l, a->change[i].name);

		e->target = a->change[i].to;
		e->changed = ledger_now();
		rc = ledger_store(e, NULL, err);
	}
	return rc;
}

/* An adoption is what was promised, and is in a hurry: it is not asked about. */
static void look_at_promises(const struct hv_capacity *cap, const struct hv_ledger *l,
			     const struct hv_ledger_entry *want, struct hv_ledger_answer *answer)
{
	const struct hv_ledger_entry *old = ledger_find(l, want->name), *twin;

	if (old && old->kind != HV_LEDGER_ACTIVE && want->kind == HV_LEDGER_ACTIVE)
		return;
	if (hv_ledger_breaks(cap, l, want, answer, ledger_now(), &twin) <= 0)
		return;
	snprintf(answer->breaks, sizeof(answer->breaks),
		 "the room is promised: if %s%.64s is lost, %.70s takes up to %llu MiB here, and "
		 "would not get it",
		 twin->active_on[0] ? "host " : "its host", twin->active_on, twin->name,
		 (unsigned long long)(twin->full.memory >> 20));
}

/* By force also where host.conf makes no sense: then nothing is known to be short. */
static int capacity(unsigned flags, struct hv_capacity *cap, struct hv_error *err)
{
	int rc;

	*cap = (struct hv_capacity){.room = {UINT64_MAX / 2, HV_CPU_UNLIMITED},
				    .guarantee = HV_CPU_UNLIMITED / 2};
	rc = hv_capacity(cap, err);
	return flags & HV_LEDGER_FORCE ? 0 : rc;
}

static int decide(const struct hv_capacity *cap, const struct hv_ledger_entry *want, unsigned flags,
		  struct hv_ledger *l, struct hv_ledger_answer *answer, struct hv_error *err)
{
	const struct hv_ledger_entry *old = ledger_find(l, want->name);
	int rc;

	if (old && old->state == HV_LEDGER_BOOKED)
		return hv_err(err, -EBUSY, "domain %s: another start of it is under way",
			      want->name);
	rc = hv_ledger_admit(cap, l, want, ledger_now(), answer);
	if (rc)
		return hv_err(err, rc, "not enough memory for the ledger");
	if (answer->verdict != HV_LEDGER_YES && (flags & HV_LEDGER_FORCE)) {
		hv_ledger_answer_free(answer);
		answer->granted = answer->at_once = want->target;
	} else if (answer->verdict == HV_LEDGER_NO ||
		   (answer->verdict == HV_LEDGER_SQUEEZE && (flags & HV_LEDGER_IN_PEACE)))
		return hv_err(err, -ENOSPC, "domain %s: %s", want->name, answer->reason);
	else
		look_at_promises(cap, l, want, answer);
	if (answer->breaks[0] && (flags & HV_LEDGER_NEW_WORK))
		return hv_err(err, -ENOSPC, "domain %s: %s", want->name, answer->breaks);
	return 0;
}

/* read_all() - The ledger's lock, once everything in it can be told; -errno with @err. */
static int read_all(struct hv_ledger *l, int64_t deadline, struct hv_error *err)
{
	const struct hv_ledger_entry *unsaid;
	int lock, rc;

	for (;;) {
		lock = ledger_lock(deadline, err);
		if (lock < 0)
			return lock;
		rc = hv_ledger_read(l, err);
		unsaid = rc ? NULL : ledger_unsaid(l);
		if (!rc && !unsaid)
			return lock;
		close(lock);
		if (!rc && (ledger_wait(unsaid->name, deadline) || !hv_left_ms(deadline)))
			rc = hv_err(err, -EBUSY,
				    "domain %s starts, and nobody can tell how much it holds: %s",
				    unsaid->name, unsaid->why);
		hv_ledger_free(l);
		if (rc)
			return rc;
	}
}

int hv_ledger_book(const char *name, const struct hv_ledger_entry *want, unsigned flags,
		   int timeout_ms, struct hv_ledger_answer *answer, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + timeout_ms;
	struct hv_ledger_entry e = *want;
	struct hv_ledger_answer own;
	struct hv_ledger l = {0};
	struct hv_capacity cap;
	int lock, fd = -1, rc;

	if (!answer)
		answer = &own;
	memset(answer, 0, sizeof(*answer));
	if (!hv_name_ok(name))
		return hv_err(err, -EINVAL, "domain \"%.64s\": not a name for a domain", name);
	snprintf(e.name, sizeof(e.name), "%s", name);
	/* Before the lock: many wait for that when a host is lost. */
	rc = capacity(flags, &cap, err);
	if (rc)
		return rc;
	rc = lock = read_all(&l, deadline, err);
	if (lock < 0)
		return lock;
	rc = make_directory(name, err);
	if (!rc)
		rc = decide(&cap, &e, flags, &l, answer, err);
	if (!rc)
		rc = write_changes(&l, answer, err);
	if (!rc) {
		e.now = answer->at_once;
		e.target = answer->granted;
		e.incarnation[0] = '\0';
		rc = ledger_store(&e, &fd, err);
	}
	hv_ledger_free(&l);
	close(lock);
	if (answer == &own)
		hv_ledger_answer_free(&own);
	return rc ? rc : fd;
}

int hv_ledger_commit(int fd, const char *name, struct hv_error *err)
{
	struct hv_ledger_entry e;
	char *incarnation = NULL;
	bool booked;
	int lock = -1, rc;

	if (hv_presence(name, NULL, NULL) == HV_ABSENT) {
		rc = hv_err(err, -ESRCH, "domain %s: it does not run, so its booking is void",
			    name);
		goto out;
	}
	incarnation = hv_run_read(name, "incarnation");
	rc = lock = ledger_lock(hv_clock_ms() + LEDGER_COMMIT_MS, err);
	if (rc < 0)
		goto out;
	if (!ledger_mine(fd, name)) {
		rc = hv_err(err, -ESTALE, "domain %s: its entry in the ledger is not this one's",
			    name);
		goto out;
	}
	rc = ledger_load(name, &e, &booked, err);
	if (rc)
		goto out;
	if (!incarnation || strlen(incarnation) >= sizeof(e.incarnation)) {
		rc = hv_err(err, -ENOENT, "domain %s: its incarnation cannot be read", name);
		goto out;
	}
	strcpy(e.incarnation, incarnation);
	rc = ledger_store(&e, NULL, err);
out:
	free(incarnation);
	if (lock >= 0)
		close(lock);
	if (fd >= 0)
		close(fd);
	return rc;
}

int hv_ledger_release(const char *name, struct hv_error *err)
{
	char path[4096];
	int lock, rc = 0;

	if (hv_run_path(path, sizeof(path), name, "ledger"))
		return hv_err(err, -EINVAL, "domain \"%.64s\": its entry has no path", name);
	lock = ledger_lock(hv_clock_ms() + LEDGER_COMMIT_MS, err);
	if (lock < 0)
		return lock;
	if (hv_presence(name, NULL, err) != HV_ABSENT)
		rc = hv_err(err, -EBUSY, "domain %s: it runs, and keeps its entry in the ledger",
			    name);
	else if (unlink(path) && errno != ENOENT)
		rc = hv_err(err, -errno, "%s: cannot be removed: %s", path, strerror(errno));
	close(lock);
	return rc;
}

/* described() - @e with what @want says of its time as an active. */
static struct hv_ledger_entry described(const struct hv_ledger_entry *e,
					const struct hv_ledger_entry *want)
{
	struct hv_ledger_entry d = *e;

	d.priority = want->priority;
	d.full.memory = ledger_max(want->full.memory, e->now.memory);
	d.full.cpu = ledger_max(want->full.cpu, e->now.cpu);
	d.minimum.memory = ledger_min(want->minimum.memory, d.full.memory);
	d.minimum.cpu = ledger_min(want->minimum.cpu, d.full.cpu);
	d.guaranteed = ledger_min(want->guaranteed, d.full.cpu);
	d.shares = want->shares;
	d.shares_minimum = want->shares_minimum;
	return d;
}

/* load_committed() - @name's entry, with the ledger locked; -EBUSY where a start still holds it. */
static int load_committed(const char *name, struct hv_ledger_entry *e, struct hv_error *err)
{
	bool booked;
	int rc = ledger_load(name, e, &booked, err);

	return !rc && booked
		       ? hv_err(err, -EBUSY, "domain %s: another start of it is under way", name)
		       : rc;
}

int hv_ledger_describe(const char *name, const struct hv_ledger_entry *want, int timeout_ms,
		       struct hv_error *err)
{
	int lock = ledger_lock(hv_clock_ms() + timeout_ms, err), rc;
	struct hv_ledger_entry e, d;

	if (lock < 0)
		return lock;
	rc = load_committed(name, &e, err);
	if (!rc && e.kind == HV_LEDGER_ACTIVE)
		rc = hv_err(err, -EINVAL, "domain %s is no standby", name);
	if (!rc) {
		d = described(&e, want);
		if (memcmp(&d, &e, sizeof(e)) != 0)
			rc = ledger_store(&d, NULL, err);
	}
	close(lock);
	return rc;
}

int hv_ledger_active_on(const char *name, const char *host, int timeout_ms, struct hv_error *err)
{
	int lock = ledger_lock(hv_clock_ms() + timeout_ms, err), rc;
	struct hv_ledger_entry e;

	if (lock < 0)
		return lock;
	rc = load_committed(name, &e, err);
	if (!rc && strlen(host) >= sizeof(e.active_on))
		rc = hv_err(err, -EINVAL, "\"%.64s\": not a host's name", host);
	if (!rc && strcmp(e.active_on, host)) {
		strcpy(e.active_on, host);
		rc = ledger_store(&e, NULL, err);
	}
	close(lock);
	return rc;
}
