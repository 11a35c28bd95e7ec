// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A domain's intent file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/replace.h"
#include "hv/rundir.h"

static const char *const names[] = {
	[HV_INTENT_NONE] = "none",
	[HV_INTENT_STOP] = "stop",
	[HV_INTENT_MIGRATE] = "migrate",
	[HV_INTENT_RELOAD] = "reload",
};

const char *hv_intent_name(enum hv_intent what)
{
	return names[what];
}

static uint64_t boottime_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int hv_intent_write(const char *name, enum hv_intent what, uint64_t ms, struct hv_error *err)
{
	char path[4096], line[64];
	int rc = hv_run_path(path, sizeof(path), name, "intent"), n;

	if (rc)
		return hv_err(err, rc, "domain \"%.64s\": its intent has no path", name);
	if (what == HV_INTENT_NONE) {
		if (unlink(path) && errno != ENOENT)
			return hv_err(err, -errno, "%s: cannot be removed: %s", path,
				      strerror(errno));
		return 0;
	}
	n = snprintf(line, sizeof(line), "%s %" PRIu64 "\n", names[what], boottime_ms() + ms);
	rc = hv_replace(path, line, (size_t)n, 0644, false);
	return rc ? hv_replace_failed(path, rc, err) : 0;
}

enum hv_intent hv_intent_read(const char *name, uint64_t *until)
{
	char *line = hv_run_read(name, "intent");
	enum hv_intent what = HV_INTENT_NONE;
	size_t word = line ? strcspn(line, " ") : 0;
	const char *number = line && line[word] ? line + word + 1 : "";
	uint64_t deadline = 0;

	/* Digits alone: strtoull() would take a sign. */
	if (*number && strspn(number, "0123456789") == strlen(number))
		deadline = strtoull(number, NULL, 10);
	for (int i = HV_INTENT_STOP; i <= HV_INTENT_RELOAD; i++)
		if (line && strlen(names[i]) == word && !memcmp(names[i], line, word) &&
		    deadline > boottime_ms())
			what = (enum hv_intent)i;
	if (until)
		*until = what ? deadline : 0;
	free(line);
	return what;
}
