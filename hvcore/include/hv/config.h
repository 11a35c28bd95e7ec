/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's configuration: what is left of a libvirt domain XML once every
 * element has had its verdict (hv/definition.h makes it), and what hv-domain
 * is started with.
 *
 * Between the two programs it travels as JSON in a sealed memfd
 * (hv_config_to_json(), hv_config_from_json()), so that hv-domain, which faces
 * the guest, contains no XML parser.  The JSON carries "version": 1; a reader
 * refuses another version and any key it does not know.
 *
 * Ownership: everything a struct hv_config points to belongs to it, and is
 * freed by hv_config_free().  A string that was not given is NULL.
 */
#ifndef HV_CONFIG_H
#define HV_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/limits.h"

enum {
	HV_CONFIG_VERSION = 1,
	HV_NAME_MAX =
		63, /* bytes of a name: [A-Za-z0-9][A-Za-z0-9._-]*, or a standby's (hv/standby.h) */
	HV_DISKS_MAX = 24, /* each of these limits is checked by the parser */
	HV_NICS_MAX = 8,
	HV_CHANNELS_MAX = 16,
	HV_VCPUS_MAX = 64,
	HV_ROLES_MAX = 16,
};

/* The channels that heartbeat and fencing speak on (heartbeat/beat.h, fencing/message.h). */
#define HV_CHANNEL_HEARTBEAT "org.taiki.heartbeat.0"
#define HV_CHANNEL_FENCE     "org.taiki.fence.0"
#define HV_CHANNEL_AGENT     "org.qemu.guest_agent.0"
/* A domain that has a standby is told its role here; hv-domain serves it itself (hv/role.h). */
#define HV_CHANNEL_ROLE "org.taiki.role.0"

enum hv_engine { HV_ENGINE_AUTO, HV_ENGINE_KVM, HV_ENGINE_SOFT };
enum hv_cpu_model { HV_CPU_TAIKI_BASE, HV_CPU_HOST_PASSTHROUGH };
/* What happens when the guest powers off, reboots or panics (on_*). */
enum hv_action { HV_ACTION_DESTROY, HV_ACTION_RESTART, HV_ACTION_PRESERVE };
/* What keeps a writable disk to one writer between hosts (design 5.2). */
enum hv_guard { HV_GUARD_FENCING, HV_GUARD_LEASE, HV_GUARD_MIRROR, HV_GUARD_SCSI_PR };

struct hv_disk {
	char *path; /* absolute: a regular file or a block device, raw; nbd, vhost: a Unix socket */
	char *target; /* its libvirt target, "vda"; names the disk in QMP and messages */
	char *serial; /* at most 20 bytes, or NULL */
	bool readonly;
	bool discard; /* discard='unmap': pass discards on */
	bool nbd;     /* what an NBD server exports at path, under no name */
	bool vhost;   /* what a vhost-user-blk server has at path */
	uint64_t
		reconnect; /* vhost: seconds between attempts when the server has gone; 0: none is made */
	/* error_policy='stop': an I/O error pauses the domain, and what failed is tried again. */
	bool pause_on_error;
	/*
	 * taiki:active-only: a standby (standby.waiting) starts with it closed, and
	 * does not own its path; it is opened at adoption.  Where the domain starts
	 * cold it is a disk like any other.
	 */
	bool gated;
	/*
	 * Bytes of the guest's smallest request, 512 or 4096; 0: as its storage has it, and of a
	 * closed gate, whose storage nobody has asked, 512.
	 */
	uint64_t block_size;
	enum hv_guard guard;
	char *lease_lockspace; /* guard lease: sanlock's lockspace, key, and path:offset */
	char *lease_key;
	char *lease_path;
	uint64_t lease_offset;   /* bytes */
	struct hv_limits limits; /* <iotune> */
};

struct hv_nic {
	char *bridge;    /* the bridge its tap joins, or NULL: */
	char *direct;    /* the interface of the host that is this guest's alone */
	char *tap;       /* the tap's name, or NULL: hv-domain makes one ("tk%d") */
	uint8_t mac[6];  /* always set: derived from the UUID where not given */
	unsigned queues; /* 1 */
	bool link_down;
	bool gated;              /* taiki:active-only: a standby starts with its link down */
	struct hv_limits limits; /* <bandwidth>: inbound is what the guest reads */
};

struct hv_channel {
	char *name;   /* "org.qemu.guest_agent.0" */
	char *socket; /* Unix socket path, or NULL: RUNDIR/channel/NAME.sock */
};

/* <cputune><vcpupin>: a virtual processor's own CPUs of the host, nobody else's domain on them. */
struct hv_pin {
	unsigned vcpu;
	char *cpuset; /* hv/cpuset.h */
};

/* What heartbeat does about a guest it finds failed (taiki:heartbeat action=). */
enum hv_heartbeat_action {
	HV_HEARTBEAT_RECOVER, /* tell Pacemaker, which recovers it */
	HV_HEARTBEAT_RESET,   /* reset it in place first; tell Pacemaker when that was too often */
	HV_HEARTBEAT_NOTIFY,  /* only say so: attribute, log, metrics */
};

/*
 * taiki:heartbeat; all times in milliseconds, except where said.  The figures
 * are the defaults, also where the element is not there; .beats is then false.
 */
struct hv_heartbeat {
	bool beats;            /* a guest is expected to beat on org.taiki.heartbeat.0 */
	unsigned timeout;      /* a guest silent for so long has failed; 10000 */
	unsigned interval;     /* the guest is asked to beat so often; 1000 */
	unsigned boot_grace;   /* after start and reset nothing is expected for so long; 120000 */
	unsigned min_uptime;   /* a reset in place only after so long since the last; 120000 */
	unsigned max_resets;   /* so many resets in place in reset_window, then Pacemaker; 3 */
	unsigned reset_window; /* seconds; 3600 */
	unsigned
		io_window; /* disk or network progress inside it speaks for the guest; 0: never; 5000 */
	unsigned
		io_grace; /* paused on an I/O error (taiki:on_io_error) it has failed after so long; 80000 */
	unsigned agent_timeout; /* ping of org.qemu.guest_agent.0 unanswered so long; 0: no ping */
	enum hv_heartbeat_action action;
};

/* <watchdog model= action=>: what happens when the guest's watchdog bites. */
enum hv_watchdog_model { HV_WATCHDOG_NONE, HV_WATCHDOG_I6300ESB, HV_WATCHDOG_WDAT };
enum hv_watchdog_action {
	HV_WATCHDOG_RESET,
	HV_WATCHDOG_SHUTDOWN, /* the power button */
	HV_WATCHDOG_POWEROFF,
	HV_WATCHDOG_PAUSE,
	HV_WATCHDOG_ACT_NONE,
	HV_WATCHDOG_INJECT_NMI,
};

/* taiki:standby: what waits for the domain, and with how little. */
struct hv_standby {
	bool wanted;  /* the element is there: a twin may be kept on other hosts */
	bool waiting; /* this configuration is a standby's (hv_standby_config()): gates are closed */
	bool spare;   /* a nameless spare may become it as well */
	bool template;   /* it is what spares are made from: the pool copies its own disks */
	uint64_t memory; /* bytes the balloon leaves while waiting; 0: current_memory */
	uint64_t shares; /* while waiting, as cputune's; 0: cputune's */
	int64_t quota;   /* while waiting, as cputune's; 0: cputune's */
};

/* taiki:minimum: to what it may be squeezed for the sake of others; 0: that not at all. */
struct hv_minimum {
	uint64_t memory; /* bytes */
	uint64_t shares;
	int64_t quota; /* microseconds a period, never -1 */
};

/* taiki:role: one thing that the guest is told with its role (hv/role.h). */
struct hv_role_data {
	char *key;   /* hv_role_key_ok(), and not "mac" with anything after it */
	char *value; /* hv_role_value_ok() */
};

struct hv_config {
	char *name;
	char uuid[37];           /* lower case, with dashes */
	uint64_t memory;         /* bytes, a multiple of 1 MiB: the guest's maximum */
	uint64_t current_memory; /* bytes the balloon leaves at start; <= memory */
	unsigned vcpus;          /* maximum */
	unsigned vcpus_current;  /* 1..vcpus */
	enum hv_engine engine;   /* taiki:engine */
	enum hv_cpu_model cpu;
	struct {
		uint64_t shares; /* 0: not given */
		uint64_t period; /* microseconds, 0: not given */
		int64_t quota;   /* microseconds, 0: not given, -1: no limit */
	} cputune;
	struct hv_pin pin[HV_VCPUS_MAX];
	unsigned npins;
	char *emulatorpin; /* the CPUs of its other threads, or NULL */
	char *kernel;      /* absolute; bzImage or ELF vmlinux */
	char *initrd;
	char *cmdline; /* "" if not given */
	char *loader;  /* test ROM, mapped to end at 4 GiB; kernel is then NULL */
	bool rtc_localtime;
	bool acpi; /* features/acpi, true if there is no <features> */
	enum hv_action on_poweroff, on_reboot, on_crash;
	bool serial;            /* a 16550A at 0x3f8 (always wired; false: goes nowhere) */
	bool console;           /* a virtio console on port 0 of the multiport device */
	bool console_is_serial; /* console.sock is the UART (true) or the virtio console */
	bool rng;
	bool balloon;
	unsigned balloon_stats_period; /* seconds, 0: off */
	bool free_page_reporting;
	bool balloon_autodeflate; /* a guest that is out of memory may take some back unasked */
	bool panic;               /* pvpanic */
	enum hv_watchdog_model watchdog;
	enum hv_watchdog_action watchdog_action;
	struct hv_heartbeat heartbeat;
	/*
	 * taiki:fencing group=: the guest cluster it is a member of.  Members may
	 * fence one another through org.taiki.fence.0, which this element adds.
	 * NULL: it may fence nobody, and no guest may fence it.
	 */
	char *fence_group;
	struct hv_standby standby;
	struct hv_minimum minimum;
	unsigned priority; /* taiki:priority, 0..1000: the lower shrinks first; 0 */
	struct hv_role_data role[HV_ROLES_MAX];
	unsigned nroles;
	struct hv_disk disk[HV_DISKS_MAX];
	unsigned ndisks;
	struct hv_nic nic[HV_NICS_MAX];
	unsigned nnics;
	struct hv_channel channel[HV_CHANNELS_MAX];
	unsigned nchannels;
};

/* An error for a person: object, attempted action, reason, next step. */
struct hv_error {
	char text[512];
};

/*
 * hv_err() - Fill @err with a formatted message and return @rc, so that
 * callers can say `return hv_err(err, -EINVAL, "...")`.  @err may be NULL.
 */
int hv_err(struct hv_error *err, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* hv_config_init() - Zeroes @c and sets the defaults named above. */
void hv_config_init(struct hv_config *c);

/* hv_config_free() - Frees what @c points to and zeroes it.  @c stays the caller's. */
void hv_config_free(struct hv_config *c);

/*
 * hv_config_check() - Whether @c is consistent: ranges, limits, names,
 * duplicate disks, MACs and channels.  Both sides call it; hv-domain does not
 * trust its starter.  Returns 0, or -EINVAL with @err naming the object.
 */
int hv_config_check(const struct hv_config *c, struct hv_error *err);

/*
 * hv_config_to_json() - @c as JSON text, keys sorted.  Returns a string the
 * caller frees, or NULL when memory ran out.
 */
char *hv_config_to_json(const struct hv_config *c);

/*
 * hv_config_from_json() - Reads @len bytes of JSON into @c (initialised here,
 * and left free of allocations on failure).  Returns 0, -EINVAL (malformed, unknown key or
 * version, out of range; @err says which) or -ENOMEM.
 */
int hv_config_from_json(struct hv_config *c, const char *text, size_t len, struct hv_error *err);

#endif
