/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entropy device. */
#include <stdlib.h>

#include "hvcore/vmm/virtio/devices.h"
#include "tests/fuzz/virtio_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!rig.device) {
		rig_init();
		if (virtio_rng_create(NULL))
			abort();
	}
	program_run(rig.device, data, size);
	return 0;
}
