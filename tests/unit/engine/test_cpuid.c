/* SPDX-License-Identifier: GPL-2.0-or-later */
/* taiki-base: what guests rely on in the table, for every number of vCPUs. */
#include "hvcore/vmm/engine/engine.h"

#include "hvcore/vmm/engine/kvm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 64 };

static struct kvm_cpuid_entry2 table[MAX];
static unsigned n;

static const struct kvm_cpuid_entry2 *leaf(uint32_t function, uint32_t index)
{
	for (unsigned i = 0; i < n; i++)
		if (table[i].function == function && table[i].index == index)
			return &table[i];
	fail_msg("no leaf 0x%x.%u", function, index);
	return NULL;
}

static void test_identity(void **state)
{
	char text[49] = "";
	uint32_t family, model;

	n = engine_cpuid(0, 1, table, MAX);
	memcpy(text, &leaf(0, 0)->ebx, 4);
	memcpy(text + 4, &leaf(0, 0)->edx, 4);
	memcpy(text + 8, &leaf(0, 0)->ecx, 4);
	assert_string_equal(text, "GenuineIntel");
	family = leaf(1, 0)->eax >> 8 & 0xf;
	model = (leaf(1, 0)->eax >> 4 & 0xf) | (leaf(1, 0)->eax >> 12 & 0xf0);
	/* What Linux lists as a processor that does not speculate. */
	assert_int_equal(family, 6);
	assert_int_equal(model, 0x1c);
	memset(text, 0, sizeof(text));
	for (unsigned i = 0; i < 3; i++)
		memcpy(text + 16 * i, &leaf(0x80000002 + i, 0)->eax, 16);
	assert_string_equal(text, "Taiki base processor");
	memset(text, 0, sizeof(text));
	memcpy(text, &leaf(0x40000000, 0)->ebx, 12);
	assert_string_equal(text, "KVMKVMKVM");
}

static void test_nothing_that_cannot_move(void **state)
{
	n = engine_cpuid(0, 1, table, MAX);
	assert_int_equal(leaf(0x80000007, 0)->edx, 0);                /* invariant TSC */
	assert_int_equal(leaf(1, 0)->ecx & (3U << 26 | 1U << 28), 0); /* XSAVE, OSXSAVE, AVX */
	assert_int_equal(leaf(1, 0)->ecx & (1U << 17), 0);            /* PCID */
	assert_int_equal(leaf(0x80000001, 0)->edx & (1U << 27), 0);   /* RDTSCP */
	assert_int_equal(leaf(0x40000001, 0)->eax, 1U << 1 | 1U << 3 | 1U << 24);
}

static void test_leaves_are_complete(void **state)
{
	n = engine_cpuid(0, 1, table, MAX);
	for (unsigned i = 0; i < n; i++) {
		uint32_t base = table[i].function & 0xc0000000;

		assert_true(table[i].function <= leaf(base, 0)->eax);
		for (unsigned j = 0; j < i; j++)
			assert_false(table[i].function == table[j].function &&
				     table[i].index == table[j].index);
	}
	/* Too small a place gets nothing rather than a part. */
	assert_int_equal(engine_cpuid(0, 1, table, n - 1), 0);
}

static void test_topology(void **state)
{
	for (unsigned vcpus = 1; vcpus <= HV_VCPUS_MAX; vcpus++) {
		for (unsigned v = 0; v < vcpus; v++) {
			unsigned shift, logical;

			n = engine_cpuid(v, vcpus, table, MAX);
			shift = leaf(0xb, 1)->eax;
			logical = leaf(1, 0)->ebx >> 16 & 0xff;
			assert_int_equal(leaf(1, 0)->ebx >> 24, v);
			assert_int_equal(leaf(0xb, 0)->edx, v);
			assert_int_equal(leaf(0xb, 1)->edx, v);
			/* One package: every APIC id differs below the package's bits. */
			assert_true(v >> shift == 0 && 1U << shift >= vcpus);
			assert_true(shift == 0 || 1U << (shift - 1) < vcpus);
			assert_int_equal(logical, 1U << shift);
			assert_int_equal(leaf(0xb, 1)->ebx, vcpus);
			assert_int_equal(leaf(4, 0)->eax >> 26, vcpus - 1);
			assert_int_equal(leaf(1, 0)->edx >> 28 & 1, vcpus > 1);
		}
	}
}

/* The leaves whose bits say what the processor can do. */
static const struct {
	uint32_t function;
	enum kvm_register reg;
} sets[] = {
	{1, KVM_ECX},          {1, KVM_EDX},          {6, KVM_EAX},
	{7, KVM_EBX},          {7, KVM_ECX},          {7, KVM_EDX},
	{0x40000001, KVM_EAX}, {0x80000001, KVM_ECX}, {0x80000001, KVM_EDX},
};

static uint32_t *word(struct kvm_cpuid_entry2 *t, uint32_t function, enum kvm_register reg)
{
	for (unsigned i = 0; i < n; i++)
		if (t[i].function == function && t[i].index == 0)
			return (uint32_t *[]){&t[i].eax, &t[i].ebx, &t[i].ecx, &t[i].edx}[reg];
	return NULL;
}

/* Nothing is offered without having thought about hosts that lack it. */
static void test_every_feature_is_accounted_for(void **state)
{
	n = engine_cpuid(0, 2, table, MAX);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (unsigned bit = 0; bit < 32; bit++)
			if (*word(table, sets[i].function, sets[i].reg) >> bit & 1 &&
			    !kvm_feature_known(sets[i].function, sets[i].reg, bit))
				fail_msg("leaf 0x%x register %u bit %u", sets[i].function,
					 sets[i].reg, bit);
}

/* A host that lacks one of them is refused by its name; or it does not matter, for few. */
static void test_lesser_hosts_are_refused(void **state)
{
	static struct kvm_cpuid_entry2 host[MAX];
	struct hv_error err = {""};
	unsigned refused = 0, taken = 0;

	n = engine_cpuid(0, 2, table, MAX);
	assert_int_equal(kvm_features_check(table, n, table, n, 1ULL << 32, &err), 0);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (unsigned bit = 0; bit < 32; bit++) {
			char leafname[40];
			int rc;

			if (!(*word(table, sets[i].function, sets[i].reg) >> bit & 1))
				continue;
			memcpy(host, table, sizeof(table));
			*word(host, sets[i].function, sets[i].reg) &= ~(1U << bit);
			rc = kvm_features_check(table, n, host, n, 1ULL << 32, &err);
			taken += !rc;
			refused += rc == -ENOTSUP;
			snprintf(leafname, sizeof(leafname), "CPUID leaf 0x%x, e%cx bit %u)",
				 sets[i].function, "abcd"[sets[i].reg], bit);
			if (rc)
				assert_non_null(strstr(err.text, leafname));
		}
	assert_int_equal(taken, 7);
	assert_int_equal(refused, 23);
	/* A host without a leaf at all. */
	assert_int_equal(kvm_features_check(table, n, table, 1, 1ULL << 32, &err), -ENOTSUP);
}

static void test_memory_needs_address_bits(void **state)
{
	static struct kvm_cpuid_entry2 host[MAX];
	struct hv_error err = {""};

	n = engine_cpuid(0, 1, table, MAX);
	memcpy(host, table, sizeof(table));
	*word(host, 0x80000008, KVM_EAX) = 48 << 8 | 36;
	assert_int_equal(kvm_features_check(table, n, host, n, 1ULL << 36, &err), 0);
	assert_int_equal(kvm_features_check(table, n, host, n, (1ULL << 36) + 1, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "36 bits"));
	*word(host, 0x80000008, KVM_EAX) = 48 << 8 | 52;
	assert_int_equal(kvm_features_check(table, n, host, n, ~0ULL, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_nothing_that_cannot_move),
		cmocka_unit_test(test_leaves_are_complete),
		cmocka_unit_test(test_topology),
		cmocka_unit_test(test_every_feature_is_accounted_for),
		cmocka_unit_test(test_lesser_hosts_are_refused),
		cmocka_unit_test(test_memory_needs_address_bits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
