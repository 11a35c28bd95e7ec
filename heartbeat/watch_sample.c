// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A domain's progress page, and the kernel's account of its threads: how long
 * each ran, and how long it waited for a CPU (/proc/PID/task/TID/schedstat:
 * nanoseconds run, nanoseconds waited, times scheduled).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeatd.h"

static int open_stat(pid_t pid, pid_t thread)
{
	char path[64];

	if (thread <= 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, (int)thread);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_stat(int fd, uint64_t *ran, uint64_t *waited)
{
	char text[96], *end;
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : 0;

	*ran = *waited = 0;
	if (n <= 0)
		return;
	text[n] = '\0';
	*ran = strtoull(text, &end, 10);
	*waited = strtoull(end, NULL, 10);
}

/*
 * open_page() - A page that an earlier start left shows nothing.  That of a standby which
 * has just been adopted gets its incarnation a moment after the run directory.
 */
static void open_page(struct domain *dom)
{
	struct sample_watch *w = &dom->sample;
	struct hv_progress p;

	if (hv_progress_open(dom->name, &w->page, NULL))
		return;
	hv_progress_look(w->page, &p);
	if (strcmp(p.incarnation, dom->incarnation)) {
		hv_progress_close(w->page);
		w->page = NULL;
	}
}

void sample_watch_open(struct domain *dom)
{
	dom->sample.main_stat = open_stat(dom->pid, dom->pid);
	open_page(dom);
}

void sample_watch_threads(struct domain *dom, const pid_t *threads, unsigned n)
{
	struct sample_watch *w = &dom->sample;

	for (unsigned i = 0; i < w->vcpus; i++)
		if (w->vcpu_stat[i] >= 0)
			close(w->vcpu_stat[i]);
	w->vcpus = n < HV_VCPUS_MAX ? n : HV_VCPUS_MAX;
	for (unsigned i = 0; i < w->vcpus; i++)
		w->vcpu_stat[i] = open_stat(dom->pid, threads[i]);
	w->fresh = true;
}

void sample_watch_close(struct domain *dom)
{
	struct sample_watch *w = &dom->sample;

	sample_watch_threads(dom, NULL, 0);
	if (w->main_stat >= 0)
		close(w->main_stat);
	hv_progress_close(w->page);
	*w = (struct sample_watch){.main_stat = -1};
}

static void take_page(const struct hv_progress *page, struct hb_sample *s)
{
	struct hv_progress p;

	hv_progress_look(page, &p);
	s->turns = p.turns;
	s->has_turns = s->has_io = true;
	/* What the network sends to a guest says nothing about it. */
	for (unsigned i = 0; i < p.disks; i++)
		s->io += p.disk[i].done;
	for (unsigned i = 0; i < p.nics; i++)
		s->io += p.nic[i].tx;
	s->vcpus = p.vcpus;
	for (unsigned i = 0; i < p.vcpus; i++) {
		s->vcpu[i].work = p.vcpu[i].work;
		s->vcpu[i].halted = p.vcpu[i].halted;
	}
}

static enum hb_run page_run(uint64_t state)
{
	switch (state) {
	case HV_PROGRESS_PRELAUNCH: return RUN_PRELAUNCH;
	case HV_PROGRESS_PAUSED: return RUN_PAUSED;
	case HV_PROGRESS_SHUTDOWN: return RUN_OFF;
	case HV_PROGRESS_PANICKED: return RUN_PANICKED;
	case HV_PROGRESS_INTERNAL_ERROR: return RUN_ERROR;
	case HV_PROGRESS_WATCHDOG: return RUN_WATCHDOG;
	case HV_PROGRESS_IO_ERROR: return RUN_IO_ERROR;
	default: return RUN_RUNNING;
	}
}

/*
 * check_run() - The page knows at once what QMP's events tell soon: whether it
 * runs.  QMP's word is the finer one (paused by whom), so only a disagreement
 * about running counts.
 */
static void check_run(struct domain *dom, int64_t now)
{
	const struct sample_watch *w = &dom->sample;
	enum hb_run run;

	if (!w->page)
		return;
	run = page_run(__atomic_load_n(&w->page->state, __ATOMIC_RELAXED));
	if ((run == RUN_RUNNING) != (dom->det.run == RUN_RUNNING))
		detector_saw_run(&dom->det, run, now);
}

/* take_threads() - The kernel's account, or what it was where nobody needs it just now. */
static void take_threads(struct domain *dom, struct hb_sample *s)
{
	struct sample_watch *w = &dom->sample;
	const struct hb_sample *old = &dom->det.sample;
	/* While beats come, every second look will do: it costs a system call for each thread. */
	bool spare = dom->det.sampled && !w->fresh && dom->det.state == HB_ALIVE &&
		     dom->finding.reason == WHY_BEATS && ++w->looks % 2;
	uint64_t ran, waited, most = 0;

	for (unsigned i = 0; i < w->vcpus; i++) {
		if (spare) {
			s->vcpu[i].cpu = old->vcpu[i].cpu;
			continue;
		}
		read_stat(w->vcpu_stat[i], &ran, &waited);
		s->vcpu[i].cpu = ran;
		if (waited > most)
			most = waited;
	}
	if (spare) {
		s->waited = old->waited;
		return;
	}
	read_stat(w->main_stat, &ran, &waited);
	s->waited = most + waited;
	if (w->fresh)
		dom->det.sample.waited = s->waited; /* other threads' waiting is no news */
	w->fresh = false;
}

void sample_watch_take(struct domain *dom, int64_t now)
{
	struct sample_watch *w = &dom->sample;
	struct hb_sample s = {0};

	if (dom->pidfd < 0)
		return;
	if (!w->page)
		open_page(dom);
	check_run(dom, now);
	if (w->page)
		take_page(w->page, &s);
	if (w->vcpus > s.vcpus)
		s.vcpus = w->vcpus;
	/* Known since QMP said who its vCPUs are. */
	s.tells_stuck = w->page && dom->qmp.soft && w->vcpus == s.vcpus;
	take_threads(dom, &s);
	detector_saw_sample(&dom->det, &s, now);
}
