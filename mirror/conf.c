// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include "hv/command.h"
#include "hvcore/lib/beside.h"
#include "hvcore/lib/probe.h"
#include "mirror/conf.h"

int conf_drbdadm(const char *config, const char *name, const char *command, const char *log,
		 int64_t deadline, struct hv_error *err)
{
	char setup[4096], option[4096 + 16];
	/* taiki-mirrord recovers metadata itself: drbdmeta has nothing to do */
	const char *argv[8] = {"drbdadm", option, "--drbdmeta=/bin/true"};
	struct hv_command c = {
		.argv = argv, .timeout_ms = hv_left_ms(deadline), .keep_stderr = true};
	size_t n = 3;

	hv_beside(setup, sizeof(setup), "TAIKI_DRBDSETUP", "taiki-drbdsetup",
		  "/usr/libexec/taiki/taiki-drbdsetup");
	snprintf(option, sizeof(option), "--drbdsetup=%s", setup);
	if (config) {
		argv[n++] = "-c";
		argv[n++] = config;
	}
	argv[n++] = command;
	argv[n++] = name;
	argv[n] = NULL;
	/* there is no module whose version it could ask for */
	setenv("DRBD_DRIVER_VERSION_OVERRIDE", "8.4.11", 0);
	if (log)
		setenv("TAIKI_MIRROR_LOG", log, 1);
	return hv_command(&c, NULL, NULL, err);
}
