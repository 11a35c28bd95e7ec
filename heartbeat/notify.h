/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd is told (sd_notify(3)'s protocol): a datagram to $NOTIFY_SOCKET. */
#ifndef HEARTBEAT_NOTIFY_H
#define HEARTBEAT_NOTIFY_H

/* notify_open() - Once, before rights are dropped; without $NOTIFY_SOCKET nothing is told. */
void notify_open(void);
/* notify_say() - "READY=1", "STATUS=...", "STOPPING=1". */
void notify_say(const char *what);
/* notify_alive() - Feeds the watchdog, as often as it asks for. */
void notify_alive(void);

#endif
