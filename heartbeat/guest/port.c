// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The port to the host, which comes and goes: its driver is loaded later or
 * unbound, the device is reset, the host's daemon starts anew.
 *
 * Of Linux's virtio_console: a port's name is known only some time after its
 * device node is there, and the "change" uevent tells of it; read() gives 0 and
 * poll() POLLHUP while nobody listens on the host, and ENODEV once the port is
 * unplugged; write() of a non-blocking descriptor takes all or EAGAIN.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

#define SYSFS "/sys/class/virtio-ports"

enum { UEVENT_MAX = 8192 };

/* --- where it is --- */

static bool has_name(const char *entry, const char *wanted)
{
	char path[300], name[64] = "";
	bool same = false;
	int fd;

	snprintf(path, sizeof(path), SYSFS "/%s/name", entry);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, name, sizeof(name) - 1) > 0) {
		name[strcspn(name, "\n")] = '\0';
		same = !strcmp(name, wanted);
	}
	close(fd);
	return same;
}

/* find() - Its device by its name: sysfs needs no udev; udev's link where there is no sysfs. */
static int find(const char *name, char *path, size_t size)
{
	DIR *dir = opendir(SYSFS);
	const struct dirent *d;
	int rc = -ENOENT;

	if (!dir) {
		snprintf(path, size, "/dev/virtio-ports/%s", name);
		return access(path, F_OK) ? -ENOENT : 0;
	}
	while (rc && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || !has_name(d->d_name, name))
			continue;
		snprintf(path, size, "/dev/%s", d->d_name);
		rc = 0;
	}
	closedir(dir);
	return rc;
}

/* --- that it comes --- */

static int open_uevents(void)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = 1 /* the kernel's own */};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int watch_directory(const char *path)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char *copy = strdup(path);

	if (fd >= 0 && (!copy || inotify_add_watch(fd, dirname(copy),
						   IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0)) {
		close(fd);
		fd = -1;
	}
	free(copy);
	return fd;
}

void port_watch(struct port *p)
{
	p->uevent = p->path ? -1 : open_uevents();
	p->inotify = p->path ? watch_directory(p->path) : -1;
}

/* is_about_ports() - "ACTION@PATH\0KEY=VALUE\0..."; only the kernel (port 0) can be believed. */
static bool is_about_ports(const char *text, size_t len, const struct sockaddr_nl *from)
{
	static const char key[] = "SUBSYSTEM=virtio-ports";

	return !from->nl_pid && memmem(text, len, key, sizeof(key));
}

bool port_event(struct port *p, int fd)
{
	char buf[UEVENT_MAX] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool try = false;

	for (;;) {
		struct sockaddr_nl from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t n;

		if (fd == p->inotify)
			n = read(fd, buf, sizeof(buf));
		else
			n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno == ENOBUFS) {
			try = true; /* events were lost: look */
			continue;
		}
		if (n <= 0)
			return try && p->fd < 0;
		if (fd == p->inotify || is_about_ports(buf, (size_t)n, &from))
			try = true;
	}
}

/* --- what goes through it --- */

int port_open(struct port *p)
{
	char found[300];
	const char *path = p->path;

	if (!path) {
		int rc = find(p->name, found, sizeof(found));

		if (rc)
			return rc;
		path = found;
	}
	p->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (p->fd < 0)
		return -errno;
	p->connected = false;
	p->cut = true; /* by whoever had it before */
	return 0;
}

void port_close(struct port *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->connected = false;
}

bool port_send(struct port *p, const char *line, size_t len)
{
	char out[BEAT_LINE_MAX + 1];
	size_t n = p->cut ? 1 : 0;
	ssize_t took;

	if (p->fd < 0 || len > BEAT_LINE_MAX)
		return false;
	out[0] = '\n';
	memcpy(out + n, line, len);
	n += len;
	took = write(p->fd, out, n);
	if (took > 0)
		p->cut = (size_t)took < n;
	return took == (ssize_t)n;
}

ssize_t port_read(struct port *p, char *buf, size_t size)
{
	ssize_t n = read(p->fd, buf, size);

	if (n >= 0 || errno == EAGAIN || errno == EINTR)
		return n < 0 ? 0 : n;
	return -errno;
}
