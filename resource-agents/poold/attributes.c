// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "hv/replace.h"
#include "hv/rundir.h"

#include "attributes.h"

enum { NAME_BYTES = 256 };

static void path_of(char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/.poold.attributes", hv_run_root());
}

int attributes_write(const char *names)
{
	char path[PATH_MAX];

	path_of(path);
	return hv_replace(path, names, strlen(names), 0644, false);
}

unsigned attributes_read(void (*each)(void *arg, const char *name), void *arg)
{
	char path[PATH_MAX], line[NAME_BYTES];
	unsigned n = 0;
	FILE *f;

	path_of(path);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "taiki-", 6) != 0)
			continue;
		each(arg, line);
		n++;
	}
	if (f)
		fclose(f);
	return n;
}
