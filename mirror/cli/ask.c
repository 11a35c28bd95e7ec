// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "hvcore/lib/probe.h"
#include "mirror/cli/cli.h"
#include "mirror/client.h"

/* A promotion may wait for a peer to be fenced. */
enum { PATIENCE_MS = 120 * 1000 };

json_t *cli_ask(const char *name, const char *command, json_t *arguments)
{
	struct hv_error err;
	json_t *back = mirror_ask(name, command, arguments, hv_clock_ms() + PATIENCE_MS, NULL,
				  &err);

	if (!back)
		fprintf(stderr, "taiki-mirror: %s: %s: %s\n", name, command, err.text);
	return back;
}
