// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of guest.conf: each is refused with words, or what it sets is within its
 * limits.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/guest/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void text_ok(const char *text, bool path)
{
	must(!text || (*text && (!path || *text == '/')));
	free((char *)text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options o = {.interval = 1000, .health_failures = 1};
	const char *why = NULL;
	char line[4096];

	if (size >= sizeof(line))
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	must(options_line(&o, line, &why) || (why && *why));
	must(o.interval >= BEAT_INTERVAL_MIN && o.interval <= BEAT_INTERVAL_MAX);
	must(o.health_failures >= 1 && o.health_failures <= 1000);
	must(o.health_timeout <= 3600000 && o.role_timeout <= 3600000);
	text_ok(o.port, true);
	text_ok(o.role_port, true);
	text_ok(o.agent_port, true);
	text_ok(o.health_command, false);
	text_ok(o.role_dir, true);
	text_ok(o.run_dir, true);
	return 0;
}
