// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Growing back, and keeping the ledger whole.  Growth is booked first and told then: a
 * teller that dies in between leaves a domain that holds more than it uses, which
 * the next one puts right.
 */
#include <stdio.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "hv/standby.h"
#include "ledger_private.h"
#include "probe.h"

enum { CALL_MS = 1000 };

static bool waits(const struct hv_ledger *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->entry[i].state == HV_LEDGER_BOOKED &&
		    l->entry[i].target.memory > l->entry[i].now.memory)
			return true;
	return false;
}

/* Who says what it has: asked without the lock, believed with it if it is still the same start. */
struct heard {
	struct hv_ledger l;
	uint64_t *actual; /* of each entry; UINT64_MAX: not asked, or no answer */
};

static int listen(struct heard *h, struct hv_error *err)
{
	int rc = hv_ledger_read(&h->l, err);

	if (rc)
		return rc;
	h->actual = calloc(h->l.n + 1, sizeof(*h->actual));
	if (!h->actual)
		return hv_err(err, -ENOMEM, "not enough memory for the ledger");
	for (size_t i = 0; i < h->l.n; i++) {
		const struct hv_ledger_entry *e = &h->l.entry[i];
		struct hv_qmp *q = NULL;

		if ((e->state != HV_LEDGER_UNBOOKED && e->now.memory <= e->target.memory) ||
		    e->state == HV_LEDGER_BOOKED ||
		    ledger_steer_actual(e->name, &q, CALL_MS, &h->actual[i], NULL))
			h->actual[i] = UINT64_MAX;
		hv_qmp_close(q);
	}
	return 0;
}

static uint64_t heard(const struct heard *h, const struct hv_ledger_entry *e)
{
	const struct hv_ledger_entry *same = ledger_find(&h->l, e->name);

	return same && !strcmp(same->incarnation, e->incarnation) ? h->actual[same - h->l.entry]
								  : UINT64_MAX;
}

/*
 * One that runs without an entry gets one: what its configuration says, and more where
 * its balloon does not say otherwise.
 */
static void adopt(struct hv_ledger_entry *e, uint64_t actual, hv_ledger_say *say, void *arg)
{
	struct hv_ledger_entry found;
	struct hv_config c;

	if (!e->incarnation[0] || ledger_config(e->name, &c))
		return;
	hv_ledger_entry(&c, e->kind, &found);
	if (c.balloon)
		found.now.memory = ledger_max(found.now.memory, ledger_min(actual, c.memory));
	hv_config_free(&c);
	memcpy(found.name, e->name, sizeof(found.name));
	memcpy(found.incarnation, e->incarnation, sizeof(found.incarnation));
	found.changed = ledger_now();
	if (ledger_store(&found, NULL, NULL))
		return;
	ledger_steer_say(e->name, say, arg, "has an entry in the ledger again (%s): %llu MiB",
			 e->why, (unsigned long long)(found.now.memory >> 20));
	*e = found;
	e->state = HV_LEDGER_RUNNING;
}

/* One that was told to have less, whom nobody waits for: what it has given is free. */
static void settle(struct hv_ledger_entry *e, uint64_t actual)
{
	if (actual >= e->now.memory)
		return;
	e->now.memory = ledger_max(actual, e->target.memory);
	ledger_store(e, NULL, NULL);
}

static int book(const struct hv_capacity *cap, struct hv_ledger *l, const struct heard *h,
		struct hv_ledger_answer *a, hv_ledger_say *say, void *arg, struct hv_error *err)
{
	bool wait = waits(l);
	int rc;

	for (size_t i = 0; i < l->n; i++) {
		struct hv_ledger_entry *e = &l->entry[i];

		if (e->state == HV_LEDGER_UNBOOKED)
			adopt(e, heard(h, e), say, arg);
		if (!wait && e->state == HV_LEDGER_RUNNING && e->now.memory > e->target.memory)
			settle(e, heard(h, e));
	}
	/* What is free can be told later. */
	if (ledger_unsaid(l))
		return 0;
	rc = hv_ledger_grow(cap, l, ledger_now(), a);
	if (rc)
		return hv_err(err, rc, "not enough memory for the ledger");
	for (size_t i = 0; i < a->nchanges && !rc; i++) {
		struct hv_ledger_entry *e = ledger_find(l, a->change[i].name);

		e->target = a->change[i].to;
		e->now.memory = ledger_max(e->now.memory, e->target.memory);
		e->now.cpu = ledger_max(e->now.cpu, e->target.cpu);
		rc = ledger_store(e, NULL, err);
	}
	return rc;
}

static int tell(const struct hv_ledger *l, const struct hv_ledger_answer *a, hv_ledger_say *say,
		void *arg)
{
	int grown = 0;

	for (size_t i = 0; i < a->nchanges; i++) {
		const struct hv_ledger_change *c = &a->change[i];
		struct hv_qmp *q = NULL;
		struct hv_error why;
		char step[96];

		if (ledger_steer(ledger_find(l, c->name), &c->to, &q, CALL_MS, &why)) {
			ledger_steer_say(c->name, say, arg, "cannot be told to grow: %s", why.text);
		} else {
			ledger_steer_step(&c->from, &c->to, step);
			ledger_steer_say(c->name, say, arg, "grows %s", step);
			grown++;
		}
		hv_qmp_close(q);
	}
	return grown;
}

int hv_ledger_relax(int timeout_ms, hv_ledger_say *say, void *arg, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + timeout_ms;
	struct hv_ledger_answer a = {0};
	struct hv_ledger l = {0};
	struct hv_capacity cap;
	struct heard h = {0};
	int rc = listen(&h, err), lock = -1;

	if (!rc)
		rc = hv_capacity(&cap, err);
	if (!rc) {
		lock = ledger_lock(deadline, err);
		rc = lock < 0 ? lock : hv_ledger_read(&l, err);
	}
	if (!rc)
		rc = book(&cap, &l, &h, &a, say, arg, err);
	if (lock >= 0)
		close(lock);
	if (!rc)
		rc = tell(&l, &a, say, arg);
	hv_ledger_answer_free(&a);
	hv_ledger_free(&l);
	hv_ledger_free(&h.l);
	free(h.actual);
	return rc;
}
