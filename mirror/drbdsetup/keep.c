// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* The shared secret is in it: it is root's alone. */
int keep_save(const char *name, const json_t *o)
{
	char path[PLACE_PATH], next[PLACE_PATH + 8];
	int rc = place_make(name), fd;

	if (!rc)
		rc = place_path(path, name, "drbdsetup.json");
	if (rc)
		return rc;
	snprintf(next, sizeof(next), "%s.new", path);
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	rc = json_dumpfd(o, fd, JSON_INDENT(1)) ? -EIO : 0;
	if (close(fd) && !rc)
		rc = -errno;
	return rc ? rc : rename(next, path) ? -errno : 0;
}

json_t *keep_find(const char *key, const char *value, char name[SETUP_NAME])
{
	struct dirent *e;
	json_t *o = NULL;
	char path[4096];
	DIR *d;

	snprintf(path, sizeof(path), "%s/.mirror", hv_run_root());
	d = opendir(path);
	while (d && !o && (e = readdir(d))) {
		o = place_name_ok(e->d_name) ? keep_load(e->d_name) : NULL;
		if (!strcmp(keep_text(o, key), value)) {
			snprintf(name, SETUP_NAME, "%.63s", e->d_name);
		} else {
			json_decref(o);
			o = NULL;
		}
	}
	if (d)
		closedir(d);
	return o;
}

const char *keep_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}
