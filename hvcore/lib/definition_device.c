// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other devices: those we have, those that only decorate, and those a
 * guest would miss.
 */
#include <string.h>

#include "reading.h"

static const char negotiated[] = "the guest negotiates it";
static const char describes[] = "it only describes";
static const char no_display[] = "there is no display: the console is a serial port";
static const char own_bus[] = "Taiki's board has its own buses";
static const char tuning[] = "tuning that Taiki does not do";

static enum hv_verdict_kind take_rng(struct reading *r, xmlNodePtr node, const char *value)
{
	if (r->c->rng)
		return hv_read_refuse(r, "one is there");
	r->c->rng = true;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_balloon(struct reading *r, xmlNodePtr node, const char *value)
{
	r->has_memballoon = true;
	r->c->balloon = !hv_read_attr_is(node, "model", "none");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_reporting(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->free_page_reporting = !strcmp(value, "on");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_autodeflate(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->balloon_autodeflate = !strcmp(value, "on");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_stats(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_uint(r, &r->c->balloon_stats_period, value);
}

static enum hv_verdict_kind take_panic(struct reading *r, xmlNodePtr node, const char *value)
{
	r->c->panic = true;
	return HV_UNDERSTOOD;
}

#define V "domain/devices/"

const struct rule hv_rules_device[] = {
	{.path = "domain/devices", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	PASS(V "emulator", "hv-domain runs the guest"),

	TAKE(V "rng", take_rng),
	ONE_OF(V "rng/@model", "virtio|virtio-non-transitional",
	       "virtio 1.x only: give model='virtio'"),
	PASS_TREE(V "rng/rate", tuning),
	ONE_OF(V "rng/backend", "/dev/urandom|/dev/random|", "the host's own source is used"),
	ONE_OF(V "rng/backend/@model", "random|builtin", "give model='random'"),
	PASS_TREE(V "rng/driver", negotiated),

	{.path = V "memballoon", .kind = HV_UNDERSTOOD, .take = take_balloon, .flags = RULE_ONCE},
	ONE_OF(V "memballoon/@model", "virtio|virtio-non-transitional|none",
	       "virtio 1.x only: give model='virtio' or 'none'"),
	{.path = V "memballoon/@autodeflate",
	 .kind = HV_UNDERSTOOD,
	 .values = "on|off",
	 .why = "give on or off",
	 .take = take_autodeflate},
	{.path = V "memballoon/@freePageReporting",
	 .kind = HV_UNDERSTOOD,
	 .values = "on|off",
	 .why = "give on or off",
	 .take = take_reporting},
	UNDERSTOOD(V "memballoon/stats"),
	TAKE(V "memballoon/stats/@period", take_stats),
	PASS_TREE(V "memballoon/driver", negotiated),

	{.path = V "panic", .kind = HV_UNDERSTOOD, .take = take_panic, .flags = RULE_ONCE},
	ONE_OF(V "panic/@model", "isa|pvpanic", "pvpanic is there: give model='isa' or 'pvpanic'"),

	PASS_TREE(V "controller", own_bus),
	PASS_TREE(V "hub", own_bus),
	PASS_TREE(V "graphics", no_display),
	PASS_TREE(V "video", no_display),
	PASS_TREE(V "input", no_display),
	PASS_TREE(V "sound", "there is no sound"),
	PASS_TREE(V "audio", "there is no sound"),
	PASS_TREE(V "redirdev", no_display),
	PASS_TREE(V "redirfilter", no_display),
	REFUSE(V "hostdev", "host devices cannot be given to guests yet"),
	REFUSE(V "filesystem", "host directories cannot be given to guests"),
	REFUSE(V "tpm", "a TPM is not there"),
	REFUSE(V "vsock", "vsock is not there yet"),
	REFUSE(V "parallel", "a parallel port is not there"),
	REFUSE(V "smartcard", "smart cards are not there"),
	REFUSE(V "memory", "memory cannot be plugged in yet"),
	REFUSE(V "iommu", "there is no IOMMU"),
	REFUSE(V "shmem", "guests share no memory"),
	REFUSE(V "crypto", "a crypto device is not there"),
	REFUSE(V "nvram", "it is not there"),

	PASS_TREE(V "*/alias", describes),
	PASS_TREE(V "*/address", "devices are placed by the board"),
	{0},
};
