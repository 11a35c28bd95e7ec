// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The standby becomes the domain (design 5.9).
 *
 * What makes it so has happened before, in the run directory, which the agent has
 * renamed: hv-domain holds nothing but open descriptors in there.  Here it learns its new
 * name, for everybody who asks it and for whoever reads its log.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/rundir.h"
#include "hv/standby.h"

#include "board.h"
#include "chardev.h"
#include "control/control.h"
#include "log.h"
#include "machine.h"
#include "progress.h"
#include "virtio/devices.h"

enum { UUID = 36, RESOURCE_MAX = 255 };

static struct hv_config *own; /* the same as board.config */

void machine_own(struct hv_config *c)
{
	own = c;
}

static bool uuid_ok(const char *s)
{
	for (unsigned i = 0; i < UUID; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (!s[i] || (dash ? s[i] != '-' : !strchr("0123456789abcdef", s[i])))
			return false;
	}
	return !s[UUID];
}

static bool resource_ok(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f)
			return false;
	return len <= RESOURCE_MAX;
}

static int check(const struct adoption *a, struct hv_error *err)
{
	if (hv_name_kind(a->name) != HV_KIND_DOMAIN)
		return hv_err(err, -EINVAL, "\"%.64s\" is no domain's name", a->name);
	if (!uuid_ok(a->incarnation))
		return hv_err(err, -EINVAL, "\"%.64s\" is no incarnation; give a UUID",
			      a->incarnation);
	if (!resource_ok(a->resource))
		return hv_err(
			err, -EINVAL,
			"a resource's name is printable, without blanks, and at most %d bytes",
			RESOURCE_MAX);
	return 0;
}

/* An agent that got no answer asks again. */
static bool is_it_already(const struct adoption *a)
{
	const struct control_identity *id = &control_identity;

	return !strcmp(own->name, a->name) && id->incarnation &&
	       !strcmp(id->incarnation, a->incarnation) &&
	       !strcmp(id->resource ? id->resource : "", a->resource);
}

/* Where the sockets are is said to clients, and in the end they are removed. */
static void move(const char *from, const char *to)
{
	char old[4096], now[4096];

	if (hv_run_path(old, sizeof(old), from, "") || hv_run_path(now, sizeof(now), to, ""))
		return;
	old[strlen(old) - 1] = now[strlen(now) - 1] = '\0'; /* the slash */
	chardev_moved_all(old, now);
	virtio_console_moved(old, now);
}

int machine_adopt(const struct adoption *a, struct hv_error *err)
{
	struct control_identity *id = &control_identity;
	char *name, *resource, *incarnation;
	int rc = check(a, err);

	if (rc)
		return rc;
	if (is_it_already(a))
		return 0;
	if (!own->standby.waiting)
		return hv_err(err, -EALREADY, "%s waits for no adoption", own->name);
	name = strdup(a->name);
	resource = *a->resource ? strdup(a->resource) : NULL;
	incarnation = strdup(a->incarnation);
	if (!name || !incarnation || (*a->resource && !resource)) {
		free(name);
		free(resource);
		free(incarnation);
		return hv_err(err, -ENOMEM, "%s: no memory for another name", own->name);
	}
	log_line(LOG_NOTICE, "adopted: becomes %s, incarnation %s, resource %s", name, incarnation,
		 resource ? resource : "none");
	progress_adopt(incarnation);
	move(own->name, name);
	log_rename(name);
	event_emit("X_TAIKI_ADOPTED",
		   json_pack("{s:s, s:s, s:s?, s:s}", "name", name, "was", own->name, "resource",
			     resource, "incarnation", incarnation));
	free(own->name);
	own->name = name;
	own->standby.waiting = false;
	free(id->incarnation);
	free(id->resource);
	id->incarnation = incarnation;
	id->resource = resource;
	return 0;
}
