/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/virtio/rig.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "hvcore/vmm/clock.h"
#include "hvcore/vmm/control/control.h"
#include "hvcore/vmm/engine/engine.h"
#include "hvcore/vmm/log.h"

struct rig rig;
struct board board;

/* --- memory --- */

static void written(void *opaque, uint64_t gpa, uint64_t len)
{
	struct stat st;

	if (!ram_ok(&rig.ram, gpa, len))
		abort();
	/* All of it was there (rig_init()), and will be again: this copy brings it back. */
	if (fstat(rig.ram.memfd, &st) == 0)
		rig.given_back += RIG_RAM - st.st_blocks * 512;
	memcpy(rig.shadow + gpa, rig.ram.base + gpa, len);
}

long rig_unreported(void)
{
	long i = 0;

	if (memcmp(rig.shadow, rig.ram.base, RIG_RAM) == 0)
		return -1;
	while (rig.shadow[i] == rig.ram.base[i])
		i++;
	return i;
}

/* --- engine --- */

static int doorbell(struct engine *e, uint64_t gpa, unsigned size, int fd, bool on)
{
	for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
		if (rig.doorbell[i] != (on ? 0 : gpa))
			continue;
		rig.doorbell[i] = on ? gpa : 0;
		rig.doorbells += on ? 1 : -1;
		return 0;
	}
	abort(); /* a device took away what it never had, or has too many */
}

static const struct engine_ops ops = {.name = "rig", .doorbell = doorbell};

/* --- board --- */

void guest_fault(const char *dev, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rig.fault, sizeof(rig.fault), fmt, ap);
	va_end(ap);
	rig.faults++;
}

void log_line(enum log_level level, const char *fmt, ...)
{
}

void board_request(enum board_request what, const char *cause)
{
	rig.requests |= 1u << what;
}

void event_emit(const char *name, json_t *data)
{
	snprintf(rig.event, sizeof(rig.event), "%s", name);
	json_decref(rig.event_data);
	rig.event_data = data;
	rig.events++;
}

void control_answer(uint64_t ticket, int rc, json_t *ret, const struct hv_error *err)
{
	rig.answered = ticket;
	rig.answer_rc = rc;
	snprintf(rig.answer, sizeof(rig.answer), "%s", err ? err->text : "");
	json_decref(ret);
}

void device_register(struct device *d)
{
}

/* --- bus --- */

int pci_add(struct pci_device *d)
{
	rig.device = (struct virtio *)((char *)d - offsetof(struct virtio, pci));
	d->bar_addr[0] = RIG_BAR;
	return 0;
}

unsigned pci_add_cap(struct pci_device *d, uint8_t id, const void *body, unsigned len)
{
	memcpy(rig.cap[rig.caps] + 2, body, len - 2);
	rig.cap[rig.caps++][0] = id;
	return 0x40;
}

void pci_window(struct pci_device *d, unsigned cap)
{
	rig.window = rig.cap[rig.caps - 1];
}

void pci_intx(struct pci_device *d, bool level)
{
	rig.intx_raised += level && !rig.intx;
	rig.intx = level;
}

bool pci_msix_enabled(const struct pci_device *d)
{
	return rig.msix;
}

void pci_msix_fire(struct pci_device *d, unsigned v)
{
	if (v >= d->msix_vectors)
		abort();
	rig.fired[v]++;
}

void pci_reset(struct pci_device *d)
{
}

/* --- loop --- */

static struct {
	struct loop_fd *w;
	uint32_t events;
} watched[64];
static struct loop_timer *timers[16];

static int watch(struct loop_fd *old, struct loop_fd *w, uint32_t events)
{
	for (unsigned i = 0; i < 64; i++) {
		if (watched[i].w != old)
			continue;
		watched[i].w = w;
		watched[i].events = events;
		return 0;
	}
	return -1;
}

int loop_add(struct loop_fd *w, uint32_t events)
{
	return watch(NULL, w, events);
}

int loop_mod(struct loop_fd *w, uint32_t events)
{
	return watch(w, w, events);
}

void loop_del(struct loop_fd *w)
{
	watch(w, NULL, 0);
}

void loop_host_timer_arm(struct loop_timer *t, uint64_t deadline)
{
	unsigned i = 0;

	while (i < 16 && timers[i] && timers[i] != t)
		i++;
	if (i == 16)
		abort();
	t->deadline = deadline;
	timers[i] = t;
}

void loop_host_timer_cancel(struct loop_timer *t)
{
	for (unsigned i = 0; i < 16; i++)
		if (timers[i] == t)
			timers[i] = NULL;
}

/* The guest's clock runs as the host's here. */
void loop_timer_arm(struct loop_timer *t, uint64_t deadline)
{
	loop_host_timer_arm(t, deadline);
}

void loop_timer_cancel(struct loop_timer *t)
{
	loop_host_timer_cancel(t);
}

uint64_t loop_host_now(void)
{
	return rig.now;
}

uint64_t clock_now(const struct clock *c)
{
	return rig.now;
}

void rig_timers(uint64_t ns)
{
	rig.now += ns;
	for (unsigned i = 0; i < 16; i++) {
		struct loop_timer *t = timers[i];

		if (!t || t->deadline > rig.now)
			continue;
		timers[i] = NULL;
		t->expired(t);
	}
}

static bool run_once(int ms)
{
	struct pollfd p[64];
	unsigned slot[64], n = 0;

	for (unsigned i = 0; i < 64; i++) {
		if (!watched[i].w || !watched[i].events)
			continue;
		p[n] = (struct pollfd){.fd = watched[i].w->fd, .events = watched[i].events};
		slot[n++] = i;
	}
	if (poll(p, n, ms) <= 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		struct loop_fd *w = watched[slot[i]].w;

		if (p[i].revents && w && w->fd == p[i].fd)
			w->ready(w, p[i].revents);
	}
	return true;
}

void rig_run(int quiet_ms)
{
	/* Bounded, for a device that rings its own bell for ever. */
	for (unsigned i = 0; i < 10000 && run_once(quiet_ms); i++)
		;
}

bool rig_run_until(bool (*done)(void *), void *arg, int ms)
{
	struct timespec t;
	uint64_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec * 1000ULL + t.tv_nsec / 1000000 + ms;
	while (!done(arg)) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		if (t.tv_sec * 1000ULL + t.tv_nsec / 1000000 >= end)
			return false;
		run_once(10);
	}
	return true;
}

/* --- registers --- */

uint64_t reg_read(struct virtio *v, unsigned off, unsigned size)
{
	return v->pci.bar[0].ops->read(v->pci.dev, off, size);
}

void reg_write(struct virtio *v, unsigned off, unsigned size, uint64_t value)
{
	v->pci.bar[0].ops->write(v->pci.dev, off, size, value);
}

void rig_init(void)
{
	struct hv_error err;

	if (rig.shadow) {
		memset(rig.shadow, 0, RIG_RAM);
	} else {
		if (ram_create(&rig.ram, RIG_RAM, &err)) {
			fprintf(stderr, "%s\n", err.text);
			abort();
		}
		rig.shadow = calloc(1, RIG_RAM);
		rig.ram.written = written;
		board.ram = &rig.ram;
		board.engine_ops = &ops;
		board.engine = (struct engine *)&rig;
	}
	memset(rig.ram.base, 0, RIG_RAM);
	rig.given_back = 0;
	rig.caps = rig.faults = rig.events = rig.intx_raised = 0;
	rig.msix = rig.intx = false;
	memset(rig.fired, 0, sizeof(rig.fired));
	rig.now = 1000000000;
}
