/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is replaced in one step: whoever reads it, and whoever dies at whatever moment,
 * there is the old one or the new one, whole.
 *
 * Until then the new one has a name of its own beside it, ".FILE.PID.new", so that two who
 * write at once do not meet: the last of them counts.  What a writer that was killed leaves of that name
 * is read by nobody.
 */
#ifndef HV_REPLACE_H
#define HV_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct hv_error;

/*
 * hv_replace() - @path (at most 4000 bytes) is @len bytes of @data from now on, with the
 * permissions @mode less the umask.  @durable: also after a power cut.  0, or -errno and @path is
 * what it was: -ENOSPC where not all of it could be written.
 */
int hv_replace(const char *path, const void *data, size_t len, mode_t mode, bool durable);

/*
 * hv_replace_begin() - The same in two halves, for who needs the file itself: the new one, empty, which
 * has its other name until hv_replace_end().  A descriptor (read and write, close-on-exec), the
 * caller's to close, or -errno.  One at a time for a @path in a process.
 */
int hv_replace_begin(const char *path, mode_t mode);

/*
 * hv_replace_end() - With @rc 0 it becomes @path: 0, or -errno.  With another @rc it is removed, and @rc is
 * returned.
 */
int hv_replace_end(const char *path, int rc);

/*
 * hv_replace_failed() - @rc (-errno) of one of the above, in words that name @path.  Returns @rc; but -EIO where the
 * file system is full: from whatever starts a domain, -ENOSPC says that the host's ledger has no room.
 */
int hv_replace_failed(const char *path, int rc, struct hv_error *err);

#endif
