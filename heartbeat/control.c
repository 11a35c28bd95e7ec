// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask.h"
#include "heartbeatd.h"
#include "serve.h"

_Static_assert((int)ASK_MAX == (int)SERVE_LINE, "one line");

static json_t *answer(void *data, const char *line, size_t len)
{
	struct ask a;

	if (ask_parse(line, len, &a))
		return json_pack("{s:s}", "error", "not a question; see taiki-heartbeat(8)");
	return status_json(data, a.name);
}

int control_start(struct hbd *d)
{
	return serve_start(d->loop, ASK_SOCKET, answer, d);
}
