// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a configuration is consistent.  hv-domain calls this on what it is
 * handed, so nothing here may rely on the XML parser having been there first.
 */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/un.h>

#include "hv/config.h"
#include "hv/rundir.h"

#include "config_check.h"

enum {
	CMDLINE_MAX = 2047, /* bytes: x86's COMMAND_LINE_SIZE less the final NUL */
	SERIAL_MAX = 20,    /* bytes: virtio 1.2 section 5.2.6, GET_ID */
	CHANNEL_MAX = 63,   /* bytes: it also names a file in the run directory */
	WORD_MAX = 48,      /* bytes: sanlock's names for lockspaces and resources */
	TARGET_MAX = 15,
	RECONNECT_MAX = 3600, /* seconds */
	PATH_LEN_MAX = 4095,
	CPU_SHARES_MIN = 2, /* the kernel's own limits for cpu.shares, period and quota */
	CPU_SHARES_MAX = 262144,
	CPU_PERIOD_MIN = 1000,
	CPU_PERIOD_MAX = 1000000,
	CPU_QUOTA_MIN = 1000,
	STATS_PERIOD_MAX = 86400,
};

static const uint64_t MIB = 1024 * 1024;
static const uint64_t MEMORY_MAX = 16ULL << 40;
static const int64_t CPU_QUOTA_MAX = 17592186044415LL; /* libvirt's and the kernel's limit */

static bool printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* A file name part, a lockspace, a target: no slash, no blank, no leading dot. */
static bool word(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (!n || n > max || *s == '.')
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= 0x20 || *s == 0x7f || *s == '/' || *s == ':')
			return false;
	return true;
}

static int path(const char *what, const char *p, struct hv_error *err)
{
	if (!p || *p != '/')
		return hv_err(err, -EINVAL, "%s: the path \"%s\" is not absolute", what,
			      p ? p : "");
	if (strlen(p) > PATH_LEN_MAX || !printable(p))
		return hv_err(err, -EINVAL, "%s: the path is longer than %d bytes or not printable",
			      what, PATH_LEN_MAX);
	return 0;
}

static bool uuid_ok(const char *u)
{
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? u[i] != '-'
			 : !isxdigit((unsigned char)u[i]) || isupper((unsigned char)u[i]))
			return false;
	}
	return !u[36];
}

static int check_size(const struct hv_config *c, struct hv_error *err)
{
	if (!c->memory || c->memory % MIB || c->memory > MEMORY_MAX)
		return hv_err(
			err, -EINVAL,
			"%s: memory is %llu bytes, and must be a multiple of 1 MiB up to 16 TiB",
			c->name, (unsigned long long)c->memory);
	if (!c->current_memory || c->current_memory > c->memory)
		return hv_err(
			err, -EINVAL,
			"%s: currentMemory is %llu bytes, and must be between 1 and memory (%llu)",
			c->name, (unsigned long long)c->current_memory,
			(unsigned long long)c->memory);
	if (!c->vcpus || c->vcpus > HV_VCPUS_MAX)
		return hv_err(err, -EINVAL, "%s: %u vcpus, and 1 to %d are possible", c->name,
			      c->vcpus, HV_VCPUS_MAX);
	if (!c->vcpus_current || c->vcpus_current > c->vcpus)
		return hv_err(err, -EINVAL, "%s: %u current vcpus, and 1 to %u are possible",
			      c->name, c->vcpus_current, c->vcpus);
	return 0;
}

int hv_check_share(const char *name, const char *what, uint64_t shares, int64_t quota,
		   struct hv_error *err)
{
	if (shares && (shares < CPU_SHARES_MIN || shares > CPU_SHARES_MAX))
		return hv_err(err, -EINVAL, "%s: %s shares %llu, and %d to %d are possible", name,
			      what, (unsigned long long)shares, CPU_SHARES_MIN, CPU_SHARES_MAX);
	if (quota && quota != -1 && (quota < CPU_QUOTA_MIN || quota > CPU_QUOTA_MAX))
		return hv_err(err, -EINVAL,
			      "%s: %s quota %lld us, and -1 or %d to %lld are possible", name, what,
			      (long long)quota, CPU_QUOTA_MIN, (long long)CPU_QUOTA_MAX);
	return 0;
}

static int check_cputune(const struct hv_config *c, struct hv_error *err)
{
	uint64_t period = c->cputune.period;

	if (period && (period < CPU_PERIOD_MIN || period > CPU_PERIOD_MAX))
		return hv_err(err, -EINVAL, "%s: cputune period %llu us, and %d to %d are possible",
			      c->name, (unsigned long long)period, CPU_PERIOD_MIN, CPU_PERIOD_MAX);
	return hv_check_share(c->name, "cputune", c->cputune.shares, c->cputune.quota, err);
}

static int check_boot(const struct hv_config *c, struct hv_error *err)
{
	int rc;

	if (!c->kernel == !c->loader)
		return hv_err(err, -EINVAL, "%s: give either a kernel or a loader in <os>",
			      c->name);
	rc = path(c->kernel ? "kernel" : "loader", c->kernel ? c->kernel : c->loader, err);
	if (!rc && c->initrd && !c->kernel)
		return hv_err(err, -EINVAL, "%s: an initrd needs a kernel", c->name);
	if (!rc && c->initrd)
		rc = path("initrd", c->initrd, err);
	if (rc)
		return rc;
	if (!c->cmdline || strlen(c->cmdline) > CMDLINE_MAX || !printable(c->cmdline))
		return hv_err(err, -EINVAL,
			      "%s: cmdline is missing, not printable or longer than %d bytes",
			      c->name, CMDLINE_MAX);
	if ((unsigned)c->on_poweroff > HV_ACTION_PRESERVE ||
	    (unsigned)c->on_reboot > HV_ACTION_PRESERVE ||
	    (unsigned)c->on_crash > HV_ACTION_PRESERVE || (unsigned)c->engine > HV_ENGINE_SOFT ||
	    (unsigned)c->cpu > HV_CPU_HOST_PASSTHROUGH)
		return hv_err(err, -EINVAL, "%s: an on_* action, engine or cpu model is unknown",
			      c->name);
	if (c->console_is_serial && !c->serial)
		return hv_err(err, -EINVAL, "%s: the console is a serial port, and there is none",
			      c->name);
	if (c->balloon_stats_period > STATS_PERIOD_MAX)
		return hv_err(err, -EINVAL, "%s: memballoon's stats period is %u s, at most %d",
			      c->name, c->balloon_stats_period, STATS_PERIOD_MAX);
	return 0;
}

static int check_lease(const struct hv_disk *d, struct hv_error *err)
{
	bool any = d->lease_lockspace || d->lease_key || d->lease_path || d->lease_offset;

	if ((unsigned)d->guard > HV_GUARD_SCSI_PR)
		return hv_err(err, -EINVAL, "disk %s: its guard is unknown", d->target);
	if (d->guard != HV_GUARD_LEASE)
		return any ? hv_err(err, -EINVAL,
				    "disk %s: a lease is given, but its guard is not lease",
				    d->target)
			   : 0;
	if (d->readonly)
		return hv_err(err, -EINVAL, "disk %s: a read-only disk needs no lease", d->target);
	if (!d->lease_lockspace || !word(d->lease_lockspace, WORD_MAX) || !d->lease_key ||
	    !word(d->lease_key, WORD_MAX))
		return hv_err(err, -EINVAL,
			      "disk %s: guard lease needs a lockspace and a key of 1 to %d bytes",
			      d->target, WORD_MAX);
	if (d->lease_offset > INT64_MAX || d->lease_offset % 512)
		return hv_err(err, -EINVAL, "disk %s: the lease's offset is not a multiple of 512",
			      d->target);
	return path("lease", d->lease_path, err);
}

/* What a disk behind a server can be, and what only it can be. */
static int check_served(const struct hv_disk *d, struct hv_error *err)
{
	if (d->guard == HV_GUARD_MIRROR && !d->nbd && !d->vhost)
		return hv_err(err, -EINVAL,
			      "disk %s: the guard mirror is the promotion of a mirror that serves "
			      "it over NBD or vhost-user, and it is not served like that",
			      d->target);
	if (d->nbd && d->vhost)
		return hv_err(err, -EINVAL, "disk %s: it is served over NBD and over vhost-user",
			      d->target);
	if (d->reconnect && !d->vhost)
		return hv_err(err, -EINVAL,
			      "disk %s: it is not served over vhost-user, so that there is nothing "
			      "to reconnect to",
			      d->target);
	if (d->reconnect && d->gated)
		return hv_err(
			err, -EINVAL,
			"disk %s: it is active-only: who adopts a standby connects it once, and "
			"nobody is there to reconnect: leave <reconnect> out",
			d->target);
	if (d->reconnect > RECONNECT_MAX)
		return hv_err(err, -EINVAL,
			      "disk %s: %llu seconds until it is tried to reconnect, at most %d",
			      d->target, (unsigned long long)d->reconnect, RECONNECT_MAX);
	return 0;
}

static int check_disks(const struct hv_config *c, struct hv_error *err)
{
	int rc;

	if (c->ndisks > HV_DISKS_MAX)
		return hv_err(err, -EINVAL, "%s: more than %d disks", c->name, HV_DISKS_MAX);
	for (unsigned i = 0; i < c->ndisks; i++) {
		const struct hv_disk *d = &c->disk[i];

		if (!d->target || !word(d->target, TARGET_MAX))
			return hv_err(err, -EINVAL, "%s: disk %u has no good target name", c->name,
				      i);
		rc = path(d->target, d->path, err);
		if (!rc)
			rc = check_lease(d, err);
		if (!rc)
			rc = check_served(d, err);
		if (rc)
			return rc;
		if (d->serial &&
		    (!*d->serial || strlen(d->serial) > SERIAL_MAX || !printable(d->serial)))
			return hv_err(err, -EINVAL,
				      "disk %s: its serial is not 1 to %d printable bytes",
				      d->target, SERIAL_MAX);
		if (d->block_size && d->block_size != 512 && d->block_size != 4096)
			return hv_err(
				err, -EINVAL,
				"disk %s: a block size of %llu bytes, and 512 or 4096 are possible",
				d->target, (unsigned long long)d->block_size);
		for (unsigned j = 0; j < i; j++) {
			const struct hv_disk *e = &c->disk[j];

			if (!strcmp(d->target, e->target))
				return hv_err(err, -EINVAL, "%s: two disks have the target %s",
					      c->name, d->target);
			if (!strcmp(d->path, e->path) && !(d->readonly && e->readonly))
				return hv_err(
					err, -EINVAL,
					"%s: the disks %s and %s are the same file, %s, and not both read-only",
					c->name, e->target, d->target, d->path);
		}
	}
	return 0;
}

/* A bridge, or an interface of its own, which nothing but its own link can close. */
static int check_way(const struct hv_config *c, unsigned i, struct hv_error *err)
{
	const struct hv_nic *n = &c->nic[i];
	const char *way = n->direct ? n->direct : n->bridge;

	if (!way || !word(way, IFNAMSIZ - 1) || (n->direct && n->bridge))
		return hv_err(err, -EINVAL, "%s: interface %u has no good %s name", c->name, i,
			      n->direct ? "interface" : "bridge");
	if (n->direct && (n->gated || n->link_down || n->tap))
		return hv_err(err, -EINVAL,
			      "%s: interface %u is %s of the host itself: it can be neither "
			      "active-only nor down, and has no target",
			      c->name, i, n->direct);
	for (unsigned j = 0; n->direct && j < i; j++)
		if (c->nic[j].direct && !strcmp(n->direct, c->nic[j].direct))
			return hv_err(err, -EINVAL, "%s: two interfaces are %s", c->name,
				      n->direct);
	return 0;
}

static int check_nics(const struct hv_config *c, struct hv_error *err)
{
	if (c->nnics > HV_NICS_MAX)
		return hv_err(err, -EINVAL, "%s: more than %d interfaces", c->name, HV_NICS_MAX);
	for (unsigned i = 0; i < c->nnics; i++) {
		const struct hv_nic *n = &c->nic[i];
		static const uint8_t zero[6];

		if (check_way(c, i, err))
			return -EINVAL;
		if (n->tap && !word(n->tap, IFNAMSIZ - 1))
			return hv_err(err, -EINVAL, "%s: interface %u: bad target name \"%s\"",
				      c->name, i, n->tap);
		if ((n->mac[0] & 1) || !memcmp(n->mac, zero, 6))
			return hv_err(err, -EINVAL,
				      "%s: interface %u: its MAC is not a unicast address", c->name,
				      i);
		if (n->queues != 1)
			return hv_err(err, -EINVAL,
				      "%s: interface %u: %u queues, and 1 is possible", c->name, i,
				      n->queues);
		for (unsigned j = 0; j < i; j++) {
			if (!memcmp(n->mac, c->nic[j].mac, 6))
				return hv_err(err, -EINVAL,
					      "%s: the interfaces %u and %u have the same MAC",
					      c->name, j, i);
			if (n->tap && c->nic[j].tap && !strcmp(n->tap, c->nic[j].tap))
				return hv_err(err, -EINVAL, "%s: two interfaces have the target %s",
					      c->name, n->tap);
		}
	}
	return 0;
}

static int check_channels(const struct hv_config *c, struct hv_error *err)
{
	if (c->nchannels > HV_CHANNELS_MAX)
		return hv_err(err, -EINVAL, "%s: more than %d channels", c->name, HV_CHANNELS_MAX);
	for (unsigned i = 0; i < c->nchannels; i++) {
		const struct hv_channel *ch = &c->channel[i];
		const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);

		if (!ch->name || !word(ch->name, CHANNEL_MAX))
			return hv_err(err, -EINVAL, "%s: channel %u has no good name", c->name, i);
		if (ch->socket &&
		    (*ch->socket != '/' || strlen(ch->socket) >= room || !printable(ch->socket)))
			return hv_err(
				err, -EINVAL,
				"%s: channel %s: its socket must be an absolute path below %zu bytes",
				c->name, ch->name, room);
		for (unsigned j = 0; j < i; j++)
			if (!strcmp(ch->name, c->channel[j].name))
				return hv_err(err, -EINVAL, "%s: two channels have the name %s",
					      c->name, ch->name);
	}
	return 0;
}

int hv_config_check(const struct hv_config *c, struct hv_error *err)
{
	static int (*const checks[])(const struct hv_config *, struct hv_error *) = {
		check_size,       check_cputune,    check_boot,         check_disks,
		check_nics,       check_channels,   hv_check_heartbeat, hv_check_watchdog,
		hv_check_fencing, hv_check_standby, hv_check_minimum,   hv_check_roles,
		hv_check_tune,
	};

	if (!c->name || !hv_name_ok(c->name))
		return hv_err(
			err, -EINVAL,
			"\"%s\" cannot name a domain: 1 to %d of A-Z a-z 0-9 . _ -, letter or digit first",
			c->name ? c->name : "", HV_NAME_MAX);
	if (!uuid_ok(c->uuid))
		return hv_err(err, -EINVAL, "%s: its uuid \"%.36s\" is not a lower-case UUID",
			      c->name, c->uuid);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int rc = checks[i](c, err);

		if (rc)
			return rc;
	}
	return 0;
}
