/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's driver of one disk that is behind a server. */
#ifndef TESTS_VIRTIO_DISK_H
#define TESTS_VIRTIO_DISK_H

#include "hvcore/vmm/virtio/blk.h"
#include "tests/unit/virtio/driver.h"

enum { RINGS = 0x10000, HEADER = 0x20000, STATUS = 0x20800, DATA = 0x40000 };

extern struct drv d;
extern struct blk *blk;

/* disk_plugged() - rig.device is the disk; its driver begins.  disk_unplug() - It goes, if there is one. */
void disk_plugged(void);
void disk_unplug(void);

/* post() - A request of @slot's header and status, with @n pieces of data: its head. */
uint16_t post(unsigned slot, uint32_t type, uint64_t sector, const struct piece *data, unsigned n);
/* is_used() - For rig_run_until(): whether a request is answered; @arg: two uint32_t. */
bool is_used(void *arg);
/* answered() - Let it run, timers too, until a request is answered: its head. */
bool answered(uint32_t *id);
/* request() - One with one piece of data at most: its status. */
uint8_t request(uint32_t type, uint64_t sector, uint64_t addr, uint32_t len, bool in);
/* range() - A discard, or zeroes. */
uint8_t range(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags);

#endif
