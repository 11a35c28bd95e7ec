// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon can be asked on RUN/.poold.sock: "status"; "look", which is the agent's
 * monitor: the same, and everything that nobody tells of is looked at again; "reload": the
 * settings have changed.
 */
#include <string.h>

#include "heartbeat/serve.h"
#include "hv/daemon.h"

#include "poold.h"

/* As it is now: that somebody has a standby's turn, for one, nobody tells. */
static json_t *ask_status(struct poold *d)
{
	places_look(d);
	return status_json(d, true);
}

enum { TEND_MS = 120000 };

static void tended(void *owner, int rc, char *text, size_t len)
{
}

static json_t *ask_look(struct poold *d)
{
	json_t *o = ask_status(d);

	sources_look(d);
	publish_again(d);
	if (!job_runs(&d->tending)) {
		d->tending.done = tended;
		job_start(&d->tending, work_tend, d, TEND_MS);
	}
	pool_stir(d);
	return o;
}

static json_t *ask_reload(struct poold *d)
{
	struct hv_error err;

	if (pool_reload(d, &err))
		return json_pack("{s:s}", "error", err.text);
	return status_json(d, true);
}

static json_t *answer(void *data, const char *line, size_t len)
{
	static const struct {
		const char *question;
		json_t *(*answer)(struct poold *d);
	} table[] = {{"status", ask_status}, {"look", ask_look}, {"reload", ask_reload}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (len == strlen(table[i].question) && !memcmp(line, table[i].question, len))
			return table[i].answer(data);
	return json_pack("{s:s}", "error", "not a question; see taiki-poold(8)");
}

int control_start(struct poold *d)
{
	return serve_start(d->loop, ".poold.sock", answer, d);
}
