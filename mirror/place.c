// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "mirror/place.h"

static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

bool place_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len && len < 64 && name[0] != '.' && strspn(name, allowed) == len;
}

int place_path(char out[PLACE_PATH], const char *name, const char *file)
{
	if (!place_name_ok(name))
		return -EINVAL;
	return snprintf(out, PLACE_PATH, "%s/.mirror/%s/%s", hv_run_root(), name, file) < PLACE_PATH
		       ? 0
		       : -ENAMETOOLONG;
}

char *place_state(const char *name, const char *what)
{
	const char *dir = getenv("TAIKI_STATE_DIR");
	char *path;

	if (!place_name_ok(name) || asprintf(&path, "%s/mirror-%s.%s",
					     dir && *dir ? dir : "/var/lib/taiki", name, what) < 0)
		return NULL;
	return path;
}

int place_make(const char *name)
{
	char path[PLACE_PATH];
	int r = place_path(path, name, "");

	if (r)
		return r;
	path[strlen(path) - 1] = 0;
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = 0;
		if (mkdir(path, slash ? 0755 : 0700) && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

void place_forget(const char *name)
{
	static const char *const files[] = {"drbdsetup.json", "secret"};
	char path[PLACE_PATH];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!place_path(path, name, files[i]))
			unlink(path);
}

int place_daemon(char out[PLACE_PATH], const char *name)
{
	if (!place_name_ok(name))
		return -EINVAL;
	return snprintf(out, PLACE_PATH, "mirror/%s/control", name) < PLACE_PATH ? 0
										 : -ENAMETOOLONG;
}

int place_meta(const char *text, char **path, enum md_kind *kind, unsigned *index)
{
	const char *bracket = strrchr(text, '[');
	char *end;

	*path = NULL;
	*index = 0;
	*kind = MD_INTERNAL;
	if (!strcmp(text, "internal"))
		return 0;
	*kind = bracket ? MD_EXTERNAL : MD_FLEX_EXTERNAL;
	if (bracket) {
		*index = (unsigned)strtoul(bracket + 1, &end, 10);
		if (bracket[1] < '0' || bracket[1] > '9' || strcmp(end, "]") || *index > 254)
			return -EINVAL;
	}
	if (!*text || bracket == text)
		return -EINVAL;
	*path = bracket ? strndup(text, (size_t)(bracket - text)) : strdup(text);
	return *path ? 0 : -ENOMEM;
}
