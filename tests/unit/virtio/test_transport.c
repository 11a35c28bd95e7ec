/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers, negotiation, interrupts, doorbells and resets of virtio over PCI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <linux/virtio_pci.h>
#include <cmocka.h>

#include "tests/unit/virtio/toy.h"

enum { RINGS = 0x10000, SIZE = 16 };

static uint64_t offered(struct virtio *v)
{
	uint64_t f;

	reg_write(v, R_DFSELECT, 4, 0);
	f = reg_read(v, R_DF, 4);
	reg_write(v, R_DFSELECT, 4, 1);
	return f | reg_read(v, R_DF, 4) << 32;
}

static void identity(void **state)
{
	struct toy *t = toy_new();
	unsigned seen = 0;

	assert_int_equal(t->v.pci.vendor, 0x1af4);
	assert_int_equal(t->v.pci.device, 0x1044);
	assert_true((t->v.pci.class_rev & 0xff) >= 1);
	assert_int_equal(t->v.pci.msix_vectors, 3);
	for (unsigned i = 0; i < rig.caps; i++) {
		const struct virtio_pci_cap *c = (const void *)rig.cap[i];

		assert_int_equal(c->bar, 0);
		assert_true(c->offset + c->length <= t->v.pci.bar[0].size);
		assert_true(c->cap_len >= sizeof(*c));
		seen |= 1 << c->cfg_type;
		if (c->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG)
			assert_int_equal(
				((const struct virtio_pci_notify_cap *)c)->notify_off_multiplier,
				4);
	}
	assert_int_equal(seen, 1 << VIRTIO_PCI_CAP_COMMON_CFG | 1 << VIRTIO_PCI_CAP_NOTIFY_CFG |
				       1 << VIRTIO_PCI_CAP_ISR_CFG |
				       1 << VIRTIO_PCI_CAP_DEVICE_CFG |
				       1 << VIRTIO_PCI_CAP_PCI_CFG);
	assert_int_equal(((const struct virtio_pci_cap *)rig.window)->cfg_type,
			 VIRTIO_PCI_CAP_PCI_CFG);
	assert_int_equal(reg_read(&t->v, R_NQUEUES, 2), 2);
	toy_free(t);
}

static void features(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;

	assert_int_equal(offered(v), F(5) | F(40) | F(VIRTIO_F_VERSION_1) |
					     F(VIRTIO_RING_F_INDIRECT_DESC) |
					     F(VIRTIO_RING_F_EVENT_IDX));
	reg_write(v, R_DFSELECT, 4, 2);
	assert_int_equal(reg_read(v, R_DF, 4), 0);
	assert_true(drv_negotiate(v, F(5)));
	assert_int_equal(v->driver_features, F(5) | F(VIRTIO_F_VERSION_1));
	assert_int_equal(t->negotiations, 1);
	/* Final: not to be changed any more. */
	reg_write(v, R_GFSELECT, 4, 0);
	reg_write(v, R_GF, 4, 0);
	assert_true(virtio_has(v, 5));
	/* What was not offered is refused. */
	assert_false(drv_negotiate(v, F(6)));
	/* A legacy driver does not know VERSION_1. */
	reg_write(v, R_STATUS, 1, 0);
	reg_write(v, R_STATUS, 1, 3);
	reg_write(v, R_STATUS, 1, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	assert_int_equal(reg_read(v, R_STATUS, 1), 3);
	/* And it does not get further. */
	reg_write(v, R_STATUS, 1, 3 | VIRTIO_CONFIG_S_DRIVER_OK);
	assert_int_equal(reg_read(v, R_STATUS, 1), 3);
	assert_int_equal(t->starts, 0);
	toy_free(t);
}

static void queue_registers(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;

	drv_negotiate(v, 0);
	reg_write(v, R_SELECT, 2, 1);
	assert_int_equal(reg_read(v, R_SIZE, 2), 64);
	assert_int_equal(reg_read(v, R_NOTIFY_OFF, 2), 1);
	assert_int_equal(reg_read(v, R_VECTOR, 2), 0xffff);
	reg_write(v, R_VECTOR, 2, 2);
	assert_int_equal(reg_read(v, R_VECTOR, 2), 2);
	reg_write(v, R_VECTOR, 2, 3); /* there are 3, numbered from 0 */
	assert_int_equal(reg_read(v, R_VECTOR, 2), 0xffff);
	reg_write(v, R_CVECTOR, 2, 77);
	assert_int_equal(reg_read(v, R_CVECTOR, 2), 0xffff);
	/* 64-bit fields by halves, and as one. */
	reg_write(v, R_DESC, 4, 0x11223340);
	reg_write(v, R_DESC + 4, 4, 0xaabbccdd);
	assert_int_equal(reg_read(v, R_DESC, 8), 0xaabbccdd11223340);
	assert_int_equal(reg_read(v, R_DESC + 4, 4), 0xaabbccdd);
	/* Nothing by a wrong width; said, and without effect. */
	rig.faults = 0;
	reg_write(v, R_SIZE, 4, 0xffffffff);
	reg_write(v, R_DESC, 1, 0);
	reg_write(v, R_NQUEUES, 2, 9);
	reg_write(v, 0x3a, 2, 9);
	assert_int_equal(rig.faults, 4);
	assert_int_equal(reg_read(v, R_SIZE, 2), 64);
	assert_int_equal(reg_read(v, R_NQUEUES, 2), 2);
	/* A queue that is not there reads as size 0 and takes nothing. */
	reg_write(v, R_SELECT, 2, 2);
	assert_int_equal(reg_read(v, R_SIZE, 2), 0);
	reg_write(v, R_SIZE, 2, 8);
	reg_write(v, R_DESC, 8, 4096);
	reg_write(v, R_ENABLE, 2, 1);
	assert_int_equal(reg_read(v, R_ENABLE, 2), 0);
	assert_int_equal(reg_read(v, R_DESC, 8), 0);
	toy_free(t);
}

static void enabling(void **state)
{
	static const struct {
		uint16_t size;
		uint64_t desc, avail, used;
		bool good;
	} row[] = {
		{16, 0x1000, 0x2000, 0x3000, true},
		{64, RIG_RAM - 1024, 0x2000, 0x3000, true},
		{64, RIG_RAM - 1008, 0x2000, 0x3000, false},
		{0, 0x1000, 0x2000, 0x3000, false},
		{3, 0x1000, 0x2000, 0x3000, false},
		{128, 0x1000, 0x2000, 0x3000, false},
		{0x8000, 0x1000, 0x2000, 0x3000, false},
		{16, 0x1008, 0x2000, 0x3000, false},
		{16, 0x1000, 0x2001, 0x3000, false},
		{16, 0x1000, 0x2000, 0x3002, false},
		{16, RIG_RAM, 0x2000, 0x3000, false},
		{16, 0x1000, RIG_RAM - 16, 0x3000, false},
		{16, 0x1000, 0x2000, ~3ULL, false},
	};
	struct toy *t = toy_new();
	struct virtio *v = &t->v;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_true(drv_negotiate(v, 0));
		reg_write(v, R_SELECT, 2, 0);
		reg_write(v, R_SIZE, 2, row[i].size);
		reg_write(v, R_DESC, 8, row[i].desc);
		reg_write(v, R_AVAIL, 8, row[i].avail);
		reg_write(v, R_USED, 8, row[i].used);
		reg_write(v, R_ENABLE, 2, 1);
		assert_int_equal(reg_read(v, R_ENABLE, 2), row[i].good);
		assert_int_equal(!(reg_read(v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET),
				 row[i].good);
	}
	toy_free(t);
}

static void device_configuration(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;
	uint8_t generation;

	assert_int_equal(reg_read(v, R_CONFIG, 4), 0xa3a2a1a0);
	assert_int_equal(reg_read(v, R_CONFIG + 11, 1), 0xab);
	assert_int_equal(reg_read(v, R_CONFIG + 11, 2), 0);
	assert_int_equal(reg_read(v, R_CONFIG + 0xff0, 8), 0);
	reg_write(v, R_CONFIG + 8, 4, 1);
	assert_int_equal(t->config_writes, 1);
	reg_write(v, R_CONFIG + 12, 1, 1);
	reg_write(v, R_CONFIG + 9, 4, 1);
	assert_int_equal(t->config_writes, 1);
	assert_int_equal(rig.faults, 2);
	drv_negotiate(v, 0);
	drv_ok(v);
	generation = reg_read(v, R_GENERATION, 1);
	virtio_config_changed(v);
	assert_int_not_equal(reg_read(v, R_GENERATION, 1), generation);
	assert_true(rig.intx);
	assert_int_equal(reg_read(v, R_ISR, 1), 2);
	toy_free(t);
}

static void interrupts(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;
	struct drv d;

	drv_negotiate(v, 0);
	drv_queue(&d, v, 0, SIZE, RINGS);
	reg_write(v, R_CVECTOR, 2, 0);
	drv_ok(v);
	virtio_interrupt(v, &v->queue[0]);
	assert_true(rig.intx);
	virtio_interrupt(v, &v->queue[0]);
	assert_int_equal(rig.intx_raised, 1);
	assert_int_equal(reg_read(v, R_ISR, 1), 1);
	assert_false(rig.intx);
	assert_int_equal(reg_read(v, R_ISR, 1), 0);
	/* With MSI-X neither line nor ISR. */
	rig.msix = true;
	virtio_interrupt(v, &v->queue[0]);
	virtio_config_changed(v);
	assert_int_equal(rig.fired[1], 1);
	assert_int_equal(rig.fired[0], 1);
	assert_false(rig.intx);
	assert_int_equal(reg_read(v, R_ISR, 1), 0);
	/* A queue without a vector interrupts nobody. */
	reg_write(v, R_SELECT, 2, 0);
	reg_write(v, R_VECTOR, 2, 0xffff);
	virtio_interrupt(v, &v->queue[0]);
	assert_int_equal(rig.fired[1], 1);
	/* A reset takes the line back. */
	rig.msix = false;
	virtio_interrupt(v, &v->queue[0]);
	assert_true(rig.intx);
	reg_write(v, R_STATUS, 1, 0);
	assert_false(rig.intx);
	toy_free(t);
}

static void doorbells(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;
	struct drv d0, d1;

	drv_negotiate(v, 0);
	drv_queue(&d0, v, 0, SIZE, RINGS);
	drv_queue(&d1, v, 1, SIZE, RINGS + 0x4000);
	drv_kick(&d1); /* nobody is there yet */
	rig_run(0);
	assert_int_equal(t->kicks, 0);
	assert_int_equal(rig.doorbells, 0);
	drv_ok(v);
	assert_int_equal(t->starts, 1);
	assert_int_equal(rig.doorbells, 2);
	assert_int_equal(rig.doorbell[1], RIG_BAR + R_NOTIFY + 4);
	/* What was made available before DRIVER_OK is looked at. */
	rig_run(0);
	assert_int_equal(t->kicks, 2);
	drv_kick(&d1);
	drv_kick(&d1);
	rig_run(0);
	assert_int_equal(t->kicks, 3);
	reg_write(v, R_NOTIFY + 8, 2, 0); /* no such queue */
	reg_write(v, R_NOTIFY + 5, 1, 0);
	reg_write(v, R_NOTIFY + 0xffc, 4, 0);
	rig_run(0);
	assert_int_equal(t->kicks, 3);
	/* The BAR moves, and is switched off. */
	v->pci.bar_addr[0] = RIG_BAR + 0x100000;
	v->pci.bar[0].moved(&v->pci, 0, RIG_BAR, RIG_BAR + 0x100000);
	assert_int_equal(rig.doorbells, 2);
	assert_int_equal(rig.doorbell[0], RIG_BAR + 0x100000 + R_NOTIFY);
	v->pci.bar[0].moved(&v->pci, 0, RIG_BAR + 0x100000, 0);
	assert_int_equal(rig.doorbells, 0);
	v->pci.bar[0].moved(&v->pci, 0, 0, RIG_BAR);
	assert_int_equal(rig.doorbells, 2);
	reg_write(v, R_STATUS, 1, 0);
	assert_int_equal(rig.doorbells, 0);
	toy_free(t);
}

static void reset_waits_for_requests(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;
	struct drv d;

	drv_negotiate(v, 0);
	drv_queue(&d, v, 0, SIZE, RINGS);
	drv_ok(v);
	rig_run(0);
	t->kicks = 0;
	t->busy = true;
	reg_write(v, R_STATUS, 1, 0);
	assert_int_not_equal(reg_read(v, R_STATUS, 1), 0);
	assert_int_equal(t->resets, 1); /* that of drv_negotiate() */
	/* Meanwhile nothing is begun. */
	drv_kick(&d);
	rig_run(0);
	assert_int_equal(t->kicks, 0);
	reg_write(v, R_STATUS, 1, 0xf);
	virtio_drained(v);
	assert_int_not_equal(reg_read(v, R_STATUS, 1), 0);
	t->busy = false;
	virtio_drained(v);
	assert_int_equal(reg_read(v, R_STATUS, 1), 0);
	assert_int_equal(t->resets, 2);
	reg_write(v, R_SELECT, 2, 0);
	assert_int_equal(reg_read(v, R_SIZE, 2), 64);
	assert_int_equal(reg_read(v, R_DESC, 8), 0);
	assert_int_equal(reg_read(v, R_ENABLE, 2), 0);
	toy_free(t);
}

static void pausing(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;
	struct drv d;

	drv_negotiate(v, 0);
	drv_queue(&d, v, 0, SIZE, RINGS);
	drv_ok(v);
	rig_run(0);
	t->kicks = 0;
	v->device.quiesce(&v->device);
	drv_kick(&d);
	rig_run(0);
	assert_int_equal(t->kicks, 0);
	/* What was rung meanwhile is not forgotten. */
	v->device.resume(&v->device);
	rig_run(0);
	assert_int_equal(t->kicks, 1);
	toy_free(t);
}

/* Every register by every width with ones and noise: whatever happens, a reset mends it. */
static void garbage(void **state)
{
	struct toy *t = toy_new();
	struct virtio *v = &t->v;

	srandom(2);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned off = random() % 3 ? random() % 0x40 : random() % 0x4000;
		unsigned size = 1 << random() % 4;

		if (off + size > 0x4000)
			continue;
		if (random() % 2)
			reg_read(v, off, size);
		else
			reg_write(v, off, size, random() % 2 ? ~0ULL : (uint64_t)random());
		if (i % 64 == 0)
			rig_run(0);
	}
	assert_true(drv_negotiate(v, 0));
	assert_int_equal(rig_unreported(), -1);
	toy_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),
		cmocka_unit_test(features),
		cmocka_unit_test(queue_registers),
		cmocka_unit_test(enabling),
		cmocka_unit_test(device_configuration),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(doorbells),
		cmocka_unit_test(reset_waits_for_requests),
		cmocka_unit_test(pausing),
		cmocka_unit_test(garbage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("virtio transport", tests, NULL, NULL);
}
