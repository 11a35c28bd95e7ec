// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which spares' numbers somebody has, and the images of those that nobody has.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/definition.h"
#include "hv/image.h"
#include "hv/rundir.h"
#include "hv/standby.h"

#include "sweep.h"

enum { LOCK_MS = 2000 };

char *config_text(const char *name, size_t *len)
{
	char path[PATH_MAX], *text = NULL;

	if (hv_run_path(path, sizeof(path), name, "config.json") ||
	    hv_definition_read(path, &text, len, NULL))
		return NULL;
	return text;
}

/* was_spare() - Whether the domain @name was the spare @k once: its group or one of its disks is. */
static bool was_spare(const char *name, unsigned k)
{
	char spare[HV_NAME_MAX + 1], disk[HV_NODE_MAX + HV_NAME_MAX + 4];
	const char *node = hv_node_name(), *slash;
	char *group = hv_run_read(name, "cgroup"), *text = NULL;
	size_t len;
	bool was;

	hv_spare_name(spare, k);
	slash = group ? strrchr(group, '/') : NULL;
	was = group && !strcmp(slash ? slash + 1 : group, spare);
	if (!was)
		text = config_text(name, &len);
	snprintf(disk, sizeof(disk), "/%s.%s.", node ? node : "", spare);
	was = was || (text && strstr(text, disk));
	free(group);
	free(text);
	return was;
}

bool spare_is_domain(unsigned k)
{
	char **names = hv_run_list(NULL);
	bool has = !names; /* cannot tell */

	for (char **n = names; n && *n && !has; n++)
		has = hv_name_kind(*n) == HV_KIND_DOMAIN &&
		      hv_presence(*n, NULL, NULL) != HV_ABSENT && was_spare(*n, k);
	free(names);
	return has;
}

bool spare_in_use(unsigned k)
{
	char name[HV_NAME_MAX + 1], path[PATH_MAX];

	if (hv_spare_name(name, k) || hv_run_path(path, sizeof(path), name, ""))
		return true;
	return !access(path, F_OK) || spare_is_domain(k);
}

/* number_of() - K of "NODE.K@spare.TARGET.img", or 0. */
static unsigned number_of(const char *file)
{
	const char *node = hv_node_name(), *dot;
	char name[HV_NAME_MAX + 1];
	size_t n = node ? strlen(node) : 0;

	if (!n || strncmp(file, node, n) != 0 || file[n] != '.')
		return 0;
	file += n + 1;
	dot = strchr(file, '.');
	if (!dot || (size_t)(dot - file) >= sizeof(name) || strcmp(dot + strlen(dot) - 4, ".img"))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(dot - file), file);
	return hv_spare_number(name);
}

void images_sweep(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char path[PATH_MAX];
		unsigned k = number_of(e->d_name);

		snprintf(path, sizeof(path), "%s/%s", directory, e->d_name);
		if (!k || spare_in_use(k) || hv_image_free(path, LOCK_MS, NULL))
			continue;
		unlink(path);
	}
	if (dir)
		closedir(dir);
}
