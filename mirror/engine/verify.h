/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Online verify: both disks are compared while they are in use; what differs is marked, and not copied.
 *
 *   VerifyS                            VerifyT
 *      ── OV_REQUEST ────────────────►   reads
 *      ◄──────────── OV_REPLY, digest ──
 *   reads, compares
 *      ── OV_RESULT (meta) ──────────►   marks what differs, too
 */
#ifndef MIRROR_ENGINE_VERIFY_H
#define MIRROR_ENGINE_VERIFY_H

#include "mirror/engine/private.h"

/* verify_runs() - In either role. */
bool verify_runs(const struct volume *v);

/* verify_begin() - The peer agrees: compare verify.start to verify.stop. */
void verify_begin(struct volume *v);

/* verify_serve() - The peer does.  verify_served() - It says that it is done. */
void verify_serve(struct volume *v);
void verify_served(struct volume *v);

/* verify_go_on() - More may be compared.  verify_look() - Some time has passed. */
void verify_go_on(struct volume *v);
void verify_look(struct volume *v);

/* verify_pump() - An epoch of the peer's is over. */
void verify_pump(struct volume *v);

/* verify_differs() - That range does. */
void verify_differs(struct volume *v, uint64_t sector, uint32_t bytes);

/* verify_reached() - It is compared up to there.  verify_over() - All of it. */
void verify_reached(struct volume *v, uint64_t sector, uint32_t bytes);
void verify_over(struct volume *v, bool tell);

void verify_init(struct volume *v);
/* verify_drop(), verify_serve_drop() - The connection is gone. */
void verify_drop(struct volume *v);
void verify_serve_drop(struct volume *v);

#endif
