/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A number in a file of this host, that outlives the daemon.  Both calls wait for the file system.
 */
#ifndef MIRROR_ENGINE_RECORD_H
#define MIRROR_ENGINE_RECORD_H

#include <stdint.h>

/* record_read() - The number at @path (NULL: none); 0: there is none. */
uint64_t record_read(const char *path);

/* record_write() - Have it there, on stable storage; 0: the file is removed.  0 or -errno. */
int record_write(const char *path, uint64_t number);

#endif
