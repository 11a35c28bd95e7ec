// SPDX-License-Identifier: GPL-2.0-or-later
/* take_guard PID LOCKSPACE KEY PATH OFFSET: as the agent does at adoption; exits 0, or says why not. */
#include <stdio.h>
#include <stdlib.h>

#include "hv/guard.h"

int main(int argc, char **argv)
{
	struct hv_disk disk = {.target = (char *)"vdb", .guard = HV_GUARD_LEASE};
	struct hv_error err = {""};

	if (argc != 6)
		return 2;
	disk.lease_lockspace = argv[2];
	disk.lease_key = argv[3];
	disk.lease_path = argv[4];
	disk.lease_offset = strtoull(argv[5], NULL, 10);
	if (!hv_guard_take(&disk, "web", false, atoi(argv[1]), 0, &err))
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}
