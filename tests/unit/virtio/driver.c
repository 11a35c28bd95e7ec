/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/virtio/driver.h"

#include <string.h>

void *drv_at(uint64_t gpa)
{
	return rig.ram.base + gpa;
}

void drv_put(uint64_t gpa, const void *data, size_t len)
{
	memcpy(rig.ram.base + gpa, data, len);
	memcpy(rig.shadow + gpa, data, len);
}

void drv_put16(uint64_t gpa, uint16_t value)
{
	drv_put(gpa, &value, sizeof(value));
}

bool drv_negotiate(struct virtio *v, uint64_t features)
{
	features |= F(VIRTIO_F_VERSION_1);
	reg_write(v, R_STATUS, 1, 0);
	reg_write(v, R_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	reg_write(v, R_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	for (unsigned w = 0; w < 2; w++) {
		reg_write(v, R_GFSELECT, 4, w);
		reg_write(v, R_GF, 4, features >> 32 * w & 0xffffffff);
	}
	reg_write(v, R_STATUS, 1, reg_read(v, R_STATUS, 1) | VIRTIO_CONFIG_S_FEATURES_OK);
	return reg_read(v, R_STATUS, 1) & VIRTIO_CONFIG_S_FEATURES_OK;
}

void drv_queue(struct drv *d, struct virtio *v, unsigned index, uint16_t size, uint64_t base)
{
	*d = (struct drv){.v = v,
			  .index = index,
			  .size = size,
			  .desc = base,
			  .avail = base + 0x2000,
			  .used = base + 0x3000};
	reg_write(v, R_SELECT, 2, index);
	reg_write(v, R_SIZE, 2, size);
	reg_write(v, R_VECTOR, 2, index + 1);
	reg_write(v, R_DESC, 4, d->desc & 0xffffffff);
	reg_write(v, R_DESC + 4, 4, d->desc >> 32);
	reg_write(v, R_AVAIL, 8, d->avail);
	reg_write(v, R_USED, 8, d->used);
	reg_write(v, R_ENABLE, 2, 1);
}

void drv_ok(struct virtio *v)
{
	reg_write(v, R_STATUS, 1, reg_read(v, R_STATUS, 1) | VIRTIO_CONFIG_S_DRIVER_OK);
}

void drv_desc(uint64_t table, unsigned i, uint64_t addr, uint32_t len, uint16_t flags,
	      uint16_t next)
{
	struct vring_desc d = {.addr = addr, .len = len, .flags = flags, .next = next};

	drv_put(table + i * sizeof(d), &d, sizeof(d));
}

void drv_make_available(struct drv *d, uint16_t head)
{
	drv_put16(d->avail + 4 + (d->avail_idx % d->size) * 2, head);
	d->avail_idx++;
	drv_put16(d->avail + 2, d->avail_idx);
}

uint16_t drv_add(struct drv *d, const struct piece *p, unsigned n)
{
	uint16_t head = d->next_desc;

	for (unsigned i = 0; i < n; i++) {
		uint16_t at = d->next_desc;

		d->next_desc = (d->next_desc + 1) % d->size;
		drv_desc(d->desc, at, p[i].addr, p[i].len,
			 (p[i].in ? VRING_DESC_F_WRITE : 0) | (i + 1 < n ? VRING_DESC_F_NEXT : 0),
			 d->next_desc);
	}
	drv_make_available(d, head);
	return head;
}

void drv_kick(struct drv *d)
{
	reg_write(d->v, R_NOTIFY + 4 * d->index, 2, d->index);
}

bool drv_used(struct drv *d, uint32_t *id, uint32_t *len)
{
	const uint8_t *ring = drv_at(d->used);
	struct vring_used_elem e;
	uint16_t idx;

	memcpy(&idx, ring + 2, sizeof(idx));
	if (idx == d->used_idx)
		return false;
	memcpy(&e, ring + 4 + (d->used_idx % d->size) * sizeof(e), sizeof(e));
	d->used_idx++;
	if (id)
		*id = e.id;
	if (len)
		*len = e.len;
	return true;
}

static bool have_used(void *arg)
{
	struct drv *d = arg;
	uint16_t idx;

	memcpy(&idx, (const uint8_t *)drv_at(d->used) + 2, sizeof(idx));
	return idx != d->used_idx;
}

bool drv_wait(struct drv *d, uint32_t *id, uint32_t *len)
{
	return rig_run_until(have_used, d, RIG_PATIENCE_MS) && drv_used(d, id, len);
}
