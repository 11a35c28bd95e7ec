/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocf:taiki:heartbeat: taiki-heartbeatd as a cloned resource.  What is there is
 * seen in heartbeat_find.c; what follows is a table in heartbeat.c.
 */
#ifndef HEARTBEAT_AGENT_H
#define HEARTBEAT_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hv/daemon_control.h"

#include "ocf.h"

/* Its control group below taiki.slice; no domain can have this name. */
#define HEARTBEAT_GROUP ".heartbeatd"

enum heartbeat_presence {
	HEARTBEAT_ABSENT,  /* nobody holds the lock of this run directory */
	HEARTBEAT_ANSWERS, /* the daemon answered on its socket */
	HEARTBEAT_SILENT,  /* somebody holds the lock, and does not answer */
	HEARTBEAT_UNKNOWN, /* cannot tell */
};

struct heartbeat_view {
	enum heartbeat_presence presence;
	pid_t pid;    /* 0: cannot be told */
	bool systemd; /* it is the unit taiki-heartbeatd.service */
	bool adopted; /* ... which this resource has taken for its own by its start */
	int error;    /* -errno: why it does not answer, or why it cannot be told */
};

/* heartbeat_look() - Ask the daemon of this run directory, until ocf_now_ms() is @deadline. */
void heartbeat_look(struct heartbeat_view *v, int64_t deadline);

/* heartbeat_adopt() - Take systemd's daemon for this resource's (@yes), or no longer.  0 or -errno. */
int heartbeat_adopt(bool yes);

/* heartbeat_spawn() - Start the daemon and wait until it is ready or @deadline: exit code, reason said. */
enum ocf_rc heartbeat_spawn(int64_t deadline);

extern const struct hv_daemon heartbeat_daemon;

#endif
