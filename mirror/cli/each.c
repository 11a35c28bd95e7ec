// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "mirror/cli/cli.h"
#include "mirror/place.h"

static int is_volume(const struct dirent *e)
{
	char path[PLACE_PATH];

	/* of a daemon that was killed the socket is left */
	return !place_path(path, e->d_name, "control.sock") && !access(path, F_OK);
}

int cli_each(int (*each)(void *arg, const char *name), void *arg)
{
	struct dirent **names;
	char path[4096];
	int n, rc = CLI_OK;

	snprintf(path, sizeof(path), "%s/.mirror", hv_run_root());
	n = scandir(path, &names, is_volume, alphasort);
	if (n < 0 && errno != ENOENT) {
		fprintf(stderr, "taiki-mirror: %s: %s\n", path, strerror(errno));
		return CLI_FAILED;
	}
	for (int i = 0; i < n; i++) {
		int r = each(arg, names[i]->d_name);

		rc = r ? r : rc;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return rc;
}
