// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * set: what can be changed while a domain runs.  It lasts until the domain's
 * end; the definition says what the next start brings.  All of it or nothing:
 * everything is looked at first, and what was done is undone where a later part fails.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "hv/live.h"

/* Back to what was in force; a failure of that is said, and the first one stays the answer. */
static void undo(const struct options *o, const struct hv_config *before, unsigned done)
{
	struct hv_error err = {""};

	/* The guest's processors it cannot be told to have had. */
	(void)hv_live_book(before, done, true, left(o), NULL);
	if (hv_live_apply(before, done & HV_LIVE_HOST, left(o), NULL, &err))
		fprintf(stderr, "hv: what was set already could not be taken back: %s\n", err.text);
}

static int all_of(struct hv_config *c, int n, char **settings, unsigned *what, struct hv_error *err)
{
	int rc = 0;

	for (int i = 0; i < n && !rc; i++)
		rc = hv_live_change(c, settings[i], what, err);
	return rc ? rc : hv_config_check(c, err);
}

/* An administrator knows: what does not fit is said, and done. */
static int book(const struct options *o, const struct hv_config *c, unsigned what,
		struct hv_error *err)
{
	int rc = hv_live_book(c, what, false, left(o), err);

	if (rc != -ENOSPC)
		return rc;
	fprintf(stderr, "hv: warning: %s; it is set all the same\n", err->text);
	return hv_live_book(c, what, true, left(o), err);
}

static int change(const struct options *o, const char *name, int n, char **settings,
		  struct hv_error *err)
{
	struct hv_config before = {0}, wanted = {0};
	unsigned what = 0, done = 0;
	/* Nonsense is refused whether the domain answers or not. */
	int rc = config_of(name, &wanted, err);

	if (!rc)
		rc = all_of(&wanted, n, settings, &what, err);
	hv_config_free(&wanted);
	if (!rc)
		rc = hv_live_now(name, &before, what, left(o), err);
	if (!rc)
		rc = hv_live_now(name, &wanted, what, left(o), err);
	if (!rc)
		rc = all_of(&wanted, n, settings, &what, err);
	if (!rc)
		rc = book(o, &wanted, what, err);
	if (!rc) {
		rc = hv_live_apply(&wanted, what, left(o), &done, err);
		if (rc)
			undo(o, &before, done);
	}
	hv_config_free(&wanted);
	hv_config_free(&before);
	return rc;
}

int cmd_set(const struct options *o, int argc, char **argv)
{
	struct hv_error err = {""};
	int code = running(argv[0]), rc;

	if (!code)
		code = owner_allows(o, argv[0], "change");
	if (code)
		return code;
	rc = change(o, argv[0], argc - 1, argv + 1, &err);
	return rc ? fail(rc, &err) : HV_EXIT_OK;
}
