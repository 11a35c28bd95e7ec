// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One connection, of either kind.  The port of a guest lets one process open it:
 * another agent that has it (EBUSY) will be done soon.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fencing/agent.h"

#define PORTS_BY_NAME  "/dev/virtio-ports"
#define PORTS_IN_SYSFS "/sys/class/virtio-ports"

/* root() - $TAIKI_FENCE_ROOT stands before /dev and /sys, for tests. */
static const char *root(void)
{
	const char *env = getenv("TAIKI_FENCE_ROOT");

	return env ? env : "";
}

/* has_name() - Whether sysfs calls the port @entry FENCE_PORT. */
static bool has_name(const char *entry)
{
	char path[PATH_MAX], name[128] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s" PORTS_IN_SYSFS "/%s/name", root(), entry);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	name[strcspn(name, "\n")] = '\0';
	return !strcmp(name, FENCE_PORT);
}

int link_find_port(char *out, size_t size)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d;
	int rc = -ENODEV;

	/* udev makes this link. */
	snprintf(out, size, "%s" PORTS_BY_NAME "/" FENCE_PORT, root());
	if (!access(out, F_OK))
		return 0;
	snprintf(path, sizeof(path), "%s" PORTS_IN_SYSFS, root());
	d = opendir(path);
	if (!d)
		return -ENODEV;
	while (rc && (e = readdir(d))) {
		if (e->d_name[0] == '.' || !has_name(e->d_name))
			continue;
		if ((size_t)snprintf(out, size, "%s/dev/%s", root(), e->d_name) < size)
			rc = 0;
	}
	closedir(d);
	return rc;
}

static int open_socket(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd >= 0 ? fd : -errno;
}

int link_open_channel(struct agent_link *l, int64_t deadline)
{
	const char *device = options_get(l->options, OPT_DEVICE);
	char path[PATH_MAX];
	struct stat st;

	if (device) {
		snprintf(path, sizeof(path), "%s", device);
	} else if (link_find_port(path, sizeof(path))) {
		snprintf(l->problem, sizeof(l->problem),
			 "this guest has no port " FENCE_PORT
			 ": give its domain a fencing group, or name the device");
		return -ENODEV;
	}
	if (stat(path, &st)) {
		l->fd = -errno;
	} else if (S_ISSOCK(st.st_mode)) {
		l->fd = open_socket(path);
	} else {
		l->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (l->fd < 0)
			l->fd = -errno;
	}
	if (l->fd >= 0)
		return 0;
	snprintf(l->problem, sizeof(l->problem), "%s: %s", path, strerror(-l->fd));
	return l->fd;
}

int link_open(struct agent_link *l, int64_t deadline)
{
	const char *transport = options_get(l->options, OPT_TRANSPORT);
	int rc;

	link_close(l);
	rc = !strcmp(transport, "tls") ? link_open_tls(l, deadline)
				       : link_open_channel(l, deadline);
	if (rc)
		link_close(l);
	return rc;
}

void link_close(struct agent_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	if (l->helper > 0) {
		kill(l->helper, SIGKILL);
		waitpid(l->helper, NULL, 0);
	}
	l->helper = 0;
}
