/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HEARTBEAT_REPORTER_CAPACITY_H
#define HEARTBEAT_REPORTER_CAPACITY_H

/*
 * capacity_say() - Tell the cluster what this host can give (`hv plan --publish`), if that has not
 * been done since capacity_forget().  Returns at once; to be called now and then while there
 * is a controller.
 */
void capacity_say(void);

/* capacity_forget() - The controller has gone: the next one is told anew. */
void capacity_forget(void);

#endif
