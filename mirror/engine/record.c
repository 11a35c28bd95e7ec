// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/replace.h"
#include "mirror/engine/record.h"

static void make_directory(const char *path)
{
	char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;

	if (slash && slash != dir) {
		*slash = '\0';
		mkdir(dir, 0755);
	}
	free(dir);
}

uint64_t record_read(const char *path)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	uint64_t n;

	if (!f)
		return 0;
	if (fscanf(f, "%" SCNx64, &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

int record_write(const char *path, uint64_t number)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%016" PRIX64 "\n", number);

	if (!number)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	make_directory(path);
	return hv_replace(path, text, (size_t)n, 0600, true);
}
