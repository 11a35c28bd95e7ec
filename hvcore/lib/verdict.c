// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "hv/rundir.h"

bool hv_verdict_failed(const char *name)
{
	static const char failed[] = "failed ";
	char *verdict = hv_run_read(name, "verdict"),
	     *incarnation = hv_run_read(name, "incarnation");
	bool is = verdict && incarnation && *incarnation &&
		  !strncmp(verdict, failed, sizeof(failed) - 1) && strstr(verdict, incarnation);

	free(verdict);
	free(incarnation);
	return is;
}
