// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Building the machine: everything that needs rights, in one order that can be
 * read from top to bottom, and taking it down again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/role.h"
#include "hv/rundir.h"
#include "hv/standby.h"

#include "board_private.h"
#include "boot.h"
#include "chardev.h"
#include "clock.h"
#include "control/control.h"
#include "device/device.h"
#include "device/watchdog.h"
#include "log.h"
#include "loop.h"
#include "machine.h"
#include "machine_private.h"
#include "pci_private.h"
#include "ram.h"
#include "threads.h"
#include "virtio/devices.h"

char machine_engine_why[200];

static struct ram ram = {.memfd = -1};
static struct clock clock_;

static void tell_engine(void *opaque, uint64_t gpa, uint64_t len)
{
	board.engine_ops->ram_written(board.engine, gpa, len);
}

static int make_engine(const struct hv_config *c, struct hv_error *err)
{
	struct engine_config ec = {
		.board = &board_for_engine,
		.ram = &ram,
		.clock = &clock_,
		.vcpus = c->vcpus,
		.cpu = c->cpu,
		.progress = board.progress,
		.deterministic = clock_.virtual,
	};
	int rc;

	board.engine_ops = engine_choose(c->engine, hv_run_root(), machine_engine_why, err);
	if (!board.engine_ops)
		return -ENODEV;
	rc = board.engine_ops->create(&ec, &board.engine, err);
	if (rc)
		return rc;
	ram.written = tell_engine;
	log_line(LOG_NOTICE, "engine %s: %s", board.engine_ops->name, machine_engine_why);
	return 0;
}

/* The board's own devices.  The order is that of the interrupt controllers' needs. */
static int make_board(const struct hv_config *c, struct hv_error *err)
{
	int rc = pic_create();

	if (!rc)
		rc = ioapic_create();
	if (!rc)
		rc = pit_create();
	if (!rc)
		rc = rtc_create(c);
	if (!rc)
		rc = uart_create();
	if (!rc)
		rc = reset_create();
	if (!rc)
		rc = pci_create();
	if (!rc && c->acpi)
		rc = acpi_pm_create();
	if (!rc && c->panic)
		rc = pvpanic_create();
	if (!rc)
		rc = watchdog_create(c);
	if (!rc && getenv("TAIKI_DEBUG_EXIT"))
		rc = debug_exit_create();
	return rc ? hv_err(err, rc, "the board's devices: %s", strerror(-rc)) : 0;
}

static int make_disks(const struct hv_config *c, const struct machine_options *o,
		      struct hv_error *err)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < c->ndisks; i++)
		rc = virtio_blk_create(&c->disk[i], c->name, o->fencing,
				       c->standby.waiting && c->disk[i].gated, err);
	for (unsigned i = 0; !rc && i < c->nnics; i++)
		rc = virtio_net_create(&c->nic[i], i, c->standby.waiting && c->nic[i].gated, err);
	return rc;
}

/* The console's socket belongs to the UART or to port 0 of the virtio console. */
static int make_consoles(const struct hv_config *c, struct hv_error *err)
{
	char console[4096], log[4096], channels[4096];
	bool is_serial = c->console_is_serial || !c->console;
	struct chardev_config cfg = {.log = log, .socket = is_serial ? console : NULL};
	struct chardev *uart;
	int rc = hv_run_path(console, sizeof(console), c->name, "console.sock");

	if (!rc)
		rc = hv_run_path(log, sizeof(log), c->name,
				 is_serial ? "console.log" : "serial.log");
	if (!rc)
		rc = hv_run_path(channels, sizeof(channels), c->name, "channel");
	if (rc)
		return hv_err(err, rc, "domain %s: its run directory's path is too long", c->name);
	if (c->serial || is_serial) {
		rc = chardev_open(&cfg, &uart_chardev, NULL, &uart, err);
		if (rc)
			return rc;
		uart_attach(uart);
	}
	if (!c->console && !c->nchannels)
		return 0;
	return virtio_console_create(c, is_serial ? NULL : console, channels, err);
}

/* Who is started as the domain itself is told the role that an adopter would tell a standby. */
static int make_role(const struct hv_config *c, struct hv_error *err)
{
	char line[HV_ROLE_LINE_MAX];
	struct hv_role role;

	if (!c->standby.wanted || c->standby.waiting || !virtio_role_served())
		return 0;
	if (hv_role_message(c, 1, &role) || hv_role_format(line, &role) < 0)
		return hv_err(err, -EINVAL, "domain %s: its role does not fit into one line",
			      c->name);
	return virtio_role_say(line, true, err);
}

static int make_virtio(const struct hv_config *c, const struct machine_options *o,
		       struct hv_error *err)
{
	int rc = make_disks(c, o, err);

	if (!rc)
		rc = make_consoles(c, err);
	if (!rc)
		rc = make_role(c, err);
	if (!rc && c->rng)
		rc = virtio_rng_create(err);
	if (!rc && c->balloon)
		rc = virtio_balloon_create(c, err);
	return rc;
}

static int make_control(const struct hv_config *c, struct hv_error *err)
{
	char path[4096];
	int rc = hv_run_path(path, sizeof(path), c->name, "qmp.sock");

	if (rc)
		return hv_err(err, rc, "domain %s: its run directory's path is too long", c->name);
	return control_listen(path, err);
}

int machine_setup(const struct hv_config *c, const struct machine_options *o, struct hv_error *err)
{
	int rc;

	board_forget();
	board.config = c;
	board.ram = &ram;
	board.clock = &clock_;
	clock_init(&clock_, o->deterministic);
	rc = boot_open(c, err);
	if (rc)
		return rc;
	rc = loop_init(&clock_);
	if (rc)
		return hv_err(err, rc, "loop: %s", strerror(-rc));
	board_lock();
	rc = machine_wake_init(err);
	if (!rc)
		rc = ram_create(&ram, c->memory, err);
	if (!rc)
		rc = make_engine(c, err);
	if (!rc)
		rc = make_board(c, err);
	if (!rc)
		rc = make_virtio(c, o, err);
	if (!rc)
		rc = make_control(c, err);
	if (!rc)
		rc = boot_load(c, err);
	board_unlock();
	return rc;
}

void machine_fini(void)
{
	if (board.engine)
		threads_end();
	board_lock();
	control_close();
	chardev_close_all();
	board_unlock();
	machine_wake_fini();
	if (board.engine)
		board.engine_ops->destroy(board.engine);
	board.engine = NULL;
	boot_close();
	ram_destroy(&ram);
	loop_fini();
}
