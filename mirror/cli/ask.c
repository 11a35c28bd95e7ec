// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "mirror/cli/cli.h"
#include "mirror/place.h"

enum { PATIENCE_S = 30 };

static int reach(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	char path[PLACE_PATH];
	int fd, r = place_path(path, name, "control.sock");

	if (r)
		return r;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static json_t *talk(int fd, json_t *command, json_error_t *e)
{
	FILE *f = fdopen(fd, "r+");
	json_t *o = NULL;
	char line[16384];

	if (!f) {
		close(fd);
		return NULL;
	}
	if (!json_dumpf(command, f, JSON_COMPACT) && fputc('\n', f) != EOF && !fflush(f) &&
	    fgets(line, sizeof(line), f))
		o = json_loads(line, 0, e);
	fclose(f);
	return o;
}

json_t *cli_ask(const char *name, const char *command, json_t *arguments)
{
	json_error_t e = {.text = "no answer"};
	int fd = reach(name);
	json_t *ask, *o, *back;

	if (fd < 0) {
		fprintf(stderr, "taiki-mirror: %s: %s%s\n", name, strerror(-fd),
			fd == -ENOENT || fd == -ECONNREFUSED ? "; its taiki-mirrord does not run"
							     : "");
		json_decref(arguments);
		return NULL;
	}
	ask = json_pack("{s:s s:o*}", "execute", command, "arguments", arguments);
	o = talk(fd, ask, &e);
	json_decref(ask);
	back = json_incref(json_object_get(o, "return"));
	if (!back)
		fprintf(stderr, "taiki-mirror: %s: %s: %s\n", name, command,
			json_object_get(o, "error") ? json_string_value(json_object_get(o, "error"))
						    : e.text);
	json_decref(o);
	return back;
}
