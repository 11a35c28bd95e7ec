// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * <disk>: raw files, block devices, and what NBD and vhost-user servers have, on virtio.
 */
#include <string.h>

#include "reading.h"

static const char direct[] = "images are opened with O_DIRECT, and flushed when the guest asks";
static const char tuning[] = "tuning that Taiki does not do";
static const char negotiated[] = "the guest negotiates it";
static const char describes[] = "it only describes";

/* A drive without a medium is nothing; one with a medium would be missed. */
static enum hv_verdict_kind take_removable(struct reading *r, xmlNodePtr node, const char *device)
{
	r->skip = true;
	if (hv_read_child(node, "source"))
		return hv_read_refuse(r,
				      "a %s drive is not there yet: give its medium as a read-only "
				      "virtio disk",
				      device);
	return hv_read_pass(r, "an empty drive");
}

static enum hv_verdict_kind take_disk(struct reading *r, xmlNodePtr node, const char *value)
{
	r->disk = NULL;
	if (hv_read_attr_is(node, "device", "cdrom"))
		return take_removable(r, node, "cdrom");
	if (hv_read_attr_is(node, "device", "floppy"))
		return take_removable(r, node, "floppy");
	if (r->c->ndisks == HV_DISKS_MAX)
		return hv_read_refuse(r, "more than %d disks", HV_DISKS_MAX);
	r->disk = &r->c->disk[r->c->ndisks++];
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_path(struct reading *r, const char *value)
{
	bool named;
	enum hv_verdict_kind kind = hv_read_node_string(r, &r->disk->path, value, &named);

	r->disk_node |= (unsigned)named << (r->c->ndisks - 1);
	return kind;
}

/* libvirt's default is file. */
static bool is_of_type(xmlNodePtr disk, const char *type)
{
	char *given = hv_read_attr(disk, "type");
	bool is = given ? !strcmp(given, type) : !strcmp(type, "file");

	xmlFree(given);
	return is;
}

static enum hv_verdict_kind take_file(struct reading *r, xmlNodePtr node, const char *value)
{
	if (is_of_type(node->parent, "block"))
		return hv_read_refuse(r, "the disk's type is block: give dev=, or type='file'");
	if (is_of_type(node->parent, "network"))
		return hv_read_refuse(r,
				      "the disk's type is network: give protocol=, or type='file'");
	if (is_of_type(node->parent, "vhostuser"))
		return hv_read_refuse(
			r, "the disk's type is vhostuser: give type='unix' path=, or type='file'");
	return take_path(r, value);
}

static enum hv_verdict_kind take_dev(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!hv_read_attr_is(node->parent, "type", "block"))
		return hv_read_refuse(r, "the disk's type is file: give file=, or type='block'");
	return take_path(r, value);
}

static enum hv_verdict_kind take_protocol(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!is_of_type(node->parent, "network"))
		return hv_read_refuse(r, "the disk's type is not network: give type='network'");
	if (strcmp(value, "nbd"))
		return hv_read_refuse(r, "only nbd is there");
	r->disk->nbd = true;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_socket(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!hv_read_attr_is(node, "transport", "unix"))
		return hv_read_refuse(r, "only Unix sockets are there: give transport='unix'");
	return take_path(r, value);
}

static enum hv_verdict_kind take_server(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!is_of_type(node->parent, "vhostuser"))
		return hv_read_refuse(r, "the disk's type is not vhostuser: give type='vhostuser'");
	r->disk->vhost = true;
	return take_path(r, value);
}

static enum hv_verdict_kind take_enabled(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!strcmp(value, "yes") && !r->disk->reconnect)
		r->disk->reconnect = 1;
	return HV_UNDERSTOOD;
}

/* It is the time between attempts. */
static enum hv_verdict_kind take_timeout(struct reading *r, xmlNodePtr node, const char *value)
{
	enum hv_verdict_kind kind = HV_UNDERSTOOD;

	if (!hv_read_attr_is(node, "enabled", "yes"))
		return hv_read_pass(r, "nothing is reconnected");
	kind = hv_read_u64(r, &r->disk->reconnect, value);
	if (kind == HV_UNDERSTOOD && !r->disk->reconnect)
		return hv_read_refuse(r, "give a second at least");
	return kind;
}

static enum hv_verdict_kind take_target(struct reading *r, xmlNodePtr node, const char *value)
{
	char *bus = hv_read_attr(node, "bus");
	bool given = bus;

	xmlFree(bus);
	/* libvirt's rule where no bus is named: the target's first letters tell it. */
	if (!given && strncmp(value, "vd", 2))
		return hv_read_refuse(
			r, "\"%.20s\" names another bus than virtio: give bus='virtio'", value);
	return hv_read_string(r, &r->disk->target, value);
}

static enum hv_verdict_kind take_readonly(struct reading *r, xmlNodePtr node, const char *value)
{
	r->disk->readonly = true;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_serial(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->disk->serial, value);
}

static enum hv_verdict_kind take_discard(struct reading *r, xmlNodePtr node, const char *value)
{
	r->disk->discard = !strcmp(value, "unmap");
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_block_size(struct reading *r, xmlNodePtr node, const char *value)
{
	r->disk->block_size = !strcmp(value, "4096") ? 4096 : 512;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_backing(struct reading *r, xmlNodePtr node, const char *value)
{
	if (xmlFirstElementChild(node))
		return hv_read_refuse(r, "a raw image has no backing store");
	r->skip = true;
	return HV_PASSED_OVER;
}

static enum hv_verdict_kind disk_done(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!r->disk)
		return HV_UNDERSTOOD;
	if (!r->disk->path)
		return hv_read_refuse(
			r, "it has no <source file=>, <source dev=>, <source type='unix' "
			   "path=>, or <source protocol='nbd'> with a <host "
			   "transport='unix' socket=>");
	if (is_of_type(node, "network") && !r->disk->nbd)
		return hv_read_refuse(r, "its type is network, and its <source> has no protocol");
	if (is_of_type(node, "vhostuser") && !r->disk->vhost)
		return hv_read_refuse(r, "its type is vhostuser, and its <source> has no path");
	if (!r->disk->target)
		return hv_read_refuse(r, "it has no <target dev=>");
	return HV_UNDERSTOOD;
}

#define D "domain/devices/disk"

const struct rule hv_rules_disk[] = {
	{.path = D, .kind = HV_UNDERSTOOD, .take = take_disk, .done = disk_done},
	ONE_OF(D "/@type", "file|block|network|vhostuser",
	       "only file, block, network and vhostuser disks are there yet"),
	ONE_OF(D "/@device", "disk", "only disks are there yet"),
	PASS(D "/@snapshot", describes),
	ONE_OF(D "/@model", "virtio|virtio-non-transitional",
	       "virtio 1.x only: give model='virtio'"),
	{.path = D "/driver", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	PASS_IF(D "/driver/@name", "qemu", "only the driver qemu, which stands for Taiki's own"),
	ONE_OF(D "/driver/@type", "raw", "only raw images are there: qemu-img convert -O raw"),
	PASS(D "/driver/@cache", direct),
	PASS(D "/driver/@io", tuning),
	{.path = D "/driver/@discard",
	 .kind = HV_UNDERSTOOD,
	 .values = "unmap|ignore",
	 .why = "give unmap or ignore",
	 .take = take_discard},
	PASS(D "/driver/@discard_no_unref", tuning),
	PASS(D "/driver/@detect_zeroes", tuning),
	PASS_IF(D "/driver/@copy_on_read", "off", "a raw image has no backing store"),
	PASS(D "/driver/@iothread", tuning),
	PASS(D "/driver/@queues", tuning),
	PASS(D "/driver/@queue_size", tuning),
	PASS(D "/driver/@ioeventfd", tuning),
	PASS(D "/driver/@event_idx", negotiated),
	PASS(D "/driver/@packed", negotiated),
	PASS_IF(D "/driver/@iommu", "off", "there is no IOMMU"),
	PASS_IF(D "/driver/@ats", "off", "there is no IOMMU"),
	PASS_TREE(D "/driver/metadata_cache", "a raw image has no metadata"),
	PASS_TREE(D "/driver/iothreads", tuning),
	{.path = D "/source", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE(D "/source/@file", take_file),
	TAKE(D "/source/@dev", take_dev),
	TAKE(D "/source/@protocol", take_protocol),
	ONE_OF(D "/source/@type", "unix", "only Unix sockets are there"),
	TAKE(D "/source/@path", take_server),
	{.path = D "/source/reconnect", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	{.path = D "/source/reconnect/@enabled",
	 .kind = HV_UNDERSTOOD,
	 .values = "yes|no",
	 .why = "give yes or no",
	 .take = take_enabled},
	TAKE(D "/source/reconnect/@timeout", take_timeout),
	PASS_IF(D "/source/@name", "", "an export has no name here"),
	PASS_IF(D "/source/@tls", "no", "a Unix socket needs no TLS"),
	{.path = D "/source/host", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	ONE_OF(D "/source/host/@transport", "unix", "only Unix sockets are there"),
	TAKE(D "/source/host/@socket", take_socket),
	PASS(D "/source/@index", describes),
	PASS_IF(D "/source/@startupPolicy", "mandatory",
		"a disk that is missing cannot be started with"),
	PASS_TREE(D "/source/seclabel", "hv-domain has its own confinement"),
	REFUSE(D "/source/reservations", "the guard scsi-pr is not there yet"),
	REFUSE(D "/source/encryption", "encrypted images are not there"),
	REFUSE(D "/source/slices", "an image is served whole"),
	{.path = D "/target", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	TAKE(D "/target/@dev", take_target),
	ONE_OF(D "/target/@bus", "virtio", "only virtio is there: give bus='virtio'"),
	PASS(D "/target/@tray", describes),
	PASS(D "/target/@removable", describes),
	PASS(D "/target/@rotation_rate", describes),
	TAKE_ONCE(D "/readonly", take_readonly),
	TAKE_ONCE(D "/serial", take_serial),
	TAKE(D "/backingStore", take_backing),
	PASS_TREE(D "/boot", "the kernel is booted directly"),
	REFUSE(D "/shareable", "a disk has one writer"),
	REFUSE(D "/transient", "what the guest writes is kept"),
	REFUSE(D "/encryption", "encrypted images are not there"),
	REFUSE(D "/mirror", "it belongs to a running copy of libvirt's"),
	REFUSE(D "/wwn", "virtio disks have a <serial>, and no World Wide Name"),
	REFUSE(D "/vendor", "virtio disks have a <serial>, and no vendor"),
	REFUSE(D "/product", "virtio disks have a <serial>, and no product"),
	REFUSE(D "/throttlefilters", "a disk has its own limits: give <iotune>"),
	REFUSE(D "/geometry", "it cannot be chosen"),
	{.path = D "/blockio", .kind = HV_UNDERSTOOD, .flags = RULE_ONCE},
	{.path = D "/blockio/@logical_block_size",
	 .kind = HV_UNDERSTOOD,
	 .values = "512|4096",
	 .why = "sectors are of 512 or of 4096 bytes",
	 .take = take_block_size},
	PASS_IF(D "/blockio/@physical_block_size", "512|4096", "it cannot be chosen"),
	{0},
};
