// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a configuration is called as JSON: one table of fields a structure, for both
 * directions, so that they cannot drift apart.
 */
#include <stddef.h>

#include "config_fields.h"

static const char *const engines[] = {"auto", "kvm", "soft", NULL};
static const char *const cpus[] = {"taiki-base", "host-passthrough", NULL};
static const char *const actions[] = {"destroy", "restart", "preserve", NULL};
static const char *const watchdogs[] = {"none", "i6300esb", "wdat", NULL};
static const char *const watchdog_actions[] = {"reset", "shutdown",   "poweroff", "pause",
					       "none",  "inject-nmi", NULL};
static const char *const heartbeat_actions[] = {"recover", "reset", "notify", NULL};
static const char *const guards[] = {"fencing", "lease", "mirror", "scsi-pr", NULL};

#define F(s, t, k)                                                             \
	{                                                                      \
		.key = #k, .type = CONFIG_##t, .offset = offsetof(struct s, k) \
	}
#define FE(s, k, n)                                                                         \
	{                                                                                   \
		.key = #k, .type = CONFIG_ENUM, .offset = offsetof(struct s, k), .names = n \
	}
#define RATE(s, i, k)                                                                        \
	{.key = k, .type = CONFIG_U64_IF, .offset = offsetof(struct s, limits.rate[i].avg)}, \
		{.key = k "_max",                                                            \
		 .type = CONFIG_U64_IF,                                                      \
		 .offset = offsetof(struct s, limits.rate[i].max)},                          \
	{                                                                                    \
		.key = k "_burst", .type = CONFIG_U64_IF,                                    \
		.offset = offsetof(struct s, limits.rate[i].burst)                           \
	}
#define LIMITS(s)                                                                           \
	RATE(s, HV_BPS, "bps"), RATE(s, HV_BPS_RD, "bps_rd"), RATE(s, HV_BPS_WR, "bps_wr"), \
		RATE(s, HV_IOPS, "iops"), RATE(s, HV_IOPS_RD, "iops_rd"),                   \
		RATE(s, HV_IOPS_WR, "iops_wr"),                                             \
	{                                                                                   \
		.key = "iops_size", .type = CONFIG_U64_IF,                                  \
		.offset = offsetof(struct s, limits.iops_size)                              \
	}
#define CPUTUNE(t, k)                                             \
	{                                                         \
		.key = #k, .type = CONFIG_##t,                    \
		.offset = offsetof(struct hv_config, cputune.k) - \
			  offsetof(struct hv_config, cputune)     \
	}

const struct config_field config_top[] = {
	F(hv_config, STR, name),
	F(hv_config, UUID, uuid),
	F(hv_config, U64, memory),
	F(hv_config, U64, current_memory),
	F(hv_config, UINT, vcpus),
	F(hv_config, UINT, vcpus_current),
	FE(hv_config, engine, engines),
	FE(hv_config, cpu, cpus),
	F(hv_config, STR, kernel),
	F(hv_config, STR, initrd),
	F(hv_config, STR, cmdline),
	F(hv_config, STR, loader),
	F(hv_config, BOOL, rtc_localtime),
	F(hv_config, BOOL, acpi),
	FE(hv_config, on_poweroff, actions),
	FE(hv_config, on_reboot, actions),
	FE(hv_config, on_crash, actions),
	F(hv_config, BOOL, serial),
	F(hv_config, BOOL, console),
	F(hv_config, BOOL, console_is_serial),
	F(hv_config, BOOL, rng),
	F(hv_config, BOOL, balloon),
	F(hv_config, UINT, balloon_stats_period),
	F(hv_config, BOOL, free_page_reporting),
	F(hv_config, BOOL, balloon_autodeflate),
	F(hv_config, BOOL, panic),
	FE(hv_config, watchdog, watchdogs),
	FE(hv_config, watchdog_action, watchdog_actions),
	F(hv_config, STR, fence_group),
	F(hv_config, UINT, priority),
	F(hv_config, STR, emulatorpin),
	{0},
};

static const struct config_field cputune[] = {
	CPUTUNE(U64, shares),
	CPUTUNE(U64, period),
	CPUTUNE(I64, quota),
	{0},
};

static const struct config_field heartbeat[] = {
	F(hv_heartbeat, BOOL, beats),
	F(hv_heartbeat, UINT, timeout),
	F(hv_heartbeat, UINT, interval),
	F(hv_heartbeat, UINT, boot_grace),
	F(hv_heartbeat, UINT, min_uptime),
	F(hv_heartbeat, UINT, max_resets),
	F(hv_heartbeat, UINT, reset_window),
	F(hv_heartbeat, UINT, io_window),
	F(hv_heartbeat, UINT, io_grace),
	F(hv_heartbeat, UINT, agent_timeout),
	FE(hv_heartbeat, action, heartbeat_actions),
	{0},
};

static const struct config_field disk[] = {
	F(hv_disk, STR, path),
	F(hv_disk, STR, target),
	F(hv_disk, STR, serial),
	F(hv_disk, BOOL, readonly),
	F(hv_disk, BOOL, discard),
	F(hv_disk, BOOL, gated),
	F(hv_disk, U64_IF, block_size),
	F(hv_disk, BOOL_IF, nbd),
	F(hv_disk, BOOL_IF, vhost),
	F(hv_disk, U64_IF, reconnect),
	F(hv_disk, BOOL_IF, pause_on_error),
	FE(hv_disk, guard, guards),
	F(hv_disk, STR, lease_lockspace),
	F(hv_disk, STR, lease_key),
	F(hv_disk, STR, lease_path),
	F(hv_disk, U64, lease_offset),
	LIMITS(hv_disk),
	{0},
};

static const struct config_field nic[] = {
	F(hv_nic, STR, bridge), F(hv_nic, STR, direct),  F(hv_nic, STR, tap),
	F(hv_nic, MAC, mac),    F(hv_nic, UINT, queues), F(hv_nic, BOOL, link_down),
	F(hv_nic, BOOL, gated), LIMITS(hv_nic),          {0},
};

static const struct config_field channel[] = {
	F(hv_channel, STR, name),
	F(hv_channel, STR, socket),
	{0},
};

static const struct config_field standby[] = {
	F(hv_standby, BOOL, wanted), F(hv_standby, BOOL, waiting),
	F(hv_standby, BOOL, spare),  F(hv_standby, BOOL, template),
	F(hv_standby, U64, memory),  F(hv_standby, U64, shares),
	F(hv_standby, I64, quota),   {0},
};

static const struct config_field minimum[] = {
	F(hv_minimum, U64, memory),
	F(hv_minimum, U64, shares),
	F(hv_minimum, I64, quota),
	{0},
};

static const struct config_field pin[] = {
	F(hv_pin, UINT, vcpu),
	F(hv_pin, STR, cpuset),
	{0},
};

static const struct config_field role[] = {
	F(hv_role_data, STR, key),
	F(hv_role_data, STR, value),
	{0},
};

const struct config_array config_arrays[CONFIG_ARRAYS] = {
	{"disk", disk, offsetof(struct hv_config, disk), offsetof(struct hv_config, ndisks),
	 sizeof(struct hv_disk), HV_DISKS_MAX},
	{"nic", nic, offsetof(struct hv_config, nic), offsetof(struct hv_config, nnics),
	 sizeof(struct hv_nic), HV_NICS_MAX},
	{"channel", channel, offsetof(struct hv_config, channel),
	 offsetof(struct hv_config, nchannels), sizeof(struct hv_channel), HV_CHANNELS_MAX},
	{"role", role, offsetof(struct hv_config, role), offsetof(struct hv_config, nroles),
	 sizeof(struct hv_role_data), HV_ROLES_MAX},
	{"pin", pin, offsetof(struct hv_config, pin), offsetof(struct hv_config, npins),
	 sizeof(struct hv_pin), HV_VCPUS_MAX, .if_any = true},
};

const struct config_part config_parts[CONFIG_PARTS] = {
	{"cputune", cputune, offsetof(struct hv_config, cputune)},
	{"heartbeat", heartbeat, offsetof(struct hv_config, heartbeat)},
	{"standby", standby, offsetof(struct hv_config, standby)},
	{"minimum", minimum, offsetof(struct hv_config, minimum)},
};
