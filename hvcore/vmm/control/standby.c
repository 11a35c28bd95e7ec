// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP commands by which a standby becomes the domain (design 5.9).
 */
#include <errno.h>
#include <unistd.h>

#include "hvcore/vmm/machine.h"
#include "hvcore/vmm/virtio/devices.h"

#include "command.h"

/*
 * x-taiki-open-gate: the answer comes when the image has been read from and the guest told.  The descriptor is
 * used up also where it is refused.
 */
static int open_gate(struct session *s, const json_t *args, json_t **ret, struct hv_error *err)
{
	const char *device = json_string_value(json_object_get(args, "device"));
	int fd = fds_take(&s->fds, json_string_value(json_object_get(args, "fdname")), err), rc;

	if (fd < 0)
		return fd;
	rc = virtio_blk_open_gate(device, fd, session_later(s), err);
	if (!rc)
		return COMMAND_LATER;
	s->later = 0;
	close(fd);
	return rc;
}

static int adopt(const json_t *args, json_t **ret, struct hv_error *err)
{
	struct adoption a = {
		.name = json_string_value(json_object_get(args, "name")),
		.resource = json_string_value(json_object_get(args, "resource")),
		.incarnation = json_string_value(json_object_get(args, "incarnation")),
	};

	return machine_adopt(&a, err);
}

static int role(const json_t *args, json_t **ret, struct hv_error *err)
{
	return virtio_role_say(json_string_value(json_object_get(args, "text")),
			       json_is_true(json_object_get(args, "keep")), err);
}

static int query_role(const json_t *args, json_t **ret, struct hv_error *err)
{
	*ret = virtio_role_query();
	return *ret ? 0 : hv_err(err, -ENODEV, "the domain has no port " HV_CHANNEL_ROLE);
}

const struct command standby_commands[] = {
	{.name = "x-taiki-role",
	 .run = role,
	 .args = {{"text", ARG_STRING}, {"keep", ARG_BOOLEAN, true}}},
	{.name = "x-taiki-query-role", .run = query_role},
	{.name = "x-taiki-adopt",
	 .run = adopt,
	 .args = {{"name", ARG_STRING}, {"resource", ARG_STRING}, {"incarnation", ARG_STRING}}},
	{.name = "x-taiki-open-gate",
	 .run_in = open_gate,
	 .args = {{"device", ARG_STRING}, {"fdname", ARG_STRING}}},
	{.name = NULL},
};
