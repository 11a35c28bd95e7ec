// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP commands by which a standby becomes the domain (design 5.9).
 */
#include <errno.h>
#include <unistd.h>

#include "hvcore/lib/served.h"
#include "hvcore/vmm/machine.h"
#include "hvcore/vmm/virtio/devices.h"

#include "command.h"

static uint32_t word(const json_t *args, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(args, name));

	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static uint64_t number(const json_t *args, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(args, name));

	return n > 0 ? (uint64_t)n : 0;
}

/* served_of() - What the server behind the descriptor has said, if there is one. */
static struct served served_of(const json_t *args)
{
	struct served s = {.how = SERVED_NOT};

	if (json_object_get(args, "nbd-size"))
		s = (struct served){.how = SERVED_NBD,
				    .nbd = {.size = number(args, "nbd-size"),
					    .flags = (uint16_t)word(args, "nbd-flags"),
					    .min = word(args, "nbd-min"),
					    .max = word(args, "nbd-max")}};
	if (json_object_get(args, "vhost-size"))
		s = (struct served){.how = SERVED_VHOST,
				    .vhost = {.size = number(args, "vhost-size"),
					      .features = number(args, "vhost-features"),
					      .protocol = word(args, "vhost-protocol"),
					      .block = word(args, "vhost-block"),
					      .segments = word(args, "vhost-segments"),
					      .discard = word(args, "vhost-discard"),
					      .zeroes = word(args, "vhost-zeroes")}};
	return s;
}

/*
 * x-taiki-open-gate: the answer comes when the image has been read from and the guest told.  The descriptor is
 * used up also where it is refused.
 */
static int open_gate(struct session *s, const json_t *args, json_t **ret, struct hv_error *err)
{
	const char *device = json_string_value(json_object_get(args, "device"));
	int fd = fds_take(&s->fds, json_string_value(json_object_get(args, "fdname")), err), rc;
	const struct served served = served_of(args);

	if (fd < 0)
		return fd;
	rc = virtio_blk_open_gate(device, fd, &served, session_later(s), err);
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
	 .args = {{"device", ARG_STRING},
		  {"fdname", ARG_STRING},
		  {"nbd-size", ARG_INTEGER, true},
		  {"nbd-flags", ARG_INTEGER, true},
		  {"nbd-min", ARG_INTEGER, true},
		  {"nbd-max", ARG_INTEGER, true},
		  {"vhost-size", ARG_INTEGER, true},
		  {"vhost-features", ARG_INTEGER, true},
		  {"vhost-protocol", ARG_INTEGER, true},
		  {"vhost-block", ARG_INTEGER, true},
		  {"vhost-segments", ARG_INTEGER, true},
		  {"vhost-discard", ARG_INTEGER, true},
		  {"vhost-zeroes", ARG_INTEGER, true}}},
	{.name = NULL},
};
