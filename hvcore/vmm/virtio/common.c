/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The common configuration structure (virtio 1.2 §4.1.4.3): one row a register. */
#include <linux/virtio_config.h>
#include <stddef.h>

#include "hvcore/vmm/virtio/transport.h"

struct reg {
	uint8_t off, size;
	uint64_t (*read)(struct virtio *v);
	void (*write)(struct virtio *v, uint64_t value); /* NULL: read-only */
};

/* The queue the driver has selected, or NULL: all its registers read 0 then. */
static struct virtq *selected(struct virtio *v)
{
	return v->selected < v->nqueues ? &v->queue[v->selected] : NULL;
}

static bool set_up(const struct virtio *v)
{
	return v->status & VIRTIO_CONFIG_S_FEATURES_OK;
}

static uint64_t feature_select_read(struct virtio *v)
{
	return v->feature_word;
}

static void feature_select_write(struct virtio *v, uint64_t value)
{
	v->feature_word = value;
}

static uint64_t feature_read(struct virtio *v)
{
	return v->feature_word < 2 ? (uint32_t)(v->features >> 32 * v->feature_word) : 0;
}

static uint64_t driver_select_read(struct virtio *v)
{
	return v->driver_feature_word;
}

static void driver_select_write(struct virtio *v, uint64_t value)
{
	v->driver_feature_word = value;
}

static uint64_t driver_feature_read(struct virtio *v)
{
	unsigned w = v->driver_feature_word;

	return w < 2 ? (uint32_t)(v->driver_features >> 32 * w) : 0;
}

static void driver_feature_write(struct virtio *v, uint64_t value)
{
	unsigned w = v->driver_feature_word;

	/* Features are final once they were agreed on (§3.1.1). */
	if (w > 1 || set_up(v))
		return;
	v->driver_features &= ~(0xffffffffULL << 32 * w);
	v->driver_features |= (value & 0xffffffff) << 32 * w;
}

/* A vector the device does not have reads back as "none" (§4.1.5.1.2). */
static uint16_t vector_of(const struct virtio *v, uint64_t value)
{
	return value < v->pci.msix_vectors ? value : VIRTQ_NO_VECTOR;
}

static uint64_t config_vector_read(struct virtio *v)
{
	return v->config_vector;
}

static void config_vector_write(struct virtio *v, uint64_t value)
{
	v->config_vector = vector_of(v, value);
}

static uint64_t num_queues_read(struct virtio *v)
{
	return v->nqueues;
}

static uint64_t status_read(struct virtio *v)
{
	return v->status;
}

static void status_write(struct virtio *v, uint64_t value)
{
	uint8_t added = value & ~v->status;

	if (value == 0) {
		virtio_driver_reset(v);
		return;
	}
	if (v->resetting)
		return;
	/* Bits are only ever added (§2.1.1); NEEDS_RESET is the device's own. */
	added &= VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FAILED;
	if (added & VIRTIO_CONFIG_S_FEATURES_OK) {
		/* Without VERSION_1 it is a legacy driver, which we do not serve. */
		if ((v->driver_features & ~v->features) || !virtio_has(v, VIRTIO_F_VERSION_1))
			added &= ~VIRTIO_CONFIG_S_FEATURES_OK;
		else if (v->ops->negotiated)
			v->ops->negotiated(v);
	}
	v->status |= added & ~VIRTIO_CONFIG_S_DRIVER_OK;
	if (!(added & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (!set_up(v)) {
		guest_fault(v->name, "DRIVER_OK without FEATURES_OK");
		return;
	}
	v->status |= VIRTIO_CONFIG_S_DRIVER_OK;
	virtio_driver_ok(v);
}

static uint64_t generation_read(struct virtio *v)
{
	return v->generation;
}

static uint64_t select_read(struct virtio *v)
{
	return v->selected;
}

static void select_write(struct virtio *v, uint64_t value)
{
	v->selected = value;
}

static uint64_t size_read(struct virtio *v)
{
	struct virtq *q = selected(v);

	return q ? q->size : 0;
}

/* Queue registers are writable until the queue is enabled. */
static struct virtq *settable(struct virtio *v)
{
	struct virtq *q = selected(v);

	return q && !q->enabled && !v->resetting ? q : NULL;
}

static void size_write(struct virtio *v, uint64_t value)
{
	struct virtq *q = settable(v);

	if (q)
		q->size = value; /* checked when it is enabled */
}

static uint64_t queue_vector_read(struct virtio *v)
{
	struct virtq *q = selected(v);

	return q ? q->vector : VIRTQ_NO_VECTOR;
}

static void queue_vector_write(struct virtio *v, uint64_t value)
{
	struct virtq *q = selected(v);

	if (q && !v->resetting)
		q->vector = vector_of(v, value);
}

static uint64_t enable_read(struct virtio *v)
{
	struct virtq *q = selected(v);

	return q && q->enabled;
}

static void enable_write(struct virtio *v, uint64_t value)
{
	struct virtq *q = settable(v);

	if (!q || value != 1)
		return;
	if (!set_up(v) || (v->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		guest_fault(v->name, "queue %u enabled before FEATURES_OK or after DRIVER_OK",
			    q->index);
		return;
	}
	virtq_enable(q);
}

static uint64_t notify_off_read(struct virtio *v)
{
	return selected(v) ? v->selected : 0;
}

#define ADDRESS(field)                                              \
	static uint64_t field##_read(struct virtio *v)              \
	{                                                           \
		struct virtq *q = selected(v);                      \
                                                                    \
		return q ? q->field : 0;                            \
	}                                                           \
	static void field##_write(struct virtio *v, uint64_t value) \
	{                                                           \
		struct virtq *q = settable(v);                      \
                                                                    \
		if (q)                                              \
			q->field = value;                           \
	}
ADDRESS(desc)
ADDRESS(avail)
ADDRESS(used)

static const struct reg regs[] = {
	{0x00, 4, feature_select_read, feature_select_write},
	{0x04, 4, feature_read, NULL},
	{0x08, 4, driver_select_read, driver_select_write},
	{0x0c, 4, driver_feature_read, driver_feature_write},
	{0x10, 2, config_vector_read, config_vector_write},
	{0x12, 2, num_queues_read, NULL},
	{0x14, 1, status_read, status_write},
	{0x15, 1, generation_read, NULL},
	{0x16, 2, select_read, select_write},
	{0x18, 2, size_read, size_write},
	{0x1a, 2, queue_vector_read, queue_vector_write},
	{0x1c, 2, enable_read, enable_write},
	{0x1e, 2, notify_off_read, NULL},
	{0x20, 8, desc_read, desc_write},
	{0x28, 8, avail_read, avail_write},
	{0x30, 8, used_read, used_write},
};

static const struct reg *find(uint64_t off, unsigned size)
{
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (off >= regs[i].off && off + size <= (uint64_t)regs[i].off + regs[i].size)
			return &regs[i];
	return NULL;
}

static uint64_t mask_of(unsigned size)
{
	return size == 8 ? ~0ULL : (1ULL << size * 8) - 1;
}

static uint64_t common_read(void *dev, uint64_t off, unsigned size)
{
	struct virtio *v = dev;
	const struct reg *r = find(off, size);

	return r ? r->read(v) >> (off - r->off) * 8 & mask_of(size) : 0;
}

static void common_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct virtio *v = dev;
	const struct reg *r = find(off, size);
	unsigned shift;

	/* §4.1.3.1: each field by its own width; 64-bit ones also by halves. */
	if (!r || !r->write || (r->size != size && !(r->size == 8 && size == 4))) {
		guest_fault(v->name, "write of %u bytes at %#llx of the common configuration", size,
			    (unsigned long long)off);
		return;
	}
	shift = (off - r->off) * 8;
	value = (value & mask_of(size)) << shift;
	if (r->size != size)
		value |= r->read(v) & ~(mask_of(size) << shift);
	r->write(v, value);
}

const struct region_ops virtio_common_ops = {.read = common_read, .write = common_write};
