/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's life.
 *
 *   setup ──► prelaunch ──► running ◄──► paused
 *                              │◄──► io-error: a disk failed; goes on when it is back
 *                              │ reset: parked, drained, rebuilt, running again
 *                              ├──► shutdown        (on_poweroff/on_reboot/on_crash "preserve")
 *                              ├──► guest-panicked
 *                              └──► the end: machine_run() returns
 *
 * All functions from machine_state() on are called on the loop
 * thread with the board lock held (QMP handlers are), and wait only until the
 * vCPUs have left the engine, at most MACHINE_PARK_MS.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/config.h"

enum { MACHINE_PARK_MS = 5000 };

/* Exit statuses of hv-domain; those of a failed start are in main.c. */
enum { MACHINE_EXIT_PANIC = 3, MACHINE_EXIT_ENGINE = 4 };

enum machine_state {
	MACHINE_PRELAUNCH,
	MACHINE_RUNNING,
	MACHINE_PAUSED,
	MACHINE_SHUTDOWN, /* the guest is off, the process stays */
	MACHINE_PANICKED,
	MACHINE_INTERNAL_ERROR, /* the engine could not go on */
	MACHINE_WATCHDOG,       /* stopped by its watchdog; may be resumed */
	MACHINE_IO_ERROR,       /* paused until its disks answer again (io_retry.c) */
};

struct machine_options {
	const char *name;
	bool fencing;       /* the cluster's fencing may be relied on */
	bool deterministic; /* soft: time is retired instructions; for tests */
};

/* machine_setup() - Everything that needs rights: memory, engine, devices, kernel.  0 or -errno. */
int machine_setup(const struct hv_config *c, const struct machine_options *o, struct hv_error *err);

/* machine_start() - Create the run threads; all threads enter step 2 of the jail.  0 or -errno. */
int machine_start(struct hv_error *err);
/* machine_first_go() - The guest's first instruction.  Left out: prelaunch, until machine_resume(). */
void machine_first_go(void);

/* machine_run() - Until the end; returns the process's exit status. */
int machine_run(void);

/* machine_fini() - After machine_run() or a failed setup: threads, devices, sockets, memory. */
void machine_fini(void);

/* machine_state(), machine_state_name() - As query-status has it: "running", "paused", ... */
enum machine_state machine_state(void);
const char *machine_state_name(void);

/* machine_io_error_ms() - For how long it has been paused on an I/O error; 0: it is not. */
uint64_t machine_io_error_ms(void);

/*
 * machine_pause() - QMP stop: vCPUs out of the engine, clock stopped, devices
 * begin no new host I/O.  0 (also if it did not run), or -ETIMEDOUT.
 */
int machine_pause(struct hv_error *err);

/* machine_resume() - QMP cont.  0, or -EINVAL: the guest has ended and must be reset first. */
int machine_resume(struct hv_error *err);

/* machine_reset() - QMP system_reset: asks for it; it happens as soon as host I/O has drained. */
void machine_reset(void);

/* machine_nmi() - QMP inject-nmi: a non-maskable interrupt to every vCPU. */
void machine_nmi(void);

/* machine_powerdown() - QMP system_powerdown: the power button.  -ENOTSUP without ACPI. */
int machine_powerdown(struct hv_error *err);

/*
 * machine_quit() - End the process in order: as `reason` of the SHUTDOWN event
 * @cause is one of QEMU's ("host-qmp-quit", "host-signal").  Returns at once.
 */
void machine_quit(const char *cause);

struct adoption {
	const char *name, *resource, *incarnation; /* resource "": no cluster's */
};

/* machine_own() - Before machine_setup(): whose configuration may be given another name. */
void machine_own(struct hv_config *c);
/*
 * machine_adopt() - QMP x-taiki-adopt: this standby is the domain @a from now on; its run directory
 * has been renamed.  0, also where it is that already; -EINVAL, -EALREADY (it waits for
 * no adoption), -ENOMEM, with @err and nothing changed.
 */
int machine_adopt(const struct adoption *a, struct hv_error *err);

/* machine_drained() - Whether no device has host I/O in flight. */
bool machine_drained(void);

struct machine_info {
	const char *engine;     /* "kvm", "soft" */
	const char *engine_why; /* one sentence, with figures */
	unsigned vcpus;
	uint64_t clock; /* guest ns since first start */
	uint64_t resets;
	uint64_t pauses;
	uint64_t guest_faults;                                 /* what guest_fault() counted */
	uint64_t io_reads, io_writes, mmio_reads, mmio_writes; /* accesses that reached the board */
	uint64_t uart_bytes;                                   /* from the guest */
};
void machine_info(struct machine_info *out);

/* machine_retired() - Instructions vCPU @vcpu has completed (0: the engine does not count). */
uint64_t machine_retired(unsigned vcpu);

/* machine_thread_id() - The host thread that runs vCPU @vcpu (query-cpus-fast). */
int machine_thread_id(unsigned vcpu);

#endif
