/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An append-only file of bounded size: when it is full its older half is
 * dropped in place (no rename: rights to the directory are gone by then).
 */
#ifndef VMM_LOGFILE_H
#define VMM_LOGFILE_H

#include <stddef.h>
#include <sys/types.h>

struct logfile {
	int fd; /* -1: none */
	off_t size, max;
};

/* logfile_open() - 0 or -errno.  An old file is continued. */
int logfile_open(struct logfile *f, const char *path, off_t max);
/* logfile_write() - What cannot be written (a full disk) is lost.  0 or -errno. */
int logfile_write(struct logfile *f, const void *data, size_t len);
void logfile_close(struct logfile *f);

#endif
