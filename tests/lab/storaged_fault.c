// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults of a node's way to the shared disks.  The file has a line a fault; it
 * is read again whenever it was replaced:
 *
 *   PATTERN eio | enospc | hang | delay MILLISECONDS | lose-flush | no-holes
 *
 * PATTERN is a glob(7) of the path below /shared.  The last line that matches
 * is in force.  enospc befalls writes; with no-holes no storage is given back, and nothing zeroed but by writing.
 */
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "storaged.h"

enum { RULES_MAX = 64, POLL_MS = 20 };

struct rule {
	char pattern[128];
	char what[16];
	long ms;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* owns everything below */
static const char *file;
static struct rule rules[RULES_MAX];
static size_t nrules;
static struct stat seen; /* of the file as it was read */

void fault_file(const char *path)
{
	file = path;
}

static void reread(void)
{
	struct stat st;
	char line[256];
	FILE *f;

	if (!file || stat(file, &st))
		return;
	if (st.st_ino == seen.st_ino && st.st_mtim.tv_sec == seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == seen.st_mtim.tv_nsec)
		return;
	f = fopen(file, "re");
	if (!f)
		return;
	nrules = 0;
	while (nrules < RULES_MAX && fgets(line, sizeof(line), f)) {
		struct rule *r = &rules[nrules];

		r->ms = 0;
		if (sscanf(line, "%127s %15s %ld", r->pattern, r->what, &r->ms) >= 2)
			nrules++;
	}
	fclose(f);
	seen = st;
}

static void sleep_ms(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* A copy of the rule in force for @path; false: none. */
static bool lookup(const char *path, struct rule *out)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	reread();
	for (size_t i = nrules; i > 0 && !found; i--) {
		found = fnmatch(rules[i - 1].pattern, path, 0) == 0;
		if (found)
			*out = rules[i - 1];
	}
	pthread_mutex_unlock(&lock);
	return found;
}

enum fault fault_now(const char *path)
{
	struct rule r;

	while (*path == '/')
		path++;
	while (lookup(path, &r)) {
		if (!strcmp(r.what, "eio"))
			return FAULT_EIO;
		if (!strcmp(r.what, "enospc"))
			return FAULT_ENOSPC;
		if (!strcmp(r.what, "lose-flush"))
			return FAULT_LOSE_FLUSH;
		if (!strcmp(r.what, "no-holes"))
			return FAULT_NO_HOLES;
		if (!strcmp(r.what, "delay")) {
			sleep_ms(r.ms);
			return FAULT_NONE;
		}
		if (strcmp(r.what, "hang") != 0)
			return FAULT_NONE;
		sleep_ms(POLL_MS);
	}
	return FAULT_NONE;
}
