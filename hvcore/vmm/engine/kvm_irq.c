/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt messages.  With the split irqchip everything reaches the local
 * APICs as an MSI.  The kernel's routing table has two parts: GSI 0..23 mirror
 * the board's IOAPIC and are never fired, they tell the kernel which
 * vectors' EOIs the board wants to see; from 24 on, one per irqfd.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MSI_ASSERT = 1 << 14, /* SDM 3A §11.11.2 */
	MSI_LEVEL = 1 << 15,
};

int kvm_msi(struct engine *e, uint64_t addr, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = (uint32_t)addr,
		.address_hi = (uint32_t)(addr >> 32),
		.data = data,
	};
	int rc = kvm_ioctlp(e->vm, KVM_SIGNAL_MSI, &msi);

	/* 0: no local APIC took it, as with a message to nobody on hardware. */
	return rc < 0 ? rc : 0;
}

static void put_route(struct kvm_irq_routing *table, unsigned gsi, const struct kvm_line *line)
{
	if (!line->addr)
		return;
	table->entries[table->nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi.address_lo = (uint32_t)line->addr,
		.u.msi.address_hi = (uint32_t)(line->addr >> 32),
		.u.msi.data = line->data,
	};
}

/* push_routes() - Hand the whole table to the kernel.  Called with e->routes held. */
static int push_routes(struct engine *e)
{
	struct kvm_irq_routing *table;
	int rc;

	table = calloc(1, sizeof(*table) + (KVM_PINS + e->nlines) * sizeof(table->entries[0]));
	if (!table)
		return -ENOMEM;
	for (unsigned i = 0; i < KVM_PINS; i++)
		put_route(table, i, &e->pin[i]);
	for (unsigned i = 0; i < e->nlines; i++)
		if (e->line[i].fd >= 0)
			put_route(table, KVM_PINS + i, &e->line[i]);
	rc = kvm_ioctlp(e->vm, KVM_SET_GSI_ROUTING, table);
	free(table);
	return rc;
}

void kvm_ioapic_route(struct engine *e, unsigned pin, uint64_t addr, uint32_t data, bool level)
{
	struct kvm_line now = {.addr = addr, .data = data};

	if (pin >= KVM_PINS)
		return;
	/*
	 * Guests mask and unmask pins in passing, and changing the table is
	 * slow (it waits for all vCPUs): a masked pin keeps its last route.  An
	 * EOI of its vector that nobody waits for does no harm.
	 */
	if (!addr)
		return;
	if (level)
		now.data |= MSI_LEVEL | MSI_ASSERT;
	else
		now.data &= ~(uint32_t)MSI_LEVEL;
	pthread_mutex_lock(&e->routes);
	if (e->pin[pin].addr != now.addr || e->pin[pin].data != now.data) {
		e->pin[pin] = now;
		/* Without memory the guest's level interrupts stop: as with a broken chip. */
		(void)push_routes(e);
	}
	pthread_mutex_unlock(&e->routes);
}

static int bind_fd(struct engine *e, int fd, unsigned gsi, bool on)
{
	struct kvm_irqfd k = {
		.fd = (uint32_t)fd,
		.gsi = gsi,
		.flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};

	return kvm_ioctlp(e->vm, KVM_IRQFD, &k);
}

/* find_line() - The line of @fd; or a free one for it (@fresh) or -1. */
static int find_line(struct engine *e, int fd, bool *fresh)
{
	const unsigned max = sizeof(e->line) / sizeof(e->line[0]);
	int hole = -1;

	for (unsigned i = 0; i < e->nlines; i++) {
		if (e->line[i].fd == fd) {
			*fresh = false;
			return (int)i;
		}
		if (e->line[i].fd < 0 && hole < 0)
			hole = (int)i;
	}
	*fresh = true;
	return hole < 0 && e->nlines < max ? (int)e->nlines : hole;
}

int kvm_irqfd(struct engine *e, int fd, uint64_t addr, uint32_t data)
{
	struct kvm_line *line;
	bool fresh;
	int i, rc = 0;

	if (fd < 0)
		return -EBADF;
	pthread_mutex_lock(&e->routes);
	i = find_line(e, fd, &fresh);
	if (!addr) {
		if (!fresh) {
			rc = bind_fd(e, fd, KVM_PINS + (unsigned)i, false);
			e->line[i].fd = -1;
		}
		goto out;
	}
	if (i < 0) {
		rc = -ENOSPC;
		goto out;
	}
	line = &e->line[i];
	if (!fresh && line->addr == addr && line->data == data)
		goto out;
	*line = (struct kvm_line){.fd = fd, .addr = addr, .data = data};
	if ((unsigned)i == e->nlines)
		e->nlines++;
	rc = push_routes(e);
	if (!rc && fresh)
		rc = bind_fd(e, fd, KVM_PINS + (unsigned)i, true);
	if (rc && fresh)
		line->fd = -1;
out:
	pthread_mutex_unlock(&e->routes);
	return rc;
}

int kvm_doorbell(struct engine *e, uint64_t gpa, unsigned size, int fd, bool on)
{
	struct kvm_ioeventfd k = {
		.addr = gpa,
		.len = size,
		.fd = fd,
		.flags = on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN,
	};

	return kvm_ioctlp(e->vm, KVM_IOEVENTFD, &k);
}
