// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has happened to a volume, as its log has it, for whoever asks later: the last HISTORY_MAX lines.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

void volume_say(struct volume *v, int level, const char *fmt, ...)
{
	struct history *h = &v->history;
	struct history_line *l = &h->line[h->count++ % HISTORY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->text, sizeof(l->text), fmt, ap);
	va_end(ap);
	l->level = level;
	clock_gettime(CLOCK_REALTIME, &l->at);
	hv_log_line(level, "%s: %s", v->config.name, l->text);
}

void volume_history(const struct volume *v, void (*each)(void *arg, const struct history_line *l),
		    void *arg)
{
	const struct history *h = &v->history;
	uint64_t first = h->count > HISTORY_MAX ? h->count - HISTORY_MAX : 0;

	for (uint64_t i = first; i < h->count; i++)
		each(arg, &h->line[i % HISTORY_MAX]);
}
