// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/replace.h"

#include "poold.h"

void news(struct poold *d)
{
	static char *told;
	json_t *o = status_json(d, false);
	char *text = json_dumps(o, JSON_COMPACT), path[PATH_MAX];

	json_decref(o);
	if (!text || (told && !strcmp(text, told))) {
		free(text);
		return;
	}
	free(told);
	told = text;
	/* Whoever watches asks; a full file system is not the pool's trouble. */
	snprintf(path, sizeof(path), "%s/.poold.news", hv_run_root());
	hv_replace(path, "", 0, 0600, false);
}
