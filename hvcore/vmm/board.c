// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where an access goes: ports through a table with one byte a port, memory
 * through a short sorted list.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "board_private.h"
#include "engine/engine.h"
#include "device/device.h"
#include "log.h"
#include "loop.h"

enum { IO_REGIONS_MAX = 64, MMIO_REGIONS_MAX = 96, PORTS = 65536 };

struct region {
	uint64_t base, len;
	const struct region_ops *ops;
	void *dev;
	const char *name;
};

struct board board;
struct board_counters board_counters;
struct device *board_devices;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct region io[IO_REGIONS_MAX];
static unsigned nio;
static uint8_t port_region[PORTS];           /* index into io + 1; 0: nobody's */
static struct region mmio[MMIO_REGIONS_MAX]; /* sorted by base */
static unsigned nmmio;

void board_lock(void)
{
	pthread_mutex_lock(&lock);
}

void board_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

int board_wait(pthread_cond_t *cond, const struct timespec *until)
{
	return until ? pthread_cond_timedwait(cond, &lock, until) : pthread_cond_wait(cond, &lock);
}

void board_forget(void)
{
	/* Pages that were never touched cost nothing. */
	if (nio)
		memset(port_region, 0, sizeof(port_region));
	nio = nmmio = 0;
	board_devices = NULL;
	memset(&board_counters, 0, sizeof(board_counters));
}

int board_add_io(uint16_t base, uint32_t len, const struct region_ops *ops, void *dev,
		 const char *name)
{
	if (!len || len > (uint32_t)PORTS - base)
		return -EINVAL;
	for (uint32_t i = 0; i < len; i++)
		if (port_region[base + i])
			return -EBUSY;
	if (nio == IO_REGIONS_MAX)
		return -ENOSPC;
	io[nio++] = (struct region){base, len, ops, dev, name};
	memset(port_region + base, (int)nio, len);
	return 0;
}

int board_add_mmio(uint64_t base, uint64_t len, const struct region_ops *ops, void *dev,
		   const char *name)
{
	unsigned i = 0;

	if (!len || base + len < base)
		return -EINVAL;
	while (i < nmmio && mmio[i].base + mmio[i].len <= base)
		i++;
	if (i < nmmio && mmio[i].base < base + len)
		return -EBUSY;
	if (nmmio == MMIO_REGIONS_MAX)
		return -ENOSPC;
	memmove(mmio + i + 1, mmio + i, (nmmio - i) * sizeof(*mmio));
	mmio[i] = (struct region){base, len, ops, dev, name};
	nmmio++;
	return 0;
}

void board_del_mmio(uint64_t base)
{
	for (unsigned i = 0; i < nmmio; i++) {
		if (mmio[i].base != base)
			continue;
		nmmio--;
		memmove(mmio + i, mmio + i + 1, (nmmio - i) * sizeof(*mmio));
		return;
	}
}

static const struct region *find_mmio(uint64_t gpa)
{
	unsigned lo = 0, hi = nmmio;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (gpa < mmio[mid].base)
			hi = mid;
		else if (gpa - mmio[mid].base >= mmio[mid].len)
			lo = mid + 1;
		else
			return &mmio[mid];
	}
	return NULL;
}

static const struct region *find_io(uint64_t port)
{
	return port < PORTS && port_region[port] ? &io[port_region[port] - 1] : NULL;
}

static uint64_t mask(unsigned size)
{
	return size >= 8 ? ~0ULL : (1ULL << 8 * size) - 1;
}

/* An access that is not inside one region, or goes to byte registers, is made byte by byte. */
static bool whole(const struct region *r, uint64_t addr, unsigned size)
{
	return r && addr - r->base + size <= r->len && (size == 1 || !r->ops->bytes);
}

typedef const struct region *finder(uint64_t addr);

static uint64_t region_read(finder *find, uint64_t addr, unsigned size)
{
	const struct region *r = find(addr);
	uint64_t v = 0;

	if (whole(r, addr, size))
		return r->ops->read(r->dev, addr - r->base, size) & mask(size);
	if (size == 1)
		return 0xff;
	for (unsigned i = 0; i < size; i++)
		v |= region_read(find, addr + i, 1) << 8 * i;
	return v;
}

static void region_write(finder *find, uint64_t addr, unsigned size, uint64_t value)
{
	const struct region *r = find(addr);

	if (whole(r, addr, size))
		r->ops->write(r->dev, addr - r->base, size, value & mask(size));
	else if (size > 1)
		for (unsigned i = 0; i < size; i++)
			region_write(find, addr + i, 1, value >> 8 * i & 0xff);
}

uint32_t board_io_read(void *opaque, uint16_t port, unsigned size)
{
	uint32_t v;

	board_lock();
	board_counters.io_reads++;
	v = (uint32_t)region_read(find_io, port, size);
	board_unlock();
	return v;
}

void board_io_write(void *opaque, uint16_t port, unsigned size, uint32_t value)
{
	board_lock();
	board_counters.io_writes++;
	region_write(find_io, port, size, value);
	board_unlock();
}

uint64_t board_mmio_read(void *opaque, uint64_t gpa, unsigned size)
{
	uint64_t v;

	board_lock();
	board_counters.mmio_reads++;
	v = region_read(find_mmio, gpa, size);
	board_unlock();
	return v;
}

void board_mmio_write(void *opaque, uint64_t gpa, unsigned size, uint64_t value)
{
	board_lock();
	board_counters.mmio_writes++;
	region_write(find_mmio, gpa, size, value);
	board_unlock();
}

static int pic_ack_locked(void *opaque)
{
	int vector;

	board_lock();
	vector = pic_ack();
	board_unlock();
	return vector;
}

static void ioapic_eoi_locked(void *opaque, uint8_t vector)
{
	board_lock();
	ioapic_eoi(vector);
	board_unlock();
}

static void timers_due(void *opaque)
{
	board_lock();
	loop_run_timers();
	board_unlock();
}

static uint64_t next_deadline(void *opaque)
{
	uint64_t ns;

	board_lock();
	ns = loop_next_deadline();
	board_unlock();
	return ns;
}

const struct engine_board board_for_engine = {
	.io_read = board_io_read,
	.io_write = board_io_write,
	.mmio_read = board_mmio_read,
	.mmio_write = board_mmio_write,
	.pic_ack = pic_ack_locked,
	.ioapic_eoi = ioapic_eoi_locked,
	.timers_due = timers_due,
	.next_deadline = next_deadline,
};

/* Lines 0..15 reach both controllers; line 0 is IOAPIC pin 2, as MADT says. */
void irq_set(unsigned gsi, bool level)
{
	if (gsi < 16)
		pic_set(gsi, level);
	if (gsi != 2 && gsi < 24)
		ioapic_set(gsi == 0 ? 2 : gsi, level);
}

void device_register(struct device *d)
{
	struct device **at = &board_devices;

	while (*at)
		at = &(*at)->next;
	d->next = NULL;
	*at = d;
}

void guest_fault(const char *dev, const char *fmt, ...)
{
	/* Ten lines at once, then one a second: enough to see what the guest does. */
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	static uint64_t tokens = 10, last, suppressed;
	uint64_t now = loop_host_now() / 1000000000u;
	char text[512];
	va_list ap;

	/* Engines have faults to tell too, without the board lock. */
	pthread_mutex_lock(&once);
	board_counters.guest_faults++;
	if (now != last) {
		tokens += now - last;
		tokens = tokens > 10 ? 10 : tokens;
		last = now;
	}
	if (!tokens) {
		suppressed++;
		goto out;
	}
	tokens--;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (suppressed)
		log_line(LOG_WARNING, "guest fault: %s: %s (and %llu more before)", dev, text,
			 (unsigned long long)suppressed);
	else
		log_line(LOG_WARNING, "guest fault: %s: %s", dev, text);
	suppressed = 0;
out:
	pthread_mutex_unlock(&once);
}
