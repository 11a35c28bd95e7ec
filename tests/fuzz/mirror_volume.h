/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume for the fuzzers of exports: in memory, Primary, and never slow.  What exports may rely on is checked: a
 * request is whole sectors of the volume, and each is answered once.
 */
#ifndef TESTS_FUZZ_MIRROR_VOLUME_H
#define TESTS_FUZZ_MIRROR_VOLUME_H

#include "mirror/engine/volume.h"

enum { FUZZ_VOLUME_BYTES = 256 << 10 };

extern unsigned fuzz_volume_requests; /* in flight */

/* fuzz_turns() - Let @l turn @n times. */
void fuzz_turns(struct loop *l, int n);

/* fuzz_volume() - The one there is, on @l. */
struct volume *fuzz_volume(struct loop *l);

#endif
