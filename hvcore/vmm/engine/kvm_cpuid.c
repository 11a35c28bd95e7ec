/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPUID table of a vCPU: taiki-base, refused where the host lacks a part
 * of it; or the host's own, with the domain's topology and only those
 * paravirtual features that `taiki-base` has too.
 */
#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvcore/vmm/ram.h"

enum {
	ENTRIES = 256,
	LEAF_TSC_KHZ = 0x40000010,
	PV_FEATURES = 1 << 1 | 1 << 3 | 1 << 24, /* see cpuid.c */
};

union table {
	struct kvm_cpuid2 head;
	uint8_t bytes[sizeof(struct kvm_cpuid2) + ENTRIES * sizeof(struct kvm_cpuid_entry2)];
};

/* as_domain() - Turn the host's own @t into that of @v. */
static void as_domain(union table *t, const struct kvm_vcpu *v)
{
	unsigned vcpus = v->e->cfg.vcpus, bits = 0;

	while ((1U << bits) < vcpus)
		bits++;
	for (unsigned i = 0; i < t->head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &t->head.entries[i];

		switch (e->function) {
		case 1:
			e->ebx = (e->ebx & 0xffff) | v->index << 24 | (1U << bits) << 16;
			e->ecx |= 1U << 21 | 1U << 24 | 1U << 31; /* x2APIC, deadline, hypervisor */
			e->edx = (e->edx & ~(1U << 28)) | (vcpus > 1 ? 1U << 28 : 0);
			break;
		case 4:
			if (e->eax & 0x1f)
				e->eax = (e->eax & 0x3fff) | (vcpus - 1) << 26;
			break;
		case 0xb:
		case 0x1f:
			e->eax = e->index == 1 ? bits : 0;
			e->ebx = e->index == 0 ? 1 : e->index == 1 ? vcpus : 0;
			e->ecx = e->index | (e->index < 2 ? (e->index + 1) << 8 : 0);
			e->edx = v->index;
			break;
		case 0x40000001:
			e->eax &= PV_FEATURES;
			e->edx = 0;
			break;
		default: break;
		}
	}
}

static uint64_t end_of_ram(const struct ram *ram)
{
	return ram->high ? RAM_HIGH_BASE + ram->high : ram->low;
}

int kvm_cpuid_apply(struct kvm_vcpu *v, struct hv_error *err)
{
	union table *have = calloc(1, sizeof(*have));
	union table *want = calloc(1, sizeof(*want));
	const struct kvm_cpuid_entry2 *first;
	int rc;

	if (!have || !want) {
		rc = hv_err(err, -ENOMEM, "kvm: out of memory");
		goto out;
	}
	have->head.nent = ENTRIES;
	rc = kvm_ioctlp(v->e->kvm, KVM_GET_SUPPORTED_CPUID, have);
	if (rc < 0) {
		hv_err(err, rc, "/dev/kvm: cannot read its CPUID table: %s", strerror(-rc));
		goto out;
	}
	if (v->e->cfg.cpu == HV_CPU_HOST_PASSTHROUGH) {
		*want = *have;
		as_domain(want, v);
	} else {
		want->head.nent = engine_cpuid(v->index, v->e->cfg.vcpus, want->head.entries,
					       ENTRIES);
		rc = kvm_features_check(want->head.entries, want->head.nent, have->head.entries,
					have->head.nent, end_of_ram(v->e->cfg.ram), err);
		if (rc)
			goto out;
		for (unsigned i = 0; i < want->head.nent; i++)
			if (want->head.entries[i].function == LEAF_TSC_KHZ)
				want->head.entries[i].eax = v->e->tsc_khz;
	}
	rc = kvm_ioctlp(v->fd, KVM_SET_CPUID2, want);
	first = kvm_cpuid_find(want->head.entries, want->head.nent, 1, 0);
	if (first)
		v->signature = first->eax;
	if (rc < 0)
		hv_err(err, rc, "/dev/kvm: vCPU %u: its CPUID table was refused: %s", v->index,
		       strerror(-rc));
out:
	free(have);
	free(want);
	return rc < 0 ? rc : 0;
}
