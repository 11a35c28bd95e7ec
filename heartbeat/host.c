// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host and the daemon itself: who was not looking cannot accuse.
 *
 * A tick ten times a second is how the daemon knows that it runs.  There is no
 * event for "you did not run", so this is the one thing that is asked regularly;
 * what the host's own host took (steal) is read along with it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/daemon.h"

#include "heartbeatd.h"
#include "timer.h"

enum {
	TICK_MS = 100,
	SLACK_MS = 50,    /* later than that, it did not run */
	STALL_MS = 1000,  /* worth a line in the log */
	STEAL_TICKS = 10, /* how often steal is read, in ticks */
};

int64_t attend(struct hbd *d)
{
	int64_t now = now_ns(), late = now - d->attended - TICK_MS * MS_NS;

	d->attended = now;
	if (late > d->late_most)
		d->late_most = late;
	if (late <= SLACK_MS * MS_NS)
		return now;
	d->stalls++;
	d->blind += late;
	for (struct domain *dom = d->domains; dom; dom = dom->next)
		detector_was_blind(&dom->det, late);
	if (late > STALL_MS * MS_NS) {
		hv_log_line(LOG_WARNING, "did not run for %.1f s: nobody is accused for that time",
			    (double)late / 1e9);
		journal_add(NULL, "stall", json_pack("{s:f}", "ms", (double)late / 1e6));
	}
	return now;
}

/* steal() - What the host's own host took from it, of one CPU, in ns ever. */
static int64_t steal(int fd)
{
	static long cpus, hz;
	char text[512], *p;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t ticks = 0;

	if (n <= 0)
		return 0;
	if (!hz) {
		hz = sysconf(_SC_CLK_TCK);
		cpus = sysconf(_SC_NPROCESSORS_ONLN);
	}
	text[n] = '\0';
	/* cpu user nice system idle iowait irq softirq steal ... */
	p = strchr(text, ' ');
	for (int field = 0; p && field < 8; field++)
		ticks = strtoull(p, &p, 10);
	return (int64_t)(ticks * (1000000000ULL / (uint64_t)hz) / (uint64_t)cpus);
}

static void tick(void *data)
{
	struct hbd *d = data;

	d->late_last = now_ns() - d->attended - TICK_MS * MS_NS;
	attend(d);
	if (++d->ticks % STEAL_TICKS == 0) {
		int64_t taken = steal(d->stat);

		if (d->steal && taken > (int64_t)d->steal)
			for (struct domain *dom = d->domains; dom; dom = dom->next)
				detector_was_starved(&dom->det, taken - (int64_t)d->steal);
		d->steal = (uint64_t)taken;
		hv_notify_alive();
	}
	timer_set(&d->tick, TICK_MS * MS_NS, d, tick);
}

int host_start(struct hbd *d)
{
	d->stat = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	d->started = d->attended = now_ns();
	d->steal = (uint64_t)steal(d->stat);
	timer_set(&d->tick, TICK_MS * MS_NS, d, tick);
	return 0;
}
