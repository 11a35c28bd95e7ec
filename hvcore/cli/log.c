// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * log: the end of a domain's log, and with -f what follows.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "hv/rundir.h"

enum { CHUNK = 65536, FOLLOW_US = 200000 };

/* Where the last @lines lines begin. */
static off_t tail_start(int fd, off_t size, unsigned lines)
{
	char buf[4096];

	for (off_t at = size; at > 0;) {
		off_t from = at > (off_t)sizeof(buf) ? at - (off_t)sizeof(buf) : 0;
		ssize_t n = pread(fd, buf, (size_t)(at - from), from);

		if (n <= 0)
			return 0;
		for (ssize_t i = n; i-- > 0;)
			/* The newline that ends the file begins no line. */
			if (buf[i] == '\n' && from + i != size - 1 && !--lines)
				return from + i + 1;
		at = from;
	}
	return 0;
}

/* Copies from @at to the end; false once nobody reads. */
static bool copy(int fd, off_t *at)
{
	char buf[CHUNK];
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), *at)) > 0) {
		if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			return false;
		*at += n;
	}
	return fflush(stdout) == 0;
}

int cmd_log(const struct options *o, int argc, char **argv)
{
	struct hv_error err = {""};
	char path[4096];
	struct stat st;
	off_t at;
	int fd, n;

	if (hv_run_path(path, sizeof(path), argv[0], "log"))
		return usage("\"%s\" cannot name a domain", argv[0]);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		n = -errno;
		return fail(n,
			    (hv_err(&err, 0, "%s: cannot be read: %s", path, strerror(-n)), &err));
	}
	at = o->lines ? tail_start(fd, st.st_size, o->lines) : st.st_size;
	while (copy(fd, &at) && (o->given & OPT_FOLLOW)) {
		if ((o->given & OPT_TIMEOUT) && left(o) <= 1)
			break;
		usleep(FOLLOW_US);
		/* hv-domain drops the older half of a full log in place. */
		if (!fstat(fd, &st) && st.st_size < at)
			at = 0;
	}
	close(fd);
	return HV_EXIT_OK;
}
