/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The balloon, which may take any page, its own rings included. */
#include <stdlib.h>

#include "hvcore/vmm/virtio/devices.h"
#include "tests/fuzz/virtio_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hv_config c = {.memory = RIG_RAM,
				     .current_memory = RIG_RAM / 2,
				     .balloon_stats_period = 1,
				     .free_page_reporting = true};

	if (!rig.device) {
		rig_init();
		if (virtio_balloon_create(&c, NULL))
			abort();
	}
	program_run(rig.device, data, size);
	json_decref(virtio_balloon_stats());
	rig_timers(1000000000);
	return 0;
}
