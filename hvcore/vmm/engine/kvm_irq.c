/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt messages.  With the split irqchip everything reaches the local
 * APICs as an MSI.  The kernel's routing table, GSI 0..23, mirrors the board's
 * IOAPIC and is never fired: it tells the kernel which vectors' EOIs the
 * board wants to see.
 */
#include "hvcore/vmm/engine/kvm.h"

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

/* push_routes() - Hand the whole table to the kernel.  Called with e->routes held. */
static int push_routes(struct engine *e)
{
	union {
		struct kvm_irq_routing head;
		uint8_t bytes[sizeof(struct kvm_irq_routing) +
			      KVM_PINS * sizeof(struct kvm_irq_routing_entry)];
	} table = {.bytes = {0}};

	for (unsigned i = 0; i < KVM_PINS; i++)
		if (e->pin[i].addr)
			table.head.entries[table.head.nr++] = (struct kvm_irq_routing_entry){
				.gsi = i,
				.type = KVM_IRQ_ROUTING_MSI,
				.u.msi.address_lo = (uint32_t)e->pin[i].addr,
				.u.msi.address_hi = (uint32_t)(e->pin[i].addr >> 32),
				.u.msi.data = e->pin[i].data,
			};
	return kvm_ioctlp(e->vm, KVM_SET_GSI_ROUTING, &table);
}

void kvm_ioapic_route(struct engine *e, unsigned pin, uint64_t addr, uint32_t data, bool level)
{
	struct kvm_pin now = {.addr = addr, .data = data};

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
		/* If the kernel has no memory, level interrupts stop: as with a broken chip. */
		(void)push_routes(e);
	}
	pthread_mutex_unlock(&e->routes);
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
