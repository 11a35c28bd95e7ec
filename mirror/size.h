/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes as drbd.conf and drbdsetup have them: "24M", or a number in a unit of the option's own.
 */
#ifndef MIRROR_SIZE_H
#define MIRROR_SIZE_H

#include <stdint.h>

/* size_parse() - @text in bytes; s, k, M, G behind it: sectors, KiB, ...; without, @unit bytes.  0 or -EINVAL. */
int size_parse(uint64_t *bytes, const char *text, unsigned unit);

#endif
