// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP commands that bound a running domain: rate limits, and its memory as it
 * is asked for and reached.
 */
#include <errno.h>

#include "hv/limits_json.h"
#include "hvcore/vmm/virtio/devices.h"

#include "command.h"

/* As QEMU has it: all limits at once, 0 is none.  The disk is "device", or "id". */
static int block_set_io_throttle(const json_t *args, json_t **ret, struct hv_error *err)
{
	const char *device = json_string_value(json_object_get(args, "device"));
	struct hv_limits l;
	int rc = hv_limits_from_json(&l, HV_WORDS_DISK, args, err);

	if (!device)
		device = json_string_value(json_object_get(args, "id"));
	if (!device)
		return hv_err(err, -EINVAL, "Need exactly one of 'device' and 'id'");
	return rc ? rc : virtio_blk_throttle(device, &l, err);
}

static int net_throttle(const json_t *args, json_t **ret, struct hv_error *err)
{
	struct hv_limits l;
	int rc = hv_limits_from_json(&l, HV_WORDS_NIC, args, err);

	return rc ? rc
		  : virtio_net_throttle(json_string_value(json_object_get(args, "name")), &l, err);
}

static int query_memory(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = virtio_balloon_query();
	return *ret ? 0 : hv_err(err, -ENOMEM, "out of memory");
}

#define INT(n)                 \
	{                      \
		n, ARG_INTEGER \
	}
#define MAYBE(n)                     \
	{                            \
		n, ARG_INTEGER, true \
	}
#define BURST_OF_DISK(n) MAYBE(n "_max"), MAYBE(n "_max_length")
#define OF_NIC(n)        MAYBE(n), MAYBE(n "-max"), MAYBE(n "-burst")

const struct command limit_commands[] = {
	{.name = "block_set_io_throttle",
	 .run = block_set_io_throttle,
	 .args = {{"device", ARG_STRING, true},
		  {"id", ARG_STRING, true},
		  INT("bps"),
		  INT("bps_rd"),
		  INT("bps_wr"),
		  INT("iops"),
		  INT("iops_rd"),
		  INT("iops_wr"),
		  BURST_OF_DISK("bps"),
		  BURST_OF_DISK("bps_rd"),
		  BURST_OF_DISK("bps_wr"),
		  BURST_OF_DISK("iops"),
		  BURST_OF_DISK("iops_rd"),
		  BURST_OF_DISK("iops_wr"),
		  MAYBE("iops_size")}},
	{.name = "x-taiki-net-throttle",
	 .run = net_throttle,
	 .args = {{"name", ARG_STRING},
		  OF_NIC("rx-bps"),
		  OF_NIC("tx-bps"),
		  OF_NIC("rx-pps"),
		  OF_NIC("tx-pps")}},
	{.name = "x-taiki-query-memory", .run = query_memory},
	{.name = NULL},
};
