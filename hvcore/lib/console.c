// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "hv/console.h"
#include "hv/rundir.h"
#include "probe.h"
#include "unix_connect.h"

int hv_console_open(const char *name, int timeout_ms, struct hv_error *err)
{
	char path[4096];
	int fd = hv_run_path(path, sizeof(path), name, "console.sock");

	if (!fd)
		fd = hv_unix_connect(path, hv_clock_ms() + timeout_ms);
	if (fd < 0)
		hv_err(err, fd, "domain %s: its console cannot be reached: %s", name,
		       strerror(-fd));
	return fd;
}
