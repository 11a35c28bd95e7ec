// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP commands that a device answers: disks, balloon, links, channels.  What
 * they return is made by the device; here is only what QMP adds to it.
 */
#include <errno.h>

#include "hvcore/vmm/virtio/devices.h"

#include "command.h"

static int no_memory_if(json_t *ret, struct hv_error *err)
{
	return ret ? 0 : hv_err(err, -ENOMEM, "out of memory");
}

static int query_block(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = virtio_blk_query();
	return no_memory_if(*ret, err);
}

static int query_blockstats(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = virtio_blk_stats();
	return no_memory_if(*ret, err);
}

static int block_resize(const json_t *args, json_t **ret, struct hv_error *err)
{
	const char *device = json_string_value(json_object_get(args, "device"));
	json_int_t size = json_integer_value(json_object_get(args, "size"));

	if (size < 0)
		return hv_err(err, -EINVAL, "Parameter 'size' expects a size in bytes");
	return virtio_blk_resize(device, (uint64_t)size, err);
}

static int balloon(const json_t *args, json_t **ret, struct hv_error *err)
{
	json_int_t value = json_integer_value(json_object_get(args, "value"));

	if (value <= 0)
		return hv_err(err, -EINVAL, "Parameter 'value' expects a size in bytes");
	return virtio_balloon_set((uint64_t)value, err);
}

static int query_balloon(const json_t *args, json_t **ret, struct hv_error *err)
{
	uint64_t bytes;

	if (!virtio_balloon_actual(&bytes))
		return hv_err(err, -ENODEV, "No balloon device has been activated");
	*ret = json_pack("{s:I}", "actual", (json_int_t)bytes);
	return no_memory_if(*ret, err);
}

static int balloon_stats(const json_t *args, json_t **ret, struct hv_error *err)
{
	uint64_t bytes;

	if (!virtio_balloon_actual(&bytes))
		return hv_err(err, -ENODEV, "No balloon device has been activated");
	*ret = virtio_balloon_stats();
	return no_memory_if(*ret, err);
}

static int balloon_stats_period(const json_t *args, json_t **ret, struct hv_error *err)
{
	json_int_t seconds = json_integer_value(json_object_get(args, "seconds"));

	if (seconds < 0 || seconds > 86400)
		return hv_err(err, -EINVAL, "Parameter 'seconds' expects a number from 0 to 86400");
	return virtio_balloon_stats_period((unsigned)seconds, err);
}

static int set_link(const json_t *args, json_t **ret, struct hv_error *err)
{
	return virtio_net_link(json_string_value(json_object_get(args, "name")),
			       json_is_true(json_object_get(args, "up")), err);
}

static int query_net(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = virtio_net_query();
	return no_memory_if(*ret, err);
}

static int query_channels(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = virtio_console_query();
	return no_memory_if(*ret, err);
}

const struct command device_commands[] = {
	{.name = "query-block", .run = query_block},
	{.name = "query-blockstats", .run = query_blockstats},
	{.name = "block_resize",
	 .run = block_resize,
	 .args = {{"device", ARG_STRING}, {"size", ARG_INTEGER}}},
	{.name = "balloon", .run = balloon, .args = {{"value", ARG_INTEGER}}},
	{.name = "query-balloon", .run = query_balloon},
	{.name = "set_link", .run = set_link, .args = {{"name", ARG_STRING}, {"up", ARG_BOOLEAN}}},
	{.name = "x-taiki-balloon-stats", .run = balloon_stats},
	{.name = "x-taiki-balloon-stats-period",
	 .run = balloon_stats_period,
	 .args = {{"seconds", ARG_INTEGER}}},
	{.name = "x-taiki-query-net", .run = query_net},
	{.name = "x-taiki-query-channels", .run = query_channels},
	{.name = NULL},
};
