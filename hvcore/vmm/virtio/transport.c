/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio over PCI: capabilities, BAR 0, doorbells, interrupts, reset; see virtio.h. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hvcore/vmm/engine/engine.h"
#include "hvcore/vmm/virtio/transport.h"

enum {
	BAR_COMMON = 0x0000,
	BAR_ISR = 0x1000,
	BAR_DEVICE = 0x2000,
	BAR_NOTIFY = 0x3000,
	BAR_SIZE = 0x4000,
	NOTIFY_STRIDE = 4, /* notify_off_multiplier */

	ISR_QUEUE = 1,
	ISR_CONFIG = 2,

	VENDOR = 0x1af4,
	DEVICE_BASE = 0x1040, /* + virtio device id (§4.1.2) */
};

static bool running(const struct virtio *v)
{
	return v->status & VIRTIO_CONFIG_S_DRIVER_OK;
}

/* --- interrupts --- */

static void interrupt(struct virtio *v, uint16_t vector, uint8_t isr)
{
	if (pci_msix_enabled(&v->pci)) {
		if (vector != VIRTQ_NO_VECTOR)
			pci_msix_fire(&v->pci, vector);
		return;
	}
	v->isr |= isr;
	pci_intx(&v->pci, true);
}

void virtio_interrupt(struct virtio *v, struct virtq *q)
{
	interrupt(v, q->vector, ISR_QUEUE);
}

void virtio_config_changed(struct virtio *v)
{
	v->generation++;
	if (running(v) && !v->resetting)
		interrupt(v, v->config_vector, ISR_CONFIG);
}

void virtio_broken(struct virtio *v, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	guest_fault(v->name, "%s; the device waits for a reset", text);
	if (v->broken)
		return;
	v->broken = true;
	v->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	/* The driver is told only if it is far enough to listen (§2.1.2). */
	if (running(v) && !v->resetting)
		interrupt(v, v->config_vector, ISR_CONFIG);
}

/* --- doorbells --- */

void virtq_again(struct virtq *q)
{
	uint64_t one = 1;

	/* Fails only when the counter is full: then it is rung already. */
	if (write(q->kick.fd, &one, sizeof(one)) < 0)
		return;
}

static void kick_ready(struct loop_fd *w, uint32_t events)
{
	struct virtq *q = (struct virtq *)((char *)w - offsetof(struct virtq, kick));
	uint64_t count;

	if (read(w->fd, &count, sizeof(count)) < 0)
		return;
	if (virtio_live(q->owner) && q->enabled)
		q->owner->ops->kick(q->owner, q);
}

/*
 * Move the doorbells to where BAR 0 is now, or take them away (@bar 0).  An
 * engine that cannot have one loses nothing: the write then reaches
 * notify_write(), which rings the same bell.
 */
static void set_doorbells(struct virtio *v, uint64_t bar)
{
	if (v->doorbells == bar || !board.engine || !board.engine_ops->doorbell)
		return;
	for (unsigned i = 0; i < v->nqueues; i++) {
		struct virtq *q = &v->queue[i];
		uint64_t off = BAR_NOTIFY + i * NOTIFY_STRIDE;

		if (!q->enabled)
			continue;
		if (v->doorbells)
			board.engine_ops->doorbell(board.engine, v->doorbells + off, 0, q->kick.fd,
						   false);
		if (bar)
			board.engine_ops->doorbell(board.engine, bar + off, 0, q->kick.fd, true);
	}
	v->doorbells = bar;
}

static void bar_moved(struct pci_device *d, unsigned bar, uint64_t old, uint64_t now)
{
	struct virtio *v = (struct virtio *)((char *)d - offsetof(struct virtio, pci));

	if (bar == 0 && running(v))
		set_doorbells(v, now);
}

/* --- life --- */

static void reset_now(struct virtio *v)
{
	set_doorbells(v, 0);
	if (v->ops->reset)
		v->ops->reset(v);
	for (unsigned i = 0; i < v->nqueues; i++)
		virtq_reset(&v->queue[i], v->queue[i].size_max);
	v->driver_features = 0;
	v->feature_word = v->driver_feature_word = 0;
	v->selected = 0;
	v->config_vector = VIRTQ_NO_VECTOR;
	v->broken = false;
	v->resetting = false;
	v->status = 0;
	v->isr = 0;
	pci_intx(&v->pci, false);
}

void virtio_driver_reset(struct virtio *v)
{
	v->resetting = v->ops->busy && v->ops->busy(v);
	if (!v->resetting)
		reset_now(v);
}

void virtio_drained(struct virtio *v)
{
	if (v->resetting && !v->ops->busy(v))
		reset_now(v);
}

static void ring_all(struct virtio *v)
{
	for (unsigned i = 0; i < v->nqueues; i++)
		if (v->queue[i].enabled)
			virtq_again(&v->queue[i]);
}

void virtio_driver_ok(struct virtio *v)
{
	set_doorbells(v, v->pci.bar_addr[0]);
	if (v->ops->start)
		v->ops->start(v);
	/* Buffers made available before DRIVER_OK had no doorbell. */
	ring_all(v);
}

static struct virtio *of_device(struct device *d)
{
	return (struct virtio *)((char *)d - offsetof(struct virtio, device));
}

static void device_reset(struct device *d)
{
	struct virtio *v = of_device(d);

	virtio_driver_reset(v);
	pci_reset(&v->pci);
}

static void device_quiesce(struct device *d)
{
	struct virtio *v = of_device(d);

	v->quiesced = true;
	if (v->ops->quiesce)
		v->ops->quiesce(v);
}

static bool device_busy(struct device *d)
{
	struct virtio *v = of_device(d);

	return v->ops->busy && v->ops->busy(v);
}

static void device_resume(struct device *d)
{
	struct virtio *v = of_device(d);

	v->quiesced = false;
	if (v->ops->resume)
		v->ops->resume(v);
	if (running(v))
		ring_all(v);
}

/* --- BAR 0 --- */

static uint64_t isr_read(struct virtio *v)
{
	uint8_t isr = v->isr;

	v->isr = 0;
	pci_intx(&v->pci, false);
	return isr;
}

static uint64_t config_read(struct virtio *v, uint64_t off, unsigned size)
{
	uint64_t value = 0;

	if (off + size > v->config_len)
		return 0;
	memcpy(&value, v->config + off, size);
	if (v->ops->config_read)
		v->ops->config_read(v, off, size);
	return value;
}

static void config_write(struct virtio *v, uint64_t off, unsigned size, uint64_t value)
{
	if (off + size > v->config_len || size > 4 || !v->ops->config_write || v->resetting) {
		guest_fault(v->name, "write of %u bytes at %#llx of the device configuration", size,
			    (unsigned long long)off);
		return;
	}
	v->ops->config_write(v, off, size, value);
}

static void notify_write(struct virtio *v, uint64_t off)
{
	unsigned n = off / NOTIFY_STRIDE;

	if (off % NOTIFY_STRIDE == 0 && n < v->nqueues)
		virtq_again(&v->queue[n]);
}

static uint64_t bar_read(void *dev, uint64_t off, unsigned size)
{
	struct virtio *v = dev;

	switch (off & ~0xfffULL) {
	case BAR_COMMON: return virtio_common_ops.read(v, off, size);
	case BAR_ISR: return off == BAR_ISR ? isr_read(v) : 0;
	case BAR_DEVICE: return config_read(v, off - BAR_DEVICE, size);
	default: return 0;
	}
}

static void bar_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct virtio *v = dev;

	switch (off & ~0xfffULL) {
	case BAR_COMMON: virtio_common_ops.write(v, off, size, value); break;
	case BAR_DEVICE: config_write(v, off - BAR_DEVICE, size, value); break;
	case BAR_NOTIFY: notify_write(v, off - BAR_NOTIFY); break;
	default: break;
	}
}

static const struct region_ops bar_ops = {.read = bar_read, .write = bar_write};

/* --- set-up --- */

/*
 * The vendor capabilities by which the driver finds the four areas (§4.1.4), and
 * the one through which it reaches them before BAR 0 is mapped (§4.1.4.9).
 */
static void add_caps(struct virtio *v)
{
	static const struct {
		uint8_t type;
		uint32_t off, len;
	} areas[] = {
		{VIRTIO_PCI_CAP_COMMON_CFG, BAR_COMMON, 0x38},
		{VIRTIO_PCI_CAP_ISR_CFG, BAR_ISR, 1},
		{VIRTIO_PCI_CAP_DEVICE_CFG, BAR_DEVICE, VIRTIO_CONFIG_MAX},
		{VIRTIO_PCI_CAP_NOTIFY_CFG, BAR_NOTIFY, VIRTIO_QUEUES_MAX * NOTIFY_STRIDE},
	};
	static const struct virtio_pci_cfg_cap window = {
		.cap = {.cap_len = sizeof(window), .cfg_type = VIRTIO_PCI_CAP_PCI_CFG}};

	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		bool notify = areas[i].type == VIRTIO_PCI_CAP_NOTIFY_CFG;
		struct virtio_pci_notify_cap cap = {
			.cap = {.cap_len = notify ? sizeof(cap) : sizeof(cap.cap),
				.cfg_type = areas[i].type,
				.bar = 0,
				.offset = areas[i].off,
				.length = areas[i].len},
			.notify_off_multiplier = NOTIFY_STRIDE,
		};

		pci_add_cap(&v->pci, PCI_CAP_ID_VNDR, (uint8_t *)&cap + 2, cap.cap.cap_len);
	}
	pci_window(&v->pci,
		   pci_add_cap(&v->pci, PCI_CAP_ID_VNDR, (uint8_t *)&window + 2, sizeof(window)));
}

static int make_queues(struct virtio *v, uint16_t size, struct hv_error *err)
{
	v->queue = calloc(v->nqueues, sizeof(*v->queue));
	if (!v->queue)
		return hv_err(err, -ENOMEM, "%s: no memory for its queues", v->name);
	for (unsigned i = 0; i < v->nqueues; i++) {
		struct virtq *q = &v->queue[i];
		int rc;

		q->owner = v;
		q->index = i;
		q->size_max = size;
		virtq_reset(q, size);
		q->kick.ready = kick_ready;
		q->kick.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (q->kick.fd < 0)
			return hv_err(err, -errno, "%s: cannot make a doorbell: %s", v->name,
				      strerror(errno));
		rc = loop_add(&q->kick, EPOLLIN);
		if (rc)
			return hv_err(err, rc, "%s: cannot watch a doorbell: %s", v->name,
				      strerror(-rc));
	}
	return 0;
}

int virtio_add(struct virtio *v, uint16_t size, struct hv_error *err)
{
	unsigned vectors = v->nqueues + 1; /* one a queue, one for the configuration */
	int rc = make_queues(v, size, err);

	if (rc)
		return rc;
	v->features = v->ops->features | v->features | 1ULL << VIRTIO_F_VERSION_1 |
		      1ULL << VIRTIO_RING_F_INDIRECT_DESC | 1ULL << VIRTIO_RING_F_EVENT_IDX;
	v->config_vector = VIRTQ_NO_VECTOR;
	v->pci.name = v->name;
	v->pci.vendor = v->pci.subvendor = VENDOR;
	v->pci.device = DEVICE_BASE + v->ops->id;
	v->pci.subsystem = DEVICE_BASE + v->ops->id;
	v->pci.class_rev = v->ops->class_code << 8 | 1; /* revision 1: not transitional */
	v->pci.bar[0] = (struct pci_bar){.size = BAR_SIZE, .ops = &bar_ops, .moved = bar_moved};
	v->pci.msix_vectors = vectors < PCI_MSIX_MAX ? vectors : PCI_MSIX_MAX;
	v->pci.dev = v;
	rc = pci_add(&v->pci);
	if (rc)
		return hv_err(err, rc,
			      "%s: no room on the PCI bus (%d devices in all); give the domain "
			      "fewer devices",
			      v->name, PCI_DEVICES_MAX);
	add_caps(v);
	v->device = (struct device){.name = v->name,
				    .reset = device_reset,
				    .quiesce = device_quiesce,
				    .busy = device_busy,
				    .resume = device_resume};
	device_register(&v->device);
	return 0;
}
