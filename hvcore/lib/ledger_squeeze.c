// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Carrying a squeeze out.  Each turn: what others have given since is booked as given, what is
 * free goes to the booking, and whoever gives nothing is passed over for the next in
 * order.  Nobody is talked to with the ledger's lock held.
 */
#include <stdio.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "ledger_private.h"
#include "probe.h"

enum {
	PAGE_BYTES = 4096,
	POLL_US = 20000,
	CALL_MS = 1000,     /* a domain that does not answer so long is passed over */
	PATIENCE_MS = 2000, /* so is a guest whose balloon has not moved so long */
	PATIENCE_PARTS = 4, /* or for a quarter of the time there is, if that is less */
};

/* A domain that is to shrink. */
struct shrinking {
	char name[HV_LEDGER_NAME];
	struct hv_ledger_entry e; /* as it was read last */
	struct hv_qmp *q;
	uint64_t told;   /* the target it was told, bytes; 0: none yet */
	uint64_t actual; /* what its balloon leaves it */
	int64_t moved;   /* hv_clock_ms() when that last went down */
	bool refuses, known;
};

struct squeeze {
	const char *name;
	int fd, patience_ms;
	int64_t deadline;
	hv_ledger_say *say;
	void *arg;
	struct shrinking *other;
	size_t n;
	struct hv_room held; /* by the booking */
	bool complete;       /* it holds all it was granted */
	struct hv_error *err;
};

static struct shrinking *shrinking(struct squeeze *s, const char *name)
{
	struct shrinking *more;

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->other[i].name, name))
			return &s->other[i];
	more = realloc(s->other, (s->n + 1) * sizeof(*more));
	if (!more)
		return NULL;
	s->other = more;
	more = &s->other[s->n++];
	*more = (struct shrinking){.moved = hv_clock_ms(), .actual = UINT64_MAX};
	snprintf(more->name, sizeof(more->name), "%s", name);
	return more;
}

static bool has_to_shrink(const struct hv_ledger_entry *e)
{
	return e->state != HV_LEDGER_BOOKED &&
	       (e->now.memory > e->target.memory || e->now.cpu > e->target.cpu);
}

/* --- with the lock --- */

/* What @e has given since is booked as given; refused is what it will not give. */
static int settle(struct squeeze *s, struct hv_ledger_entry *e)
{
	struct shrinking *d = shrinking(s, e->name);
	struct hv_room before = e->now;

	if (!d)
		return hv_err(s->err, -ENOMEM, "not enough memory for the squeeze");
	if (d->told == e->target.memory) {
		e->now.cpu = e->target.cpu;
		e->now.memory = ledger_max(e->target.memory, ledger_min(e->now.memory, d->actual));
	}
	if (d->refuses && e->now.memory > e->target.memory) {
		e->target.memory = ledger_min(e->now.memory, e->full.memory);
		e->refused = ledger_now();
		ledger_steer_say(e->name, s->say, s->arg,
				 "does not shrink below %llu MiB, and is passed over",
				 (unsigned long long)(e->now.memory >> 20));
	}
	d->refuses = false;
	if (memcmp(&before, &e->now, sizeof(before)) || e->refused) {
		e->changed = ledger_now();
		return ledger_store(e, NULL, s->err);
	}
	return 0;
}

/* Somebody refused: what is still missing is looked for elsewhere. */
static int ask_again(struct squeeze *s, const struct hv_capacity *cap, struct hv_ledger *l,
		     struct hv_ledger_entry *mine)
{
	struct hv_ledger_entry want = *mine;
	struct hv_ledger_answer a;
	int rc;

	want.target = mine->full;
	rc = hv_ledger_admit(cap, l, &want, ledger_now(), &a);
	if (rc)
		return hv_err(s->err, rc, "not enough memory for the squeeze");
	if (a.verdict == HV_LEDGER_NO)
		rc = hv_err(s->err, -ENOSPC, "domain %s: %s", s->name, a.reason);
	for (size_t i = 0; i < a.nchanges && !rc; i++) {
		struct hv_ledger_entry *e = ledger_find(l, a.change[i].name);

		e->target = a.change[i].to;
		e->changed = ledger_now();
		rc = ledger_store(e, NULL, s->err);
	}
	if (!rc)
		mine->target = a.granted;
	hv_ledger_answer_free(&a);
	return rc;
}

static void take_free(const struct hv_capacity *cap, const struct hv_ledger *l,
		      struct hv_ledger_entry *mine)
{
	struct hv_room held = hv_ledger_held(cap, l, false);
	uint64_t memory = ledger_less(cap->room.memory, held.memory);
	uint64_t cpu = ledger_less(cap->room.cpu, held.cpu);

	if (mine->target.memory > mine->now.memory)
		mine->now.memory += ledger_min(memory, mine->target.memory - mine->now.memory);
	if (mine->target.cpu > mine->now.cpu)
		mine->now.cpu += ledger_min(cpu, mine->target.cpu - mine->now.cpu);
}

/* Who still has to shrink, for the part without the lock. */
static int remember(struct squeeze *s, const struct hv_ledger *l)
{
	for (size_t i = 0; i < s->n; i++)
		s->other[i].known = false;
	for (size_t i = 0; i < l->n; i++) {
		struct shrinking *d;

		if (!has_to_shrink(&l->entry[i]))
			continue;
		d = shrinking(s, l->entry[i].name);
		if (!d)
			return hv_err(s->err, -ENOMEM, "not enough memory for the squeeze");
		d->e = l->entry[i];
		d->known = true;
	}
	return 0;
}

static int book(struct squeeze *s, const struct hv_capacity *cap, struct hv_ledger *l)
{
	struct hv_ledger_entry *mine = ledger_find(l, s->name), before;
	struct hv_room planned;
	int rc = 0;

	if (!mine || !ledger_mine(s->fd, s->name))
		return hv_err(s->err, -ESTALE,
			      "domain %s: its booking in the ledger is not this one's", s->name);
	if (mine->why[0])
		return hv_err(s->err, -ESTALE, "domain %s: its booking in the ledger is %s",
			      s->name, mine->why);
	before = *mine;
	for (size_t i = 0; i < l->n && !rc; i++)
		if (has_to_shrink(&l->entry[i]))
			rc = settle(s, &l->entry[i]);
	planned = hv_ledger_held(cap, l, true);
	if (!rc && (planned.memory > cap->room.memory || planned.cpu > cap->room.cpu))
		rc = ask_again(s, cap, l, mine);
	/* Not to be had: what it holds is all it gets. */
	if (rc == -ENOSPC)
		mine->target = mine->now;
	if (!ledger_unsaid(l))
		take_free(cap, l, mine);
	if (memcmp(&before, mine, sizeof(before))) {
		int e = ledger_store(mine, &s->fd, rc ? NULL : s->err);

		rc = rc ? rc : e;
	}
	s->held = mine->now;
	s->complete = mine->now.memory >= mine->target.memory && mine->now.cpu >= mine->target.cpu;
	return rc ? rc : remember(s, l);
}

static int turn(struct squeeze *s)
{
	int lock = ledger_lock(s->deadline, s->err), rc;
	struct hv_ledger l = {0};
	struct hv_capacity cap;

	if (lock < 0)
		return lock;
	rc = hv_capacity(&cap, s->err);
	if (!rc)
		rc = hv_ledger_read(&l, s->err);
	if (!rc)
		rc = book(s, &cap, &l);
	hv_ledger_free(&l);
	close(lock);
	return rc;
}

/* --- without it --- */

static void ask(struct squeeze *s, struct shrinking *d)
{
	int64_t now = hv_clock_ms();
	struct hv_error err;
	uint64_t actual;
	char step[96];
	int rc = 0;

	if (d->told != d->e.target.memory) {
		rc = ledger_steer(&d->e, &d->e.target, &d->q, CALL_MS, &err);
		ledger_steer_step(&d->e.now, &d->e.target, step);
		if (!rc)
			ledger_steer_say(d->name, s->say, s->arg, "shrinks %s, for %s", step,
					 s->name);
		d->told = rc ? 0 : d->e.target.memory;
		d->moved = now;
	}
	/* Only CPU is to change: that is done. */
	if (!rc && d->e.now.memory <= d->e.target.memory)
		return;
	if (!rc)
		rc = ledger_steer_actual(d->name, &d->q, CALL_MS, &actual, &err);
	/* A balloon counts in pages. */
	if (!rc && actual > d->e.target.memory && actual - d->e.target.memory < PAGE_BYTES)
		actual = d->e.target.memory;
	if (!rc && actual < d->actual) {
		d->actual = actual;
		d->moved = now;
	}
	/* One that has ended gives all it had, and is not in the ledger any more. */
	if ((rc && hv_presence(d->name, NULL, NULL) != HV_ABSENT) ||
	    (d->actual > d->e.target.memory && now - d->moved >= s->patience_ms))
		d->refuses = true;
}

static int run(struct squeeze *s)
{
	int rc;

	while (!(rc = turn(s)) && !s->complete) {
		if (!hv_left_ms(s->deadline))
			return hv_err(
				s->err, -ETIMEDOUT,
				"domain %s: others have not shrunk in time; it holds %llu MiB",
				s->name, (unsigned long long)(s->held.memory >> 20));
		for (size_t i = 0; i < s->n; i++)
			if (s->other[i].known)
				ask(s, &s->other[i]);
		usleep(POLL_US);
	}
	return rc;
}

/* What was not to be had is not asked for any more. */
static void settle_for_less(struct squeeze *s)
{
	int lock = ledger_lock(hv_clock_ms() + LEDGER_COMMIT_MS, NULL);
	struct hv_ledger_entry e;
	bool booked;

	if (lock < 0)
		return;
	if (ledger_mine(s->fd, s->name) && !ledger_load(s->name, &e, &booked, NULL)) {
		e.target.memory = ledger_min(e.target.memory, e.now.memory);
		e.target.cpu = ledger_min(e.target.cpu, e.now.cpu);
		ledger_store(&e, &s->fd, NULL);
	}
	close(lock);
}

/* An adopted standby runs already: it is told what it may have now. */
static void tell(const struct squeeze *s)
{
	struct hv_qmp *q = NULL;
	struct hv_ledger_entry e;
	struct hv_error err;
	bool booked;

	if (hv_presence(s->name, NULL, NULL) == HV_ABSENT ||
	    ledger_load(s->name, &e, &booked, NULL))
		return;
	if (ledger_steer(&e, &s->held, &q, CALL_MS, &err))
		ledger_steer_say(s->name, s->say, s->arg, "cannot be told to grow: %s", err.text);
	hv_qmp_close(q);
}

int hv_ledger_squeeze(int fd, const char *name, int timeout_ms, struct hv_room *held,
		      hv_ledger_say *say, void *arg, struct hv_error *err)
{
	struct squeeze s = {.name = name,
			    .fd = fd,
			    .patience_ms = timeout_ms / PATIENCE_PARTS < PATIENCE_MS
						   ? timeout_ms / PATIENCE_PARTS
						   : PATIENCE_MS,
			    .deadline = hv_clock_ms() + timeout_ms,
			    .say = say,
			    .arg = arg,
			    .err = err};
	int rc = run(&s);

	if (rc == -ENOSPC || rc == -ETIMEDOUT)
		settle_for_less(&s);
	if (s.held.memory)
		tell(&s);
	if (held)
		*held = s.held;
	for (size_t i = 0; i < s.n; i++)
		hv_qmp_close(s.other[i].q);
	free(s.other);
	return rc;
}
