/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HEARTBEAT_PRIVILEGE_H
#define HEARTBEAT_PRIVILEGE_H

/* linux/capability.h's numbers, without its clash with libcap's header. */
enum { CAP_SETGID_ = 6, CAP_SETUID_ = 7, CAP_IPC_LOCK_ = 14 };

/*
 * privilege_drop() - Keep the @n capabilities of @keep and no other, for good:
 * also in the bounding set, and no program can give more (no_new_privs).
 * 0 or -errno; as a user without capabilities there is nothing to drop.
 */
int privilege_drop(const int *keep, unsigned n);

#endif
