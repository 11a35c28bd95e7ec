// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration's life: defaults, and the end of what it owns.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/config.h"
#include "config_edit.h"

void hv_config_init(struct hv_config *c)
{
	memset(c, 0, sizeof(*c));
	c->vcpus = 1;
	c->vcpus_current = 1;
	/* Out of memory leaves NULL, which hv_config_check() reports. */
	c->cmdline = strdup("");
	c->acpi = true;
	c->on_poweroff = HV_ACTION_DESTROY;
	c->on_reboot = HV_ACTION_RESTART;
	c->on_crash = HV_ACTION_DESTROY;
	c->serial = true;
	c->console_is_serial = true;
	c->heartbeat = (struct hv_heartbeat){
		.timeout = 10000,
		.interval = 1000,
		.boot_grace = 120000,
		.min_uptime = 120000,
		.max_resets = 3,
		.reset_window = 3600,
		.io_window = 5000,
		.io_grace = 80000,
	};
}

void hv_disk_free(struct hv_disk *d)
{
	free(d->path);
	free(d->target);
	free(d->serial);
	free(d->lease_lockspace);
	free(d->lease_key);
	free(d->lease_path);
}

void hv_config_free(struct hv_config *c)
{
	free(c->name);
	free(c->kernel);
	free(c->initrd);
	free(c->cmdline);
	free(c->loader);
	free(c->fence_group);
	free(c->emulatorpin);
	/* Whole arrays: the counts may not be set yet where a parser gave up. */
	for (unsigned i = 0; i < HV_DISKS_MAX; i++)
		hv_disk_free(&c->disk[i]);
	for (unsigned i = 0; i < HV_VCPUS_MAX; i++)
		free(c->pin[i].cpuset);
	for (unsigned i = 0; i < HV_NICS_MAX; i++) {
		free(c->nic[i].bridge);
		free(c->nic[i].direct);
		free(c->nic[i].tap);
	}
	for (unsigned i = 0; i < HV_CHANNELS_MAX; i++) {
		free(c->channel[i].name);
		free(c->channel[i].socket);
	}
	for (unsigned i = 0; i < HV_ROLES_MAX; i++) {
		free(c->role[i].key);
		free(c->role[i].value);
	}
	memset(c, 0, sizeof(*c));
}
