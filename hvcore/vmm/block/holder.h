/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VMM_BLOCK_HOLDER_H
#define VMM_BLOCK_HOLDER_H

#include <stddef.h>

/*
 * block_holder() - Who on this host holds a lock on the file behind @fd, in
 * words ("process 4711 (hv-domain web)"), as far as /proc tells: F_OFD_GETLK
 * knows no process.
 */
void block_holder(int fd, char *out, size_t size);

#endif
