// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * <interface>: a tap on a bridge, or an interface of the host that is the guest's alone.
 */
#include <stdio.h>
#include <string.h>

#include "mac.h"
#include "reading.h"

static const char tuning[] = "tuning that Taiki does not do";
static const char negotiated[] = "the guest negotiates it";
static const char bridges[] =
	"give type='bridge' with <source bridge='NAME'/>, or type='direct' with "
	"<source dev='NAME' mode='passthrough'/>";
static const char passthrough[] =
	"an interface is one guest's: give mode='passthrough', or a bridge";

static enum hv_verdict_kind take_interface(struct reading *r, xmlNodePtr node, const char *value)
{
	r->nic = NULL;
	if (r->c->nnics == HV_NICS_MAX)
		return hv_read_refuse(r, "more than %d interfaces", HV_NICS_MAX);
	r->nic = &r->c->nic[r->c->nnics++];
	r->nic->queues = 1;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_bridge(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->nic->bridge, value);
}

static enum hv_verdict_kind take_direct(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->nic->direct, value);
}

static enum hv_verdict_kind take_mac(struct reading *r, xmlNodePtr node, const char *value)
{
	uint8_t *m = r->nic->mac;

	if (mac_parse(value, m))
		return hv_read_refuse(r, "\"%.30s\" is not a MAC address", value);
	if (m[0] & 1)
		return hv_read_refuse(r, "%s is a multicast address", value);
	r->mac_given |= 1u << (r->c->nnics - 1);
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_target(struct reading *r, xmlNodePtr node, const char *value)
{
	/* libvirt writes these prefixes into running domains' files only, for names it made. */
	if (!strncmp(value, "vnet", 4) || !strncmp(value, "vif", 3))
		return hv_read_pass(r, "a name that libvirt made");
	return hv_read_string(r, &r->nic->tap, value);
}

static enum hv_verdict_kind take_link(struct reading *r, xmlNodePtr node, const char *value)
{
	r->nic->link_down = !strcmp(value, "down");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind interface_done(struct reading *r, xmlNodePtr node, const char *value)
{
	xmlChar *type = xmlGetProp(node, (const xmlChar *)"type");
	bool direct = type && !strcmp((const char *)type, "direct");
	bool fits = direct ? r->nic->direct && !r->nic->bridge : r->nic->bridge && !r->nic->direct;

	xmlFree(type);
	return fits ? HV_UNDERSTOOD : hv_read_refuse(r, "%s", bridges);
}

#define I "domain/devices/interface"

const struct rule hv_rules_interface[] = {
	{.path = I, .kind = HV_UNDERSTOOD, .take = take_interface, .done = interface_done},
	ONE_OF(I "/@type", "bridge|direct", bridges),
	PASS_IF(I "/@trustGuestRxFilters", "no", "a bridge does not follow a guest's filters"),
	{.path = I "/source", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE(I "/source/@bridge", take_bridge),
	TAKE(I "/source/@dev", take_direct),
	ONE_OF(I "/source/@mode", "passthrough", passthrough),
	REFUSE(I "/source/@network", "libvirt's networks are not known here: give type='bridge'"),
	{.path = I "/mac", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE(I "/mac/@address", take_mac),
	PASS(I "/mac/@type", "it only describes"),
	{.path = I "/model", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	ONE_OF(I "/model/@type", "virtio|virtio-non-transitional",
	       "only virtio 1.x is there: give type='virtio'"),
	{.path = I "/target", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE(I "/target/@dev", take_target),
	{.path = I "/link", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	{.path = I "/link/@state",
	 .kind = HV_UNDERSTOOD,
	 .values = "up|down",
	 .why = "give up or down",
	 .take = take_link},
	PASS(I "/mtu", "it only describes"),
	PASS_IF(I "/mtu/@size", "1500", "guests have 1500 bytes"),
	PASS(I "/driver", "it only describes"),
	PASS(I "/driver/@name", tuning),
	PASS(I "/driver/@queues", "one queue"),
	PASS_IF(I "/driver/@iommu", "off", "there is no IOMMU"),
	PASS_IF(I "/driver/@ats", "off", "there is no IOMMU"),
	PASS(I "/driver/@*", tuning),
	PASS_TREE(I "/driver/host", negotiated),
	PASS_TREE(I "/driver/guest", negotiated),
	PASS_TREE(I "/tune", tuning),
	PASS_TREE(I "/coalesce", tuning),
	PASS_TREE(I "/rom", "there is no firmware to run it"),
	PASS_TREE(I "/boot", "the kernel is booted directly"),
	PASS_TREE(I "/backend", tuning),
	REFUSE(I "/vlan", "tag the bridge's port or give a bridge per VLAN"),
	REFUSE(I "/filterref", "libvirt's packet filters are not applied here"),
	REFUSE(I "/virtualport", "only the kernel's bridges are there"),
	REFUSE(I "/acpi", "interfaces have no ACPI index"),
	{.path = I "/port", .kind = HV_PASSED_OVER},
	PASS_IF(I "/port/@isolated", "no", "ports cannot be isolated"),
	{0},
};
