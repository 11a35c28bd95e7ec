// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP commands that the machine answers.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/vmm/board.h"
#include "hvcore/vmm/device/watchdog.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/machine.h"
#include "hvcore/vmm/virtio/devices.h"

#include "command.h"
#include "control.h"

enum { OWING_MS = 1000 }; /* a disk that has answered nothing for longer is worth a word */

static int no_memory_if(json_t *ret, struct hv_error *err)
{
	return ret ? 0 : hv_err(err, -ENOMEM, "out of memory");
}

static int query_status(const json_t *args, json_t **ret, struct hv_error *err)
{
	uint64_t error_ms = machine_io_error_ms(), owing_ms;
	const char *disk = "";

	*ret = json_pack("{s:b, s:b, s:s}", "running", machine_state() == MACHINE_RUNNING,
			 "singlestep", 0, "status", machine_state_name());
	if (error_ms) {
		json_object_set_new(*ret, "x-taiki-io-error-ms",
				    json_integer((json_int_t)error_ms));
		json_object_set_new(*ret, "x-taiki-io-grace-ms",
				    json_integer(board.config->heartbeat.io_grace));
	}
	owing_ms = virtio_blk_owing_ms(&disk);
	if (owing_ms >= OWING_MS) {
		json_object_set_new(*ret, "x-taiki-owing-ms", json_integer((json_int_t)owing_ms));
		json_object_set_new(*ret, "x-taiki-owing-disk", json_string(disk));
	}
	return no_memory_if(*ret, err);
}

static int stop(const json_t *args, json_t **ret, struct hv_error *err)
{
	return machine_pause(err);
}

static int cont(const json_t *args, json_t **ret, struct hv_error *err)
{
	return machine_resume(err);
}

static int system_powerdown(const json_t *args, json_t **ret, struct hv_error *err)
{
	return machine_powerdown(err);
}

static int system_reset(const json_t *args, json_t **ret, struct hv_error *err)
{
	machine_reset();
	return 0;
}

static int inject_nmi(const json_t *args, json_t **ret, struct hv_error *err)
{
	machine_nmi();
	return 0;
}

static int watchdog_set(const json_t *args, json_t **ret, struct hv_error *err)
{
	return watchdog_set_action(json_string_value(json_object_get(args, "action")), err);
}

static int quit(const json_t *args, json_t **ret, struct hv_error *err)
{
	machine_quit("host-qmp-quit");
	return 0;
}

static int query_cpus_fast(const json_t *args, json_t **ret, struct hv_error *err)
{
	struct machine_info info;
	json_t *cpus = json_array();

	machine_info(&info);
	for (unsigned i = 0; i < info.vcpus; i++)
		json_array_append_new(cpus,
				      json_pack("{s:i, s:i, s:s, s:{}, s:I}", "cpu-index", (int)i,
						"thread-id", machine_thread_id(i), "target",
						"x86_64", "props", "x-taiki-retired",
						(json_int_t)machine_retired(i)));
	*ret = cpus;
	return no_memory_if(cpus, err);
}

static int query_version(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = version_json();
	return no_memory_if(*ret, err);
}

static int query_name(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = json_pack("{s:s}", "name", board.config->name);
	return no_memory_if(*ret, err);
}

static int query_uuid(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = json_pack("{s:s}", "UUID", board.config->uuid);
	return no_memory_if(*ret, err);
}

static int query_kvm(const json_t *args, json_t **ret, struct hv_error *err)
{
	struct machine_info info;
	bool kvm;

	machine_info(&info);
	kvm = !strcmp(info.engine, "kvm");
	*ret = json_pack("{s:b, s:b}", "enabled", kvm, "present", kvm);
	return no_memory_if(*ret, err);
}

static int query_commands(const json_t *args, json_t **ret, struct hv_error *err)
{
	json_t *names = json_array();

	for (const struct command *const *t = command_tables; *t; t++)
		for (const struct command *c = *t; c->name; c++)
			json_array_append_new(names, json_pack("{s:s}", "name", c->name));
	*ret = names;
	return no_memory_if(names, err);
}

static json_t *machine_counters(const struct machine_info *i)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "resets",
			 (json_int_t)i->resets, "pauses", (json_int_t)i->pauses, "guest-faults",
			 (json_int_t)i->guest_faults, "io-reads", (json_int_t)i->io_reads,
			 "io-writes", (json_int_t)i->io_writes, "mmio-reads",
			 (json_int_t)i->mmio_reads, "mmio-writes", (json_int_t)i->mmio_writes,
			 "uart-bytes", (json_int_t)i->uart_bytes);
}

static json_t *qmp_counters(void)
{
	const struct control_counters *c = &control_counters;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "clients", (json_int_t)c->clients,
			 "refused", (json_int_t)c->refused, "dropped", (json_int_t)c->dropped,
			 "requests", (json_int_t)c->requests, "events", (json_int_t)c->events,
			 "fds-closed", (json_int_t)c->fds_closed);
}

/*
 * x-taiki-info: what QMP has no name for.  "incarnation" names this start of
 * the domain, "resource" is null where no cluster owns it, "uptime-ns" is the
 * host's time since the start, "clock-ns" the guest's (it stands still in `stop`).
 */
static int taiki_info(const json_t *args, json_t **ret, struct hv_error *err)
{
	const struct control_identity *id = &control_identity;
	struct machine_info i;

	machine_info(&i);
	*ret = json_pack(
		"{s:s, s:s, s:i, s:s?, s:s?, s:s?, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:o, s:o, s:o}",
		"name", board.config->name, "uuid", board.config->uuid, "pid", (int)getpid(),
		"incarnation", id->incarnation, "resource", id->resource, "jail", id->jail,
		"status", machine_state_name(), "engine", i.engine, "engine-why", i.engine_why,
		"vcpus", (int)i.vcpus, "memory", (json_int_t)board.config->memory, "clock-ns",
		(json_int_t)i.clock, "uptime-ns", (json_int_t)(loop_host_now() - id->started),
		"watchdog", watchdog_query(), "counters", machine_counters(&i), "qmp",
		qmp_counters());
	return no_memory_if(*ret, err);
}

const struct command commands[] = {
	{.name = "query-status", .run = query_status},
	{.name = "stop", .run = stop},
	{.name = "cont", .run = cont},
	{.name = "system_powerdown", .run = system_powerdown},
	{.name = "system_reset", .run = system_reset},
	{.name = "inject-nmi", .run = inject_nmi},
	{.name = "watchdog-set-action", .run = watchdog_set, .args = {{"action", ARG_STRING}}},
	{.name = "quit", .run = quit},
	{.name = "query-cpus-fast", .run = query_cpus_fast},
	{.name = "query-version", .run = query_version},
	{.name = "query-name", .run = query_name},
	{.name = "query-uuid", .run = query_uuid},
	{.name = "query-kvm", .run = query_kvm},
	{.name = "query-commands", .run = query_commands},
	{.name = "x-taiki-info", .run = taiki_info},
	{.name = NULL},
};

const struct command *const command_tables[] = {commands,    device_commands,  limit_commands,
						fd_commands, standby_commands, NULL};
