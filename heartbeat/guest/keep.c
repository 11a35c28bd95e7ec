// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The role as a file, RUN/role: the role on its first line, for whoever reads it; on
 * the second what tells an order that has been done from a new one: its number, its
 * CRC, and the boot in which that was.  A run directory may outlive a boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

enum { BOOT_ID = 36, TEXT = 256 };

static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static void boot_id(char id[BOOT_ID + 1])
{
	if (read_text("/proc/sys/kernel/random/boot_id", id, BOOT_ID + 1) != BOOT_ID)
		strcpy(id, "-");
}

static bool kept_path(const struct roles *r, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/role", r->run_dir);

	return n > 0 && (size_t)n < size;
}

void keep_save(const struct roles *r)
{
	char path[TEXT], new[TEXT + 4], text[TEXT], boot[BOOT_ID + 1];
	int fd, len;

	if (!kept_path(r, path, sizeof(path)))
		return;
	boot_id(boot);
	len = snprintf(text, sizeof(text), "%s\n%" PRIu64 " %08" PRIx32 " %s\n", r->current, r->seq,
		       r->sum, boot);
	snprintf(new, sizeof(new), "%s.new", path);
	mkdir(r->run_dir, 0755);
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)len) != len || rename(new, path))
		say(LOG_WARNING, "%s: the role cannot be kept for a restart: %s", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
}

void keep_load(struct roles *r)
{
	char path[TEXT], text[TEXT], boot[BOOT_ID + 1], was[BOOT_ID + 1] = "", *rest;

	strcpy(r->current, HV_ROLE_NONE);
	r->seq = 0;
	r->sum = 0;
	if (!kept_path(r, path, sizeof(path)) || read_text(path, text, sizeof(text)) <= 0)
		return;
	rest = strchr(text, '\n');
	if (rest)
		*rest++ = '\0';
	boot_id(boot);
	if (rest && (sscanf(rest, "%" SCNu64 " %" SCNx32 " %36s", &r->seq, &r->sum, was) != 3 ||
		     strcmp(boot, was))) {
		r->seq = 0;
		r->sum = 0;
		return;
	}
	if (hv_role_ok(text))
		strcpy(r->current, text);
}
