// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What taiki-guest takes for itself, and what it gives up.
 *
 * It runs as root, because scripts of role.d are an administrator's and the port
 * is root's.  Of root's capabilities it keeps
 *   CAP_KILL      a health command may have become another user, and is killed in time
 *   CAP_IPC_LOCK  what is mapped later (to start a child) is locked as well
 * A child that is executed as root has them all again: this narrows what a
 * mistake in this program can do by a system call of its own, no more.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

static void raise_priority(void)
{
	/* Its children are ordinary programs again. */
	struct sched_param p = {.sched_priority = 1};

	if (!sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &p))
		return;
	say(LOG_WARNING, "no realtime priority: %s; going on without it", strerror(errno));
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[2] = {{0}};
	const unsigned keep = 1u << CAP_KILL | 1u << CAP_IPC_LOCK;

	if (syscall(SYS_capget, &head, has))
		return;
	has[0].permitted &= keep;
	has[0].effective = has[0].permitted;
	has[1] = (struct __user_cap_data_struct){0};
	if (syscall(SYS_capset, &head, has))
		say(LOG_WARNING, "capabilities cannot be given up: %s", strerror(errno));
}

void rights_settle(const struct options *o)
{
	if (o->lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE))
		say(LOG_WARNING, "memory cannot be locked: %s; beats may be late when it is short",
		    strerror(errno));
	if (o->realtime)
		raise_priority();
	drop_capabilities();
}
