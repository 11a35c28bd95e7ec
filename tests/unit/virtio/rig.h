/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtio device is plugged into in the tests: guest memory, and a bus,
 * a loop and an engine that record what the device does to them.
 *
 * A shadow of guest memory takes over only what was reported by ram_written() or
 * written by the driver (drv_*), so that rig_unreported() finds any write of the
 * device that it kept to itself.
 */
#ifndef TESTS_VIRTIO_RIG_H
#define TESTS_VIRTIO_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "hvcore/vmm/ram.h"
#include "hvcore/vmm/virtio/virtio.h"

#ifdef FUZZING
enum { RIG_RAM = 1 << 20, RIG_BAR = 0xc0000000 };
#else
enum { RIG_RAM = 4 << 20, RIG_BAR = 0xc0000000 };
#endif

/* For what has to come: as long as a busy host may stand still. */
enum { RIG_PATIENCE_MS = 60000 };

struct rig {
	struct ram ram;
	uint8_t *shadow;
	struct virtio *device; /* the last one plugged in */
	unsigned caps;
	uint8_t cap[16][24];   /* as in configuration space, id and next left 0; two devices' */
	const uint8_t *window; /* the one the device said is a window on its BARs */
	bool msix;             /* MSI-X is on */
	bool intx;             /* level of INTA# */
	unsigned intx_raised;
	unsigned fired[PCI_MSIX_MAX];
	unsigned faults; /* guest_fault() */
	char fault[256];
	unsigned requests; /* board_request(): 1 << what */
	unsigned events;
	char event[32];
	json_t *event_data;
	uint64_t given_back; /* bytes of guest memory, to the host */
	uint64_t answered;   /* control_answer(): the ticket, and what it said */
	int answer_rc;
	char answer[512];
	uint64_t now;                         /* loop_host_now() */
	uint64_t doorbell[VIRTIO_QUEUES_MAX]; /* addresses the engine was given; 0: free */
	unsigned doorbells;
};
extern struct rig rig;

void rig_init(void);
/* rig_run() - Let the loop serve its descriptors until none is ready for @quiet_ms. */
void rig_run(int quiet_ms);
/* rig_run_until() - The same until @done(@arg) or @ms have passed; whether it was done. */
bool rig_run_until(bool (*done)(void *), void *arg, int ms);
/* rig_timers() - Advance the host clock by @ns and fire what is due, on both clocks. */
void rig_timers(uint64_t ns);
/* rig_unreported() - The first byte the device wrote without saying so, or -1. */
long rig_unreported(void);

/* Registers of the device, as the guest reaches them. */
uint64_t reg_read(struct virtio *v, unsigned off, unsigned size);
void reg_write(struct virtio *v, unsigned off, unsigned size, uint64_t value);
enum {
	R_DFSELECT = 0x00,
	R_DF = 0x04,
	R_GFSELECT = 0x08,
	R_GF = 0x0c,
	R_CVECTOR = 0x10,
	R_NQUEUES = 0x12,
	R_STATUS = 0x14,
	R_GENERATION = 0x15,
	R_SELECT = 0x16,
	R_SIZE = 0x18,
	R_VECTOR = 0x1a,
	R_ENABLE = 0x1c,
	R_NOTIFY_OFF = 0x1e,
	R_DESC = 0x20,
	R_AVAIL = 0x28,
	R_USED = 0x30,
	R_ISR = 0x1000,
	R_CONFIG = 0x2000,
	R_NOTIFY = 0x3000,
};

#endif
