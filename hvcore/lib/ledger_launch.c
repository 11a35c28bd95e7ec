// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cold start, with the ledger asked first.
 */
#include <unistd.h>

#include "config_edit.h"
#include "hv/launch.h"
#include "hv/rundir.h"
#include "ledger_private.h"
#include "probe.h"

enum {
	BOOK_PARTS = 4,    /* of the time there is, to wait for the ledger */
	SQUEEZE_PARTS = 2, /* of what is left then, for others to shrink in */
};

/*
 * What is an answer.  Anything else is the ledger's own trouble (a process that stands
 * still with its lock, a full file system), for which no start is refused: what runs
 * unbooked is counted in full.
 */
static bool is_no(int rc)
{
	return rc == -ENOSPC || rc == -EBUSY || rc == -EINVAL;
}

/* The booking comes true, or enough of it to live with. */
static int squeeze(int fd, const char *name, const struct hv_ledger_entry *want, int timeout_ms,
		   struct hv_room *held, hv_ledger_say *say, void *arg, struct hv_error *err)
{
	int rc = hv_ledger_squeeze(fd, name, timeout_ms, held, say, arg, err);

	if ((rc == -ENOSPC || rc == -ETIMEDOUT) && held->memory >= want->minimum.memory &&
	    held->cpu >= want->minimum.cpu)
		return 0;
	return rc;
}

/* With what it @held where that is less than it wants. */
static int launch(const struct hv_launch *l, int booking, const struct hv_ledger_entry *want,
		  const struct hv_room *held, int64_t deadline, struct hv_error *err)
{
	struct hv_launch with = *l;
	struct hv_config c = {0};
	int rc;

	with.booking = booking > 0 ? booking : 0;
	with.timeout_ms = hv_left_ms(deadline);
	if (held->memory >= want->target.memory && held->cpu >= want->target.cpu)
		return hv_launch(&with, err);
	rc = hv_config_copy(l->config, &c, err);
	if (rc)
		return rc;
	if (c.balloon)
		c.current_memory = ledger_min(c.current_memory, held->memory);
	ledger_tune(want, held->cpu, &c);
	with.config = &c;
	rc = hv_launch(&with, err);
	hv_config_free(&c);
	return rc;
}

int hv_ledger_launch(const struct hv_launch *l, const struct hv_ledger_entry *want, unsigned flags,
		     hv_ledger_say *say, void *arg, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + l->timeout_ms;
	const char *name = l->config->name;
	struct hv_ledger_answer a = {0};
	bool force = flags & HV_LEDGER_FORCE;
	struct hv_ledger_entry own;
	struct hv_error why = {""};
	struct hv_room held;
	int fd, rc;

	/* What runs has its entry, and keeps it. */
	if (hv_presence(name, NULL, NULL) != HV_ABSENT)
		return hv_launch(l, err);
	if (!want) {
		hv_ledger_entry(l->config, HV_LEDGER_ACTIVE, &own);
		want = &own;
	}
	fd = hv_ledger_book(name, want, flags, l->timeout_ms / BOOK_PARTS, &a, &why);
	if (fd < 0 && !force && is_no(fd)) {
		hv_ledger_answer_free(&a);
		return hv_err(err, fd, "%s", why.text);
	}
	if (fd < 0)
		ledger_steer_say(name, say, arg, "starts without the ledger: %s", why.text);
	if (fd >= 0 && a.breaks[0])
		ledger_steer_say(name, say, arg, "starts all the same, but %s", a.breaks);
	held = fd < 0 ? want->target : a.at_once;
	rc = a.verdict == HV_LEDGER_SQUEEZE && !force
		     ? squeeze(fd, name, want, hv_left_ms(deadline) / SQUEEZE_PARTS, &held, say,
			       arg, err)
		     : 0;
	hv_ledger_answer_free(&a);
	if (!rc)
		rc = launch(l, fd, want, &held, deadline, err);
	if (rc) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	/* It runs: an entry that could not be written is put right by the next one who looks. */
	if (fd >= 0 && hv_ledger_commit(fd, name, &why))
		ledger_steer_say(name, say, arg, "%s", why.text);
	return 0;
}
