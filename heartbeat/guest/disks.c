// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that the role brings has had a capacity of 0 until now.  Linux takes the
 * new one over, but reads no partition table and tells udev nothing: "a change
 * from 0" is none to it.  So this is done here: the partitions of each virtio disk
 * that has a capacity, no partition and no user are read, and udev is told.
 *
 * A program of its own (taiki-guest runs itself): reading may take as long as the
 * disk likes, and needs CAP_SYS_ADMIN.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

#define SYSFS "/sys/block"

enum {
	DISK_NAME_MAX = 31,
	/* The host raises the interrupt of a new capacity before it sends the role; that the
	   kernel has worked on it when the role is read is likely, not certain. */
	PATIENCE_MS = 500,
	STEP_MS = 10,
};

static bool is_virtio(const char *disk)
{
	char path[128], driver[128];
	ssize_t n;

	snprintf(path, sizeof(path), SYSFS "/%.31s/device/driver", disk);
	n = readlink(path, driver, sizeof(driver) - 1);
	driver[n > 0 ? n : 0] = '\0';
	return n > 0 && !strcmp(strrchr(driver, '/') ? strrchr(driver, '/') : "", "/virtio_blk");
}

static unsigned long long sectors(const char *disk)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), SYSFS "/%.31s/size", disk);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoull(text, NULL, 10);
}

/* Its partitions are directories that have its name and a number. */
static bool has_partitions(const char *disk)
{
	char path[128];
	DIR *dir;
	const struct dirent *d;
	bool has = false;

	snprintf(path, sizeof(path), SYSFS "/%.31s", disk);
	dir = opendir(path);
	while (dir && !has && (d = readdir(dir)))
		has = !strncmp(d->d_name, disk, strlen(disk)) && d->d_name[strlen(disk)];
	if (dir)
		closedir(dir);
	return has;
}

static void tell_udev(const char *disk)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), SYSFS "/%.31s/uevent", disk);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "change", 6) < 0)
		fprintf(stderr, "taiki-guest: %s: udev is not told: %s\n", path, strerror(errno));
	close(fd);
}

static void read_partitions(const char *disk)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%.31s", disk);
	/* Whoever uses it, uses it as a whole: then it is none of our business (EBUSY). */
	fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (ioctl(fd, BLKRRPART))
		fprintf(stderr, "taiki-guest: %s: its partitions cannot be read: %s\n", path,
			strerror(errno));
	close(fd);
	tell_udev(disk);
}

/* look() - At each virtio disk; whether one of them has no capacity.  @act: and read them. */
static bool look(bool act)
{
	DIR *dir = opendir(SYSFS);
	const struct dirent *d;
	bool closed = false;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || strlen(d->d_name) > DISK_NAME_MAX ||
		    !is_virtio(d->d_name))
			continue;
		if (!sectors(d->d_name))
			closed = true;
		else if (act && !has_partitions(d->d_name))
			read_partitions(d->d_name);
	}
	if (dir)
		closedir(dir);
	return closed;
}

int disks_read(bool wait)
{
	const struct timespec step = {0, STEP_MS * 1000000L};

	for (int ms = 0; wait && ms < PATIENCE_MS && look(false); ms += STEP_MS)
		nanosleep(&step, NULL);
	look(true);
	return 0;
}
