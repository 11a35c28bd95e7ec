// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processors on and off, by sysfs.  One that cannot be off (the first, mostly) has no file for it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/guest/agent.h"

static int open_switch(const char *dir, unsigned id, int how)
{
	char path[256];

	snprintf(path, sizeof(path), "%.200s/cpu%u/online", dir, id);
	return open(path, how | O_CLOEXEC);
}

static struct vcpu look(const char *dir, unsigned id)
{
	struct vcpu v = {.id = id};
	int fd = open_switch(dir, id, O_RDONLY);
	char is = '1', path[256];

	if (fd < 0) {
		snprintf(path, sizeof(path), "%.200s/cpu%u", dir, id);
		v.online = !access(path, F_OK);
		return v;
	}
	v.can_offline = true;
	v.online = read(fd, &is, 1) == 1 && is == '1';
	close(fd);
	return v;
}

static int by_id(const void *a, const void *b)
{
	const struct vcpu *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

size_t vcpus_read(const char *dir, struct vcpu out[VCPUS_MAX])
{
	DIR *all = opendir(dir);
	const struct dirent *d;
	size_t n = 0;

	while (all && n < VCPUS_MAX && (d = readdir(all))) {
		char *end = NULL;
		unsigned long id;

		if (strncmp(d->d_name, "cpu", 3) != 0 || !isdigit((unsigned char)d->d_name[3]))
			continue;
		id = strtoul(d->d_name + 3, &end, 10);
		if (!*end && id < 10000)
			out[n++] = look(dir, (unsigned)id);
	}
	if (all)
		closedir(all);
	qsort(out, n, sizeof(*out), by_id);
	return n;
}

static int put(const char *dir, unsigned id, bool online)
{
	int fd = open_switch(dir, id, O_WRONLY), rc = 0;

	if (fd < 0) /* one without a switch is on */
		return errno == ENOENT && online && look(dir, id).online ? 0 : errno;
	if (write(fd, online ? "1" : "0", 1) != 1)
		rc = errno;
	close(fd);
	return rc;
}

int vcpus_set(const char *dir, const char *list)
{
	int done = 0;

	while (*list) {
		char *end;
		unsigned id = (unsigned)strtoul(list, &end, 10);
		int rc = *end == '=' ? 0 : EINVAL;

		if (!rc && look(dir, id).online != (end[1] == '1'))
			rc = put(dir, id, end[1] == '1');
		if (rc)
			return done ? done : VCPUS_FAILED + rc;
		done++;
		list = end + 2;
		list += strspn(list, " ");
	}
	return done;
}
