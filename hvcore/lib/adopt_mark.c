// SPDX-License-Identifier: GPL-2.0-or-later
/* For who only asks. */
#include <errno.h>
#include <unistd.h>

#include "adopt.h"
#include "hv/rundir.h"

bool hv_adopting(const char *name)
{
	char path[4096];

	return !hv_run_path(path, sizeof(path), name, HV_ADOPT_MARK) &&
	       (!access(path, F_OK) || errno != ENOENT);
}
