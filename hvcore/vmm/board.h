/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board: what a device plugs into.  It owns the port and memory maps, the
 * interrupt lines (8259 pair and IOAPIC), the PCI bus and the board lock.
 *
 * The board lock is held during every device function: accesses from run
 * threads take it here, the loop takes it around its handlers.  Devices
 * therefore need no locks of their own, and must never wait.
 *
 * What a guest does wrong is answered as hardware would (all ones, ignored,
 * DEVICE_NEEDS_RESET), counted, and logged at a limited rate with
 * guest_fault(): it is never an error of ours.
 */
#ifndef VMM_BOARD_H
#define VMM_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "hv/config.h"

struct ram;
struct clock;
struct engine;
struct engine_ops;
struct hv_progress;

/* Accesses to a region of ports or memory; @off from its start, @size 1, 2, 4 (or 8 in memory). */
struct region_ops {
	uint64_t (*read)(void *dev, uint64_t off, unsigned size);
	void (*write)(void *dev, uint64_t off, unsigned size, uint64_t value);
	bool bytes; /* byte registers: a wider access arrives as single bytes, lowest first */
};

struct board {
	struct ram *ram;
	struct clock *clock;
	const struct engine_ops *engine_ops;
	struct engine *engine;
	const struct hv_config *config;
	struct hv_progress *progress; /* progress.h; NULL: nobody looks */
};
extern struct board board; /* one machine a process */

void board_lock(void);
void board_unlock(void);

/*
 * board_add_io(), board_add_mmio() - Map @len ports/bytes at @base to @ops.
 * Setup only, or PCI BAR moves.  0, -EBUSY (overlap), -ENOSPC.
 */
int board_add_io(uint16_t base, uint32_t len, const struct region_ops *ops, void *dev,
		 const char *name);
int board_add_mmio(uint64_t base, uint64_t len, const struct region_ops *ops, void *dev,
		   const char *name);
void board_del_mmio(uint64_t base);

/* irq_set() - The level of ISA/GSI line @gsi (0..23).  Edge sources pulse. */
void irq_set(unsigned gsi, bool level);

/* Power and reset, as a device asks for them; the machine decides (on_reboot, ...). */
enum board_request {
	BOARD_RESET,    /* keyboard controller, 0xcf9, ACPI reset, triple fault */
	BOARD_POWEROFF, /* S5 */
	BOARD_PANIC,    /* pvpanic: the guest has panicked and may still dump */
	BOARD_CRASHLOADED,
	BOARD_WATCHDOG, /* the guest did not feed its watchdog; what follows is its action */
	BOARD_IO_ERROR, /* a disk failed, and keeps what has failed until it is back */
};
void board_request(enum board_request what, const char *cause);

/*
 * event_emit() - A QMP event to every client and the log.  Steals @data (may be NULL).
 */
void event_emit(const char *name, json_t *data);

/* guest_fault() - One rate-limited log line about what the guest did wrong; counted per @dev. */
void guest_fault(const char *dev, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * What a device registers so that the machine can treat all alike.  Setup is
 * explicit, in machine.c's table: no constructors.
 */
struct device {
	const char *name; /* "uart0", "vda"; unique */
	void (*reset)(struct device *d);
	void (*quiesce)(struct device *d); /* stop starting host I/O (pause); may be NULL */
	bool (*busy)(struct device *d);    /* host I/O in flight? may be NULL */
	void (*resume)(struct device *d);  /* may be NULL */
	struct device *next;
};
void device_register(struct device *d);

#endif
