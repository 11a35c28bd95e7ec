/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fault.c and disk.c share.
 */
#ifndef MIRROR_TORTURE_FAULT_H
#define MIRROR_TORTURE_FAULT_H

#include "tests/history/torture/torture.h"

enum { PROMOTE_MS = 20000 };

/* some_ms() - A time by chance, from @from to @to. */
unsigned some_ms(unsigned from, unsigned to);

/*
 * fail_over() - The Primary's daemon is gone.  Its peer is promoted, if it may be and has the data; else
 * the same one again, when it is back: @caches_lost, if with its power.
 */
void fail_over(struct round *r, bool caches_lost);

/* Disks that hang, fail, are full or are taken away. */
void disk_hangs(struct round *r);
void other_disk_hangs(struct round *r);
void alone_eio(struct round *r);
void data_eio_back(struct round *r);
void meta_eio_back(struct round *r);
void other_eio_back(struct round *r);
void detached(struct round *r);
void other_data_eio(struct round *r);
void other_meta_eio(struct round *r);
void other_full(struct round *r);
void data_eio(struct round *r);
void meta_eio(struct round *r);
void full(struct round *r);

#endif
