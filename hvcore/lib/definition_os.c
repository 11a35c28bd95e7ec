// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * <os>: what is booted, and what only firmware could boot.
 */
#include <string.h>

#include "reading.h"

static const char firmware[] = "firmware boot is not there yet: give <kernel>";
static const char direct[] = "the kernel is booted directly";

static bool direct_boot(xmlNodePtr below_os)
{
	return hv_read_child(below_os->parent, "kernel") ||
	       hv_read_child(below_os->parent, "loader");
}

/* <boot dev>, <bootmenu>, <bios>: without effect beside a kernel, impossible without. */
static enum hv_verdict_kind take_boot(struct reading *r, xmlNodePtr node, const char *value)
{
	r->skip = true;
	if (direct_boot(node))
		return hv_read_pass(r, direct);
	r->boot_refused = true;
	return hv_read_refuse(r, "%s", firmware);
}

static enum hv_verdict_kind take_firmware(struct reading *r, xmlNodePtr node, const char *value)
{
	r->boot_refused = true;
	return hv_read_refuse(r, "%s", firmware);
}

static enum hv_verdict_kind take_kernel(struct reading *r, xmlNodePtr node, const char *value)
{
	r->boot_refused = true; /* if it is, that has been said here */
	return hv_read_string(r, &r->c->kernel, value);
}

static enum hv_verdict_kind take_initrd(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->c->initrd, value);
}

static enum hv_verdict_kind take_cmdline(struct reading *r, xmlNodePtr node, const char *value)
{
	return *value ? hv_read_string(r, &r->c->cmdline, value) : HV_UNDERSTOOD;
}

/* A ROM for tests; the loaders of real guests are firmware on flash. */
static enum hv_verdict_kind take_loader(struct reading *r, xmlNodePtr node, const char *value)
{
	if (hv_read_attr_is(node, "type", "pflash") || hv_read_attr_is(node, "secure", "yes") ||
	    !*value)
		return take_firmware(r, node, value);
	if (hv_read_child(node->parent, "kernel"))
		return hv_read_refuse(r, "a kernel and a loader contradict each other");
	return hv_read_string(r, &r->c->loader, value);
}

const struct rule hv_rules_os[] = {
	{.path = "domain/os", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE("domain/os/@firmware", take_firmware),
	{.path = "domain/os/type",
	 .kind = HV_UNDERSTOOD,
	 .values = "hvm",
	 .why = "only hvm guests can be run",
	 .flags = RULE_ONCE},
	ONE_OF("domain/os/type/@arch", "x86_64", "only x86_64 guests can be run"),
	PASS("domain/os/type/@machine", "Taiki has one board"),
	TAKE_ONCE("domain/os/kernel", take_kernel),
	TAKE_ONCE("domain/os/initrd", take_initrd),
	TAKE_ONCE("domain/os/cmdline", take_cmdline),
	TAKE_ONCE("domain/os/loader", take_loader),
	ONE_OF("domain/os/loader/@type", "rom", "only a ROM for tests can be loaded"),
	PASS("domain/os/loader/@readonly", "a ROM is read-only"),
	PASS_IF("domain/os/loader/@secure", "no", "there is no secure boot"),
	PASS_IF("domain/os/loader/@stateless", "yes", "there is no flash for a state"),
	PASS_IF("domain/os/loader/@format", "raw", "only raw files are there"),
	TAKE("domain/os/nvram", take_firmware),
	TAKE("domain/os/firmware", take_firmware),
	TAKE("domain/os/boot", take_boot),
	TAKE("domain/os/bootmenu", take_boot),
	TAKE("domain/os/bios", take_boot),
	PASS("domain/os/smbios", "it only describes"),
	PASS_IF("domain/os/smbios/@mode", "emulate",
		"there are no SMBIOS tables for the guest to read"),
	REFUSE("domain/os/acpi", "no tables can be added"),
	REFUSE("domain/os/dtb", "x86 guests have no device tree"),
	{0},
};
