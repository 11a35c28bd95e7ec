/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory as KVM's slots, and the dirty log. */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/vmm/ram.h"

static int set_slot(struct engine *e, unsigned i, bool log)
{
	struct kvm_userspace_memory_region region = {
		.slot = i,
		.flags = log ? KVM_MEM_LOG_DIRTY_PAGES : 0,
		.guest_phys_addr = e->slot[i].gpa,
		.memory_size = e->slot[i].size,
		.userspace_addr = (uintptr_t)e->slot[i].host,
	};

	return e->slot[i].size ? kvm_ioctlp(e->vm, KVM_SET_USER_MEMORY_REGION, &region) : 0;
}

int kvm_map_ram(struct engine *e, struct hv_error *err)
{
	const struct ram *ram = e->cfg.ram;

	e->slot[0] = (struct kvm_slot){.size = ram->low, .host = ram->base};
	e->slot[1] = (struct kvm_slot){.gpa = RAM_HIGH_BASE,
				       .size = ram->high,
				       .offset = ram->low,
				       .host = ram->base + RAM_HIGH_BASE};
	for (unsigned i = 0; i < KVM_SLOTS; i++) {
		int rc = set_slot(e, i, false);

		if (rc)
			return hv_err(err, rc,
				      "/dev/kvm: cannot map %llu MiB of memory at 0x%llx: %s",
				      (unsigned long long)e->slot[i].size >> 20,
				      (unsigned long long)e->slot[i].gpa, strerror(-rc));
	}
	return 0;
}

int kvm_rom(struct engine *e, uint64_t gpa, void *host, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = KVM_SLOTS,
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (kvm_ioctl(e->kvm, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) <= 0)
		return -ENOTSUP;
	return kvm_ioctlp(e->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

int kvm_dirty_log(struct engine *e, bool on)
{
	int rc = 0;

	if (e->logging == on)
		return 0;
	for (unsigned i = 0; !rc && i < KVM_SLOTS; i++)
		rc = set_slot(e, i, on);
	if (!rc)
		e->logging = on;
	else if (on)
		for (unsigned i = 0; i < KVM_SLOTS; i++)
			(void)set_slot(e, i, false);
	return rc;
}

static int harvest_slot(struct engine *e, unsigned i, uint64_t *bitmap, size_t words)
{
	const struct kvm_slot *slot = &e->slot[i];
	/* RAM comes in MiB, so a slot's pages fill whole words. */
	size_t first = slot->offset / RAM_PAGE / 64;
	size_t n = slot->size / RAM_PAGE / 64;
	struct kvm_dirty_log log = {.slot = i};
	uint64_t *dirty;
	int rc;

	if (!n)
		return 0;
	if (first + n > words)
		return -EINVAL;
	dirty = calloc(n, sizeof(*dirty));
	if (!dirty)
		return -ENOMEM;
	log.dirty_bitmap = dirty;
	rc = kvm_ioctlp(e->vm, KVM_GET_DIRTY_LOG, &log);
	for (size_t w = 0; !rc && w < n; w++)
		bitmap[first + w] |= dirty[w];
	free(dirty);
	return rc;
}

int kvm_dirty_harvest(struct engine *e, uint64_t *bitmap, size_t words)
{
	int rc = 0;

	if (!e->logging)
		return -EINVAL;
	for (unsigned i = 0; !rc && i < KVM_SLOTS; i++)
		rc = harvest_slot(e, i, bitmap, words);
	return rc;
}
