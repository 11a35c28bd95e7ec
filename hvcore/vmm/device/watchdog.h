/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the models of watchdog (i6300esb.c, wdat.c) share: what is known of
 * them outside, and what happens when one bites.  A machine has one at most.
 *
 * A model counts on the guest's clock, so that its time stands still while the
 * domain is paused or saved, and keeps its "it has bitten" over the reset that
 * this leads to, as the hardware does: drivers tell it as the cause of the boot.
 */
#ifndef VMM_DEVICE_WATCHDOG_H
#define VMM_DEVICE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "hv/config.h"

/* watchdog_create() - The model that @c asks for, if it asks for one.  0 or -errno. */
int watchdog_create(const struct hv_config *c);

/* i6300esb_create(), wdat_create() - The models; 0 or -errno. */
int i6300esb_create(void);
int wdat_create(void);

/* watchdog_started() - The guest has started or fed it: it bites in @ns unless it is fed. */
void watchdog_started(uint64_t ns);
/* watchdog_stopped() - It counts no more. */
void watchdog_stopped(void);
/* watchdog_bite() - The guest has not fed it: asks the machine for what is to follow. */
void watchdog_bite(void);

/* watchdog_action() - What follows a bite now, and its name as libvirt and QMP have it. */
enum hv_watchdog_action watchdog_action(void);
const char *watchdog_action_name(enum hv_watchdog_action action);
/* watchdog_set_action() - From now on @name; -EINVAL with @err. */
int watchdog_set_action(const char *name, struct hv_error *err);

/* watchdog_query() - Model, action, whether it counts, times and bites; null: there is none. */
json_t *watchdog_query(void);

/* ACPI's watchdog action table describes these ports (wdat.c, acpi_wdat.c). */
enum {
	WDAT_BASE = 0x620,
	WDAT_FEED = WDAT_BASE,        /* byte; 1: count anew */
	WDAT_CONTROL = WDAT_BASE + 1, /* byte; bit 0: it counts */
	WDAT_STATUS = WDAT_BASE + 2,  /* byte; bit 0: it has bitten; written 1: forget it */
	WDAT_REBOOT = WDAT_BASE + 3,  /* byte; bit 0: a bite has consequences; fixed */
	WDAT_COUNT = WDAT_BASE + 4,   /* dword; what it counts down from, in periods */
	WDAT_LEFT = WDAT_BASE + 8,    /* dword; what is left, read only */
	WDAT_PORTS = 12,
	WDAT_PERIOD_MS = 100,
	WDAT_COUNT_MIN = 2,
	WDAT_COUNT_MAX = 65535,
};

#endif
