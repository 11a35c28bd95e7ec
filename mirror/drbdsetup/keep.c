// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "mirror/drbdsetup/drbdsetup.h"
#include "mirror/place.h"

json_t *keep_load(const char *name)
{
	char path[PLACE_PATH];

	return place_path(path, name, "drbdsetup.json") ? NULL : json_load_file(path, 0, NULL);
}

int keep_save(const char *name, const json_t *o)
{
	char path[PLACE_PATH], next[PLACE_PATH + 8];
	int rc = place_make(name);

	if (!rc)
		rc = place_path(path, name, "drbdsetup.json");
	if (rc)
		return rc;
	snprintf(next, sizeof(next), "%s.new", path);
	if (json_dump_file(o, next, JSON_INDENT(1)) || rename(next, path))
		return errno ? -errno : -EIO;
	return 0;
}

void keep_remove(const char *name)
{
	char path[PLACE_PATH];

	if (!place_path(path, name, "drbdsetup.json"))
		unlink(path);
	if (!place_path(path, name, "secret"))
		unlink(path);
}

json_t *keep_find(const char *key, const char *value, char name[64])
{
	struct dirent *e;
	json_t *o = NULL;
	char path[4096];
	DIR *d;

	snprintf(path, sizeof(path), "%s/.mirror", hv_run_root());
	d = opendir(path);
	while (d && !o && (e = readdir(d))) {
		const char *is;

		o = place_name_ok(e->d_name) ? keep_load(e->d_name) : NULL;
		is = json_string_value(json_object_get(o, key));
		if (is && !strcmp(is, value)) {
			snprintf(name, 64, "%.63s", e->d_name);
		} else {
			json_decref(o);
			o = NULL;
		}
	}
	if (d)
		closedir(d);
	return o;
}
